import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { COMMANDS } from '../../../src/protocols/container-update/index.js';
import { OperationDriver, REMOVALS, type Said } from './operation-driver.js';

type Step =
  | { readonly do: 'want'; readonly images: readonly string[]; readonly isNamed: boolean }
  | {
      readonly do: 'command';
      readonly command: (typeof COMMANDS)[number];
      readonly baseline: string;
      readonly isOld: boolean;
    }
  | { readonly do: 'well'; readonly phases: number; readonly baseline: string }
  | { readonly do: 'fate'; readonly fate: 'fails' | 'is cut off' }
  | { readonly do: 'again' | 'settle' | 'invalid' | 'by itself' | 'by others' };

const images = fc
  .record({
    a: fc.constantFrom('', '1', '2', '3', '1:100M', '1:200M'),
    b: fc.constantFrom('', '1', '2', '2:100M'),
    c: fc.constantFrom('', '1', '2'),
  })
  .map((versions) =>
    Object.entries(versions).flatMap(([name, version]) => (version === '' ? [] : `${name}:${version}`)),
  );

const baseline = fc.constantFrom('', '*', 'nav', 'containers:a', 'containers:b', 'containers:c', REMOVALS, 'unknown');

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('want' as const), images, isNamed: fc.boolean() }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('command' as const),
        command: fc.constantFrom(...COMMANDS),
        baseline,
        isOld: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('well' as const),
        phases: fc.integer({ min: 1, max: 4 }),
        baseline: fc.constantFrom('', 'nav', 'containers:c', REMOVALS),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('fate' as const),
        fate: fc.constantFrom('fails' as const, 'is cut off' as const),
      }),
    },
    { weight: 4, arbitrary: fc.constant<Step>({ do: 'settle' }) },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'again' }, { do: 'invalid' }) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'by itself' }, { do: 'by others' }) },
  ),
  { maxLength: 30 },
);

const ENDS = ['COMPLETED', 'INCOMPLETE', 'SUPERSEDED', 'IDENTIFICATION_FAILED'];

class Session {
  readonly driver: OperationDriver;
  activities = 0;
  private timestamp = 0;
  private last: (() => void) | undefined;

  constructor(present: readonly string[]) {
    this.driver = new OperationDriver(present);
  }

  take(step: Step): void {
    const { driver } = this;
    switch (step.do) {
      case 'want':
        this.want(step.images, step.isNamed ? 'nav' : undefined);
        break;
      case 'command':
        this.command(step.command, step.baseline, step.isOld ? this.activities - 1 : this.activities);
        break;
      case 'well':
        for (const command of (['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'] as const).slice(0, step.phases)) {
          this.command(command, step.baseline);
        }
        break;
      case 'fate':
        driver.fate.push(step.fate);
        break;
      case 'again':
        this.last?.();
        break;
      case 'settle':
        driver.settle();
        break;
      case 'invalid':
        driver.send({ type: 'DESIRED_STATE.INVALID', activityId: 'broken', reason: 'why' } as never);
        break;
      default:
        driver.send({
          type: 'CONFIGURE',
          settings: { domain: 'containers', autoCommands: step.do === 'by itself' },
        } as never);
    }
  }

  want(wanted: readonly string[], title?: string): void {
    const activityId = `a${++this.activities}`;
    this.last = () => this.driver.want(wanted, activityId, title);
    this.last();
  }

  command(command: (typeof COMMANDS)[number], addressed: string, activity = this.activities): void {
    const timestamp = ++this.timestamp;
    this.last = () => this.driver.command(command, addressed, `a${activity}`, timestamp);
    this.last();
  }
}

const BEFORE: Readonly<Record<string, readonly string[]>> = {
  DOWNLOADING: ['IDENTIFIED'],
  UPDATING: ['DOWNLOAD_SUCCESS'],
  ACTIVATING: ['UPDATE_SUCCESS'],
  ROLLBACK: [
    ...['DOWNLOAD_SUCCESS', 'DOWNLOAD_FAILURE', 'UPDATE_SUCCESS', 'UPDATE_FAILURE', 'ACTIVATION_SUCCESS'],
    'ACTIVATION_FAILURE',
  ],
};

const isRefusal = ({ message }: Said): boolean => /^Unknown baseline|is possible only after/.test(message);

/** No phase of a group begins before the one that it needs, and nothing follows the end of an activity. */
function checkOrder(said: readonly Said[]): void {
  const groups = new Map<string, string>();
  const ended = new Set<string>();
  for (const feedback of said) {
    const { activityId, status, baseline } = feedback;
    if (activityId === 'broken') continue;
    // The same message once more, after its end, begins anew.
    if (status === 'IDENTIFYING') {
      ended.delete(activityId);
      for (const group of groups.keys()) if (group.startsWith(`${activityId} `)) groups.delete(group);
    }
    assert.ok(!ended.has(activityId), `${status} of ${activityId} after its end`);
    if (ENDS.includes(status)) ended.add(activityId);
    if (isRefusal(feedback)) continue;
    const group = `${activityId} ${baseline === '*' ? '' : baseline}`;
    const before = groups.get(group) ?? 'IDENTIFIED';
    const needed = BEFORE[status];
    if (needed) assert.ok(before === status || needed.includes(before), `${status} of ${group} after ${before}`);
    groups.set(group, status);
  }
}

describe('an operation under any sequence of commands, desired states, failures and crashes', () => {
  it('CUA-23 CUA-30 CUA-33 is never stuck, keeps the order, and ends once', () => {
    fc.assert(
      fc.property(fc.constantFrom([], ['a:1'], ['a:1', 'b:1', 'old:1']), steps, (present, sequence) => {
        const session = new Session(present);
        const { driver } = session;
        for (const step of sequence) session.take(step);
        driver.settle();
        checkOrder(driver.said);
        const ids = new Set(driver.said.map(({ activityId }) => activityId));
        for (let activity = 1; activity <= session.activities; activity++) {
          assert.ok(ids.has(`a${activity}`), `every desired state is answered: a${activity}`);
        }

        // Whatever is open, the next desired state is put into effect.
        session.take({ do: 'by others' });
        driver.fate.length = 0;
        session.want(['a:9', 'b:9']);
        for (const command of ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'] as const) session.command(command, '');
        driver.settle();
        assert.equal(driver.state, 'idle');
        assert.equal(driver.said.at(-1)?.status, 'COMPLETED');
        assert.deepEqual([driver.context.operation, driver.context.wanted], [null, null]);
        assert.deepEqual(driver.running, ['a', 'b']);
        if (!driver.hasFailed) assert.deepEqual(driver.leftOver, []);
        checkOrder(driver.said);
      }),
      { numRuns: 120, seed: 20_260_101, includeErrorInReport: true },
    );
  });

  it('CUA-28 a CLEANUP at any moment leaves what was there or what was wanted, running', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 6 }),
        images,
        fc.boolean(),
        (phases, failing, wanted, isCutOff) => {
          const session = new Session(['a:1', 'b:1', 'old:1']);
          const { driver } = session;
          session.want(wanted);
          driver.settle();
          for (let step = 0; step < failing; step++) driver.fate.push('is cut off');
          driver.fate.push(isCutOff ? 'is cut off' : 'fails');
          const commands = (['DOWNLOAD', 'UPDATE', 'ACTIVATE'] as const).slice(0, phases);
          for (const command of commands) session.command(command, '');
          driver.settle();
          driver.fate.length = 0;
          const isActivated = driver.context.operation?.status === 'ACTIVATION_SUCCESS';
          session.command('CLEANUP', '');
          driver.settle();
          const names = [...new Set(wanted.map((image) => image.split(':')[0]))];
          const nothing = driver.said.some(({ status }) => status === 'COMPLETED') && !isActivated;
          assert.deepEqual(driver.running, isActivated || nothing ? names : ['a', 'b', 'old']);
          assert.deepEqual(driver.leftOver, []);
        },
      ),
      { numRuns: 60, seed: 20_260_102, includeErrorInReport: true },
    );
  });

  it('keeps a context that JSON carries', () => {
    const session = new Session(['a:1']);
    session.want(['a:2', 'b:1']);
    session.command('DOWNLOAD', '');
    session.driver.settle();
    assert.deepEqual(JSON.parse(JSON.stringify(session.driver.context)), session.driver.context);
  });
});
