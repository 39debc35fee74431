import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { activityMachine } from '../../../src/actors/update-manager/activity.machine.js';
import type { ActivityEvent } from '../../../src/actors/update-manager/events.js';
import type { Asker, Backend } from '../../../src/protocols/update-manager/index.js';
import { TakenTransitions } from '../../fakes/transitions.js';
import { ActivityDriver, AGENTS, ID } from './activity-driver.js';

const STATUSES = [
  ...['IDENTIFYING', 'IDENTIFIED', 'IDENTIFICATION_FAILED', 'RUNNING', 'COMPLETED', 'INCOMPLETE', 'COMPLETE'],
  ...['INCOMPLETE_INCONSISTENT', 'SUPERSEDED', 'DOWNLOADING', 'DOWNLOAD_SUCCESS', 'DOWNLOAD_FAILURE', 'UPDATING'],
  ...['UPDATE_SUCCESS', 'UPDATE_FAILURE', 'ACTIVATING', 'ACTIVATION_SUCCESS', 'ACTIVATION_FAILURE', 'ROLLBACK'],
  ...['ROLLBACK_SUCCESS', 'ROLLBACK_FAILURE', 'CLEANUP', 'CLEANUP_SUCCESS', 'CLEANUP_FAILURE', 'nonsense', ''],
];
/** What a good agent says to the last command that it got. */
const GOOD: Readonly<Record<string, string>> = {
  DOWNLOAD: 'DOWNLOAD_SUCCESS',
  UPDATE: 'UPDATE_SUCCESS',
  ACTIVATE: 'ACTIVATION_SUCCESS',
  ROLLBACK: 'ROLLBACK_SUCCESS',
  CLEANUP: 'CLEANUP_SUCCESS',
};

type Step =
  | { readonly do: 'good' | 'link' | 'stop' | 'supersede' | 'restart' | 'report' | 'configure' }
  | { readonly do: 'say'; readonly domain: string; readonly status: string; readonly isEmpty: boolean }
  | {
      readonly do: 'answer';
      readonly isApproved: boolean;
      readonly isOurs: boolean;
      readonly asker: 'none' | 'right' | 'wrong';
    }
  | { readonly do: 'online'; readonly is: boolean }
  | { readonly do: 'wait'; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constant<Step>({ do: 'good' }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('say' as const),
        domain: fc.constantFrom<string>(...AGENTS, 'other'),
        status: fc.constantFrom(...STATUSES),
        isEmpty: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        isApproved: fc.boolean(),
        isOurs: fc.boolean(),
        asker: fc.constantFrom('none' as const, 'right' as const, 'wrong' as const),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('online' as const), is: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'wait', ms: 1_000 }, { do: 'wait', ms: 60_000 }) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'wait', ms: 600_000 }, { do: 'wait', ms: 1_800_000 }) },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'restart' }, { do: 'link' }, { do: 'report' }) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'stop' }, { do: 'supersede' }) },
  ),
  { maxLength: 20 },
);

const WELL: readonly Step[] = [
  { do: 'answer', isApproved: true, isOurs: true, asker: 'none' },
  { do: 'good' },
  { do: 'report' },
];

const GOOD_STEP: Step = { do: 'good' };
const DENIAL: Step = { do: 'answer', isApproved: false, isOurs: true, asker: 'none' };
/** Ways that chance seldom finds. */
const RARE: ReadonlyArray<readonly Step[]> = [
  AGENTS.map((domain) => ({ do: 'say', domain, status: 'IDENTIFIED', isEmpty: true })),
  [GOOD_STEP, GOOD_STEP, DENIAL, { do: 'restart' }, { do: 'supersede' }],
  [{ do: 'online', is: false }, GOOD_STEP, { do: 'restart' }],
  [...Array.from({ length: 7 }, () => WELL).flat(), { do: 'configure' }, { do: 'wait', ms: 600_000 }],
];

const thing = { namespace: 'edge', name: 'car' };
const backends: readonly Backend[] = [
  { domain: 'vehicle', isThings: false, thing: null },
  { domain: 'vehicle', isThings: true, thing: null },
];

const scenarios = fc.record({
  /** How far everything goes well first. */
  depth: fc.integer({ min: 0, max: 7 }),
  steps,
  domains: fc.constantFrom<readonly string[]>([...AGENTS], ['containers'], ['other'], ['self-update', 'other']),
  isThingless: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  settings: fc.record({
    ownerConsentCommands: fc.subarray(['DOWNLOAD', 'UPDATE', 'ACTIVATE'] as const),
    releaseAgents: fc.boolean(),
    rebootEnabled: fc.boolean(),
    reportFeedbackIntervalMs: fc.constantFrom(0, 60_000),
    agents: fc.boolean().map((rollbackAck) => ({
      containers: { rebootRequired: false, readTimeoutMs: 1_000, rollbackAck },
      'self-update': { rebootRequired: true, readTimeoutMs: 1_000, rollbackAck: true },
    })),
  }),
});

function eventOf(step: Step, driver: ActivityDriver): ActivityEvent | undefined {
  switch (step.do) {
    case 'say': {
      const actions = step.isEmpty ? [] : [{ component: { id: `${step.domain}:app` }, status: step.status }];
      return { type: 'FEEDBACK', domain: step.domain, feedback: { status: step.status, actions } };
    }
    case 'answer': {
      const correlationId = step.asker === 'right' ? driver.context.activity.correlationId : 'wrong';
      const asker: Asker = { thing, operation: 'consent', correlationId, requestId: 'r', isResponseRequired: true };
      return {
        type: 'CONSENT',
        activityId: step.isOurs ? ID : 'another',
        isApproved: step.isApproved,
        ...(step.asker === 'none' ? {} : { asker }),
      };
    }
    case 'link':
      return { type: 'BROKER.UP' };
    case 'stop':
      return { type: 'STOP' };
    case 'supersede':
      return { type: 'SUPERSEDE' };
    case 'configure':
      return { type: 'CONFIGURE', settings: { ...driver.context.activity.settings, rebootEnabled: false } };
    case 'restart':
      return { type: 'runtime.restored', cause: 'boot' };
    case 'report':
      return driver.state === 'reporting.reading' ? { type: 'REPORTED' } : undefined;
    default:
      return undefined;
  }
}

async function take(step: Step, driver: ActivityDriver): Promise<void> {
  if (step.do === 'online') driver.online(step.is);
  else if (step.do === 'wait') await driver.advance(step.ms);
  else if (step.do === 'good') {
    for (const domain of AGENTS) {
      const status = GOOD[driver.commandsTo(domain).at(-1) ?? ''] ?? 'IDENTIFIED';
      const actions = [{ component: { id: `${domain}:app` }, status }];
      driver.send({ type: 'FEEDBACK', domain, feedback: { status, actions } });
    }
  } else {
    const event = eventOf(step, driver);
    if (event) driver.send(event);
  }
}

/** The broker comes back, everybody has had time, and the report is made. */
async function finish(driver: ActivityDriver): Promise<void> {
  for (let round = 0; round < 20 && !driver.isDone; round++) {
    driver.online(true);
    driver.send({ type: 'BROKER.UP' });
    await driver.advance(3_600_000);
    if (driver.state === 'reporting.reading') driver.send({ type: 'REPORTED' });
  }
}

const INITIALS: Readonly<Record<string, string>> = {
  DOWNLOAD: 'D',
  UPDATE: 'U',
  ACTIVATE: 'A',
  ROLLBACK: 'R',
  CLEANUP: 'C',
};
const PENDING: Readonly<Record<string, readonly string[]>> = {
  UPDATE: ['IDENTIFYING', 'IDENTIFIED'],
  ACTIVATE: ['IDENTIFYING', 'IDENTIFIED', 'DOWNLOAD_SUCCESS'],
};
const SETTLED = ['CLEANUP_SUCCESS', 'CLEANUP_FAILURE'];

function checkCommands({ sent, terminal, commandsTo }: ActivityDriver, driver: ActivityDriver): void {
  assert.ok(
    terminal.every(({ afterCommands }) => afterCommands === sent.length),
    'no command after the end',
  );
  for (const { domain, command, before, after } of sent) {
    assert.ok(!SETTLED.includes(before[domain] ?? ''), `${command} to ${domain}, which is settled`);
    const identified = !['IDENTIFYING', 'IDENTIFICATION_FAILED'].includes(after[domain] ?? '');
    assert.ok(identified, `${command} to ${domain}, which is not identified`);
    const pending = PENDING[command] ?? [];
    assert.ok(!Object.values(after).some((status) => pending.includes(status)), `${command} before its gate`);
  }
  for (const domain of AGENTS) {
    const letters = commandsTo.call(driver, domain).map((command) => INITIALS[command]);
    assert.match(letters.join(''), /^(D(U(A)?)?)?R?C?$/, domain);
  }
}

function checkRunning({ said }: ActivityDriver, intervalMs: number): void {
  const times = said.filter(({ status }) => status === 'RUNNING').map(({ at }) => at);
  if (intervalMs === 0) assert.deepEqual(times, []);
  for (const [index, at] of times.entries()) {
    const third = times[index + 2];
    assert.ok(third === undefined || third - at >= intervalMs, 'three RUNNING within an interval');
  }
}

describe('an activity under any sequence of events', () => {
  it('UM-ORC-8 ends once, commands in order, and says nothing that it may not', async () => {
    const taken = new TakenTransitions(activityMachine);
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ depth, steps, domains, isThingless, settings }) => {
        const [plain, things] = backends;
        const backend = (isThingless ? things : plain) ?? assert.fail();
        const driver = new ActivityDriver(settings, domains, backend, taken);
        const all = [...Array.from({ length: depth }, () => WELL).flat(), ...steps];
        for (const step of all) if (!driver.isDone) await take(step, driver);
        await finish(driver);
        assert.ok(driver.isDone, `it is over: ${driver.state}`);
        assert.equal(driver.terminal.length, isThingless ? 0 : 1, 'one terminal feedback');
        assert.ok(driver.said.every(({ activityId }) => activityId === ID));
        checkCommands(driver, driver);
        if (!steps.some((step) => step.do === 'restart')) checkRunning(driver, settings.reportFeedbackIntervalMs);
      }),
      { numRuns: 800, seed: 20_260_101, includeErrorInReport: true },
    );
    for (const steps of RARE) {
      const [backend] = backends;
      const driver = new ActivityDriver({ ownerConsentCommands: ['UPDATE'] }, AGENTS, backend ?? assert.fail(), taken);
      for (const step of steps) await take(step, driver);
    }
    assert.deepEqual(taken.missing, [], 'every transition was taken');
  });

  it('UM-ORC-14 with nobody to ask the owner is taken to deny', async () => {
    const backend: Backend = { domain: 'vehicle', isThings: true, thing: null };
    const driver = new ActivityDriver({ ownerConsentCommands: ['DOWNLOAD'] }, ['containers'], backend);
    await take({ do: 'good' }, driver);
    assert.deepEqual(driver.context.activity.terminal, {
      status: 'INCOMPLETE',
      message: "failed to wait for command 'UPDATE' signal: owner consent client not available",
    });
  });

  it('keeps a context that JSON carries', async () => {
    const [backend] = backends;
    assert.ok(backend);
    const driver = new ActivityDriver({}, [...AGENTS], backend);
    for (let count = 0; count < 3; count++) await take({ do: 'good' }, driver);
    assert.deepEqual(JSON.parse(JSON.stringify(driver.context)), driver.context);
    assert.deepEqual(driver.context.activity.parts, [], 'the desired state is with the agents, not in every record');
  });
});
