import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ManagedVehicle, managedVehicle, restarted } from '../../fakes/update-backend.js';

type Step = (vehicle: ManagedVehicle) => Promise<void>;

const says =
  (...statuses: readonly string[]): Step =>
  async (vehicle) => {
    for (const status of statuses) {
      for (const domain of ['containers', 'self-update']) await vehicle.feedback(domain, 'a', status);
    }
  };
const answers =
  (status: string): Step =>
  (vehicle) =>
    vehicle.receive('vehicleupdate/ownerconsentfeedback', { activityId: 'a', payload: { status } });
const goesOffline: Step = async (vehicle) => {
  vehicle.link.isOnline = false;
};
const reports: Step = (vehicle) => vehicle.answerReads('a', 50);

const UPDATE = ['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS', 'CLEANUP_SUCCESS'];
const GOOD = [says('IDENTIFIED'), ...UPDATE.slice(1).map((status) => says(status)), reports];

interface Case {
  readonly state: string;
  /** What happens before the kill. */
  readonly before: readonly Step[];
  /** And after it, until the activity is over. */
  readonly after: readonly Step[];
  readonly asks?: readonly ('DOWNLOAD' | 'UPDATE' | 'ACTIVATE')[];
  readonly ends: string;
}

const DENIED = 'INCOMPLETE the update process is incompleted: owner approval not granted';
/** Both agents in their initial phase go through every state that waits. */
const CASES: readonly Case[] = [
  { state: 'running.identifying.waiting', before: [], after: GOOD, ends: 'COMPLETED' },
  ...['download', 'update', 'activate'].flatMap((name, index): Case[] => {
    const before = UPDATE.slice(0, index + 1).map((status) => says(status));
    const rest = GOOD.slice(index + 1);
    const asks = [(['DOWNLOAD', 'UPDATE', 'ACTIVATE'] as const)[index] ?? 'DOWNLOAD'];
    const approved = [answers('APPROVED'), ...rest];
    return [
      { state: `running.${name}.await.waiting`, before, after: rest, ends: 'COMPLETED' },
      { state: `running.${name}.await.sending`, before: [goesOffline, ...before], after: rest, ends: 'COMPLETED' },
      { state: `running.${name}.consent.asked`, before, asks, after: approved, ends: 'COMPLETED' },
      {
        state: `running.${name}.consent.sending`,
        before: [goesOffline, ...before],
        asks,
        after: approved,
        ends: 'COMPLETED',
      },
    ];
  }),
  {
    state: 'running.rollingBack.waiting',
    before: [says('IDENTIFIED', 'DOWNLOAD_SUCCESS'), answers('DENIED')],
    asks: ['UPDATE'],
    after: [says('ROLLBACK_SUCCESS', 'CLEANUP_SUCCESS'), reports],
    ends: DENIED,
  },
  { state: 'running.cleaning.waiting', before: GOOD.slice(0, 4), after: GOOD.slice(4), ends: 'COMPLETED' },
  {
    state: 'reporting.sending',
    before: [...GOOD.slice(0, 4), goesOffline, says('CLEANUP_SUCCESS')],
    after: [reports],
    ends: 'COMPLETED',
  },
  { state: 'reporting.reading', before: GOOD.slice(0, 5), after: [reports], ends: 'COMPLETED' },
  { state: 'rebooting.waiting', before: GOOD, after: [], ends: 'COMPLETED' },
];

/** Commands without repetitions, which a kill may cause. */
const distinct = (list: readonly string[]): string[] => list.filter((each, index) => each !== list[index - 1]);

describe('UM-RES-4 killed in every state, an activity goes on and ends once', () => {
  for (const how of ['crash', 'reopen'] as const) {
    for (const { state, before, after, asks = [], ends } of CASES) {
      test(`${state}, ${how}`, async (t) => {
        const vehicle = await managedVehicle(t, { ownerConsentCommands: asks, onStop: 'suspend' });
        await vehicle.want('a');
        for (const step of before) await step(vehicle);
        assert.equal(vehicle.phase, state);
        const next = await restarted(vehicle, how);
        await next.connect();
        for (const step of after) await step(next);
        await next.advance(30_000);
        const terminal = [...vehicle.feedbackOf('a'), ...next.feedbackOf('a')].filter(
          (line) => !/^(IDENT|RUN)/.test(line),
        );
        assert.deepEqual(terminal, [ends]);
        assert.equal(next.manager?.view().state, 'idle');
        assert.equal(next.reboots, ends === 'COMPLETED' ? 1 : 0);
        for (const domain of ['containers', 'self-update']) {
          const commands = distinct([...vehicle.commandsTo(domain), ...next.commandsTo(domain)]);
          const expected =
            ends === 'COMPLETED' ? ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'] : ['DOWNLOAD', 'ROLLBACK', 'CLEANUP'];
          assert.deepEqual(commands, expected);
        }
      });
    }
  }
});

const HOUR = 3_600_000;

test('UM-RES-1 without a broker timers go on, and nothing that is said is lost', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  vehicle.link.isOnline = false;
  await vehicle.advance(600_000);
  vehicle.link.isOnline = true;
  await vehicle.connect();
  assert.equal(
    vehicle.feedbackOf('a').at(-1),
    "IDENTIFICATION_FAILED failed to wait for command 'DOWNLOAD' signal: not received in 10m0s",
  );
});

test('UM-RES-2 what is said without a broker is said once, in order, when it is back', async (t) => {
  const vehicle = await managedVehicle(t);
  vehicle.link.isOnline = false;
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  await vehicle.advance(HOUR);
  assert.deepEqual(vehicle.link.published, []);
  vehicle.link.isOnline = true;
  await vehicle.settle();
  assert.deepEqual(vehicle.link.trail, [
    'vehicleupdate/desiredstatefeedback IDENTIFYING',
    'containersupdate/desiredstate',
    'vehicleupdate/desiredstatefeedback IDENTIFIED',
    'vehicleupdate/desiredstatefeedback RUNNING',
    'containersupdate/desiredstate/command DOWNLOAD',
  ]);
});

test('UM-RES-3 what a turn says is on disk with the turn, and said after a kill', async (t) => {
  const vehicle = await managedVehicle(t);
  vehicle.link.isOnline = false;
  await vehicle.want('a', ['containers']);
  const next = await restarted(vehicle, 'crash');
  await next.settle();
  assert.deepEqual(next.link.trail, [
    'vehicleupdate/desiredstatefeedback IDENTIFYING',
    'containersupdate/desiredstate',
  ]);
});

test('UM-RES-4 after a night a phase has its whole time again', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  await vehicle.advance(599_000);
  const next = await restarted(vehicle, 'crash', vehicle.system.clock.now() + 8 * HOUR);
  await next.connect();
  await next.advance(599_999);
  assert.equal(next.phase, 'running.download.await.waiting');
  await next.advance(1);
  assert.equal(next.phase, 'reporting.reading');
});

test('UM-RES-4 so has a read', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.receive('vehicleupdate/currentstate/get', { activityId: 'r' });
  await vehicle.advance(29_000);
  const next = await restarted(vehicle, 'crash', vehicle.system.clock.now() + HOUR);
  await next.advance(29_999);
  assert.deepEqual(next.link.on('vehicleupdate/currentstate'), []);
  await next.state('containers', 'r', 5);
  await next.state('self-update', 'r', 5);
  assert.equal(next.link.on('vehicleupdate/currentstate')[0]?.message.activityId, 'r');
});

test('UM-RES-4 the owner keeps the due time, but not before half a minute from the connection', async (t) => {
  const silence = "INCOMPLETE failed to wait for command 'UPDATE' signal: owner consent not granted in 30m0s";
  const asking = async (offForMs: number) => {
    const vehicle = await managedVehicle(t, { ownerConsentCommands: ['DOWNLOAD'] });
    await vehicle.want('a', ['containers']);
    await vehicle.feedback('containers', 'a', 'IDENTIFIED');
    const next = await restarted(vehicle, 'crash', vehicle.system.clock.now() + offForMs);
    await next.advance(1_000);
    assert.equal(next.phase, 'running.download.consent.resuming');
    await next.connect();
    return next;
  };
  const overdue = await asking(HOUR);
  await overdue.advance(29_999);
  assert.equal(overdue.phase, 'running.download.consent.asked');
  await overdue.advance(1);
  assert.equal(overdue.feedbackOf('a').at(-1), silence);
  const early = await asking(600_000);
  await early.advance(1_198_999);
  assert.equal(early.phase, 'running.download.consent.asked');
  await early.advance(1);
  assert.equal(early.feedbackOf('a').at(-1), silence);
});

test('UM-RES-4 RUNNING is said once more', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  const next = await restarted(vehicle, 'crash');
  assert.deepEqual(next.feedbackOf('a'), ['RUNNING']);
  await next.advance(120_000);
  assert.deepEqual(next.feedbackOf('a'), ['RUNNING']);
  assert.deepEqual(next.commandsTo('containers'), []);
});

test('UM-RES-4 what waits survives, and a changed configuration holds for it', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.want('b', ['containers']);
  const next = await restarted(vehicle, 'crash', undefined, { ownerConsentCommands: ['DOWNLOAD'] });
  await next.connect();
  await next.feedback('containers', 'a', 'IDENTIFIED', { actions: [] });
  await next.answerReads('a', 50);
  await next.feedback('containers', 'b', 'IDENTIFIED');
  assert.equal(next.phase, 'running.download.consent.asked');
});

describe('UM-RES-5 a stop', () => {
  test('ends the activity INCOMPLETE, reports what is known, and waits for nobody', async (t) => {
    const vehicle = await managedVehicle(t);
    await vehicle.want('a', ['containers']);
    await vehicle.want('b', ['containers']);
    await vehicle.manager?.child.stop(10_000);
    await vehicle.settle();
    assert.deepEqual(vehicle.link.trail.slice(-2), [
      'vehicleupdate/desiredstatefeedback INCOMPLETE',
      'vehicleupdate/currentstate',
    ]);
    assert.equal(
      vehicle.feedbackOf('a').at(-1),
      "INCOMPLETE failed to wait for command 'DOWNLOAD' signal: the update manager instance is terminated",
    );
    const next = await restarted(vehicle, 'reopen');
    await next.connect();
    assert.deepEqual(next.feedbackOf('b'), ['IDENTIFYING'], 'what waited goes on');
  });

  test('while the report is made ends that with what is known, and drops the reboot', async (t) => {
    const agents = { containers: { rebootRequired: true, readTimeoutMs: 60_000, rollbackAck: true } };
    const vehicle = await managedVehicle(t, { agents });
    await vehicle.want('a', ['containers']);
    await vehicle.feedback('containers', 'a', 'IDENTIFIED');
    await vehicle.feedback('containers', 'a', 'COMPLETED');
    assert.equal(vehicle.phase, 'reporting.reading');
    await vehicle.manager?.child.stop(10_000);
    assert.equal(vehicle.link.trail.at(-1), 'vehicleupdate/currentstate');
    const next = await restarted(vehicle, 'reopen');
    await next.connect();
    await next.advance(HOUR);
    assert.equal(next.reboots, 0);
  });

  test('suspends the activity where that is configured', async (t) => {
    const vehicle = await managedVehicle(t, { onStop: 'suspend' });
    await vehicle.want('a', ['containers']);
    await vehicle.manager?.child.stop(10_000);
    assert.deepEqual(vehicle.feedbackOf('a'), ['IDENTIFYING']);
    const next = await restarted(vehicle, 'reopen');
    await next.connect();
    await next.feedback('containers', 'a', 'IDENTIFIED');
    assert.deepEqual(next.commandsTo('containers'), ['DOWNLOAD']);
  });

  test('with nothing to do is over at once', async (t) => {
    const vehicle = await managedVehicle(t);
    await vehicle.manager?.child.stop(10_000);
    assert.equal(vehicle.manager?.view().state, 'stopped');
  });
});

test('UM-RES-6 commands that cannot be sent hold up nobody', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  vehicle.link.isOnline = false;
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  await vehicle.feedback('containers', 'a', 'INCOMPLETE');
  assert.equal(vehicle.phase, 'reporting.sending');
});

test('UM-RES-7 after the reboot nothing is resumed', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a');
  for (const step of GOOD) await step(vehicle);
  await vehicle.advance(30_000);
  assert.equal(vehicle.reboots, 1);
  const next = await restarted(vehicle, 'crash');
  await next.connect();
  await next.advance(HOUR);
  assert.equal(next.reboots, 0);
  assert.equal(next.manager?.view().state, 'idle');
});
