import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mergeActions } from '../../../src/protocols/update-agent/index.js';
import { type ManagedVehicle, managedVehicle, SETTINGS } from '../../fakes/update-backend.js';

const BOTH = ['containers', 'self-update'];
const UPDATE = ['DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS', 'CLEANUP_SUCCESS'];

async function everybody(vehicle: ManagedVehicle, ...statuses: readonly string[]): Promise<void> {
  for (const status of statuses) for (const domain of BOTH) await vehicle.feedback(domain, 'a', status);
}

/** Two agents, both through with everything up to `statuses`. */
async function running(t: Parameters<typeof managedVehicle>[0], changes = {}, ...statuses: readonly string[]) {
  const vehicle = await managedVehicle(t, changes);
  await vehicle.want('a');
  await everybody(vehicle, ...statuses);
  return vehicle;
}

const last = (vehicle: ManagedVehicle) => vehicle.feedbackOf('a').at(-1);
const actionsOf = (vehicle: ManagedVehicle) =>
  vehicle.link.on('vehicleupdate/desiredstatefeedback').at(-1)?.message.payload?.['actions'];

test('UM-ORC-1 actions are merged whatever the status, by component, and never removed', async (t) => {
  const vehicle = await running(t);
  const action = (id: string, status: string) => ({ component: { id: `containers:${id}`, version: '1' }, status });
  await vehicle.feedback('containers', 'a', 'NONSENSE', { actions: [action('x', 'ONE'), action('y', 'ONE')] });
  await vehicle.feedback('containers', 'a', 'IDENTIFIED', { actions: [action('y', 'TWO'), action('z', 'TWO')] });
  await vehicle.feedback('self-update', 'a', 'IDENTIFIED', { actions: [] });
  assert.deepEqual(actionsOf(vehicle), [action('x', 'ONE'), action('y', 'TWO'), action('z', 'TWO')]);
});

test('UM-ORC-1 components that an agent invents are refused past the bound, known ones are taken on', async (t) => {
  const vehicle = await running(t);
  const actions = (count: number, from: number, status: string) =>
    Array.from({ length: count }, (_, index) => ({ component: { id: `c:${from + index}` }, status }));
  await vehicle.feedback('containers', 'a', 'X', { actions: actions(1_999, 0, 'ONE') });
  await vehicle.feedback('containers', 'a', 'X', { actions: actions(3, 1_998, 'TWO') });
  await vehicle.feedback('containers', 'a', 'IDENTIFIED', { actions: actions(1, 0, 'TWO') });
  await vehicle.feedback('self-update', 'a', 'IDENTIFIED', { actions: [] });
  const taken = actionsOf(vehicle) as ReadonlyArray<{ component: { id: string }; status: string }>;
  assert.equal(taken.length, 2_000);
  assert.deepEqual([taken[0]?.status, taken[1]?.status, taken.at(-1)?.component.id], ['TWO', 'ONE', 'c:1999']);
  assert.deepEqual(vehicle.warnings, ['input refused']);
  assert.equal(await vehicle.refused('too_many_actions'), 1);
});

test('UM-ORC-1 actions that are too large lose their message, then themselves', () => {
  const action = (id: string, length: number) => ({ component: { id }, message: 'x'.repeat(length) });
  const first = mergeActions([], [action('a', 200_000), action('b', 200_000), action('c'.repeat(100_000), 0)]);
  assert.deepEqual(
    first.actions.map(({ component, message = '' }) => [component.id, message.length]),
    [
      ['a', 200_000],
      ['b', 0],
    ],
  );
  assert.equal(first.refused, 1);
  const second = mergeActions(first.actions, [action('a', 0), action('b', 200_000)]);
  assert.deepEqual(
    second.actions.map(({ message = '' }) => message.length),
    [0, 200_000],
  );
});

test('UM-ORC-2 feedback for nothing, for another activity or of another domain is dropped', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  assert.deepEqual(vehicle.warnings, ['feedback_of_unknown_activity']);
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'b', 'IDENTIFICATION_FAILED');
  await vehicle.feedback('self-update', 'a', 'IDENTIFICATION_FAILED');
  assert.equal(vehicle.phase, 'running.identifying.waiting');
});

test('UM-ORC-3 statuses out of phase, or repeated, change nothing', async (t) => {
  const vehicle = await running(t, {}, 'IDENTIFIED');
  await vehicle.feedback('containers', 'a', 'UPDATE_SUCCESS');
  await vehicle.feedback('containers', 'a', 'ROLLBACK_SUCCESS');
  await vehicle.feedback('containers', 'a', 'CLEANUP_SUCCESS');
  await vehicle.feedback('containers', 'a', 'IDENTIFICATION_FAILED');
  await vehicle.feedback('containers', 'a', 'DOWNLOAD_SUCCESS');
  await vehicle.feedback('containers', 'a', 'DOWNLOAD_SUCCESS');
  await vehicle.feedback('containers', 'a', 'DOWNLOAD_FAILURE');
  assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD']);
  assert.equal(vehicle.phase, 'running.download.await.waiting');
});

test("UM-ORC-3 a result counts only while the phase's command is out", async (t) => {
  const vehicle = await running(t, { ownerConsentCommands: ['DOWNLOAD'] }, 'IDENTIFIED', 'DOWNLOAD_SUCCESS');
  assert.equal(vehicle.phase, 'running.download.consent.asked');
  await vehicle.receive('vehicleupdate/ownerconsentfeedback', { activityId: 'a', payload: { status: 'APPROVED' } });
  assert.deepEqual(
    BOTH.map((domain) => vehicle.commandsTo(domain)),
    [['DOWNLOAD'], ['DOWNLOAD']],
  );
  assert.equal(vehicle.phase, 'running.download.await.waiting');
});

test('UM-ORC-4 a publication that the broker has not taken is neither given up nor sent twice', async (t) => {
  const vehicle = await running(t);
  vehicle.link.isOnline = false;
  await everybody(vehicle, 'IDENTIFIED');
  await vehicle.advance(SETTINGS.phaseTimeoutMs * 3);
  assert.equal(vehicle.phase, 'running.download.await.sending');
  vehicle.link.isOnline = true;
  await vehicle.settle();
  assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD']);
  await vehicle.advance(SETTINGS.phaseTimeoutMs - 1);
  assert.equal(vehicle.phase, 'running.download.await.waiting');
  await vehicle.advance(1);
  assert.equal(last(vehicle), "INCOMPLETE failed to wait for command 'UPDATE' signal: not received in 10m0s");
});

test('UM-ORC-5 a domain that failed is cleaned up, the others go on', async (t) => {
  for (const failing of ['DOWNLOAD', 'UPDATE', 'ACTIVATION']) {
    const before = UPDATE.slice(0, ['DOWNLOAD', 'UPDATE', 'ACTIVATION'].indexOf(failing));
    const vehicle = await running(t, {}, 'IDENTIFIED', ...before);
    await vehicle.feedback('containers', 'a', `${failing}_FAILURE`);
    assert.equal(vehicle.commandsTo('containers').at(-1), 'CLEANUP');
    for (const status of UPDATE.slice(before.length)) await vehicle.feedback('self-update', 'a', status);
    assert.deepEqual(vehicle.commandsTo('self-update'), ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP']);
    await vehicle.feedback('containers', 'a', 'CLEANUP_FAILURE');
    assert.equal(last(vehicle), 'INCOMPLETE the update process is incompleted');
  }
});

test('UM-ORC-6 no domain gets the next command before every domain has left the phase', async (t) => {
  const vehicle = await running(t, {}, 'IDENTIFIED');
  for (const [index, status] of UPDATE.slice(0, 3).entries()) {
    await vehicle.feedback('containers', 'a', status);
    assert.equal(vehicle.commandsTo('containers').length, index + 1);
    await vehicle.feedback('self-update', 'a', status);
    for (const domain of BOTH) assert.equal(vehicle.commandsTo(domain).length, index + 2);
  }
  await everybody(vehicle, 'CLEANUP_SUCCESS');
  assert.equal(last(vehicle), 'COMPLETED');
});

describe('UM-ORC-7 the outcome does not depend on the order of reports', () => {
  test('the last of a phase fails', async (t) => {
    const vehicle = await running(t, {}, 'IDENTIFIED');
    await vehicle.feedback('containers', 'a', 'DOWNLOAD_SUCCESS');
    await vehicle.feedback('self-update', 'a', 'DOWNLOAD_FAILURE');
    assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD', 'UPDATE']);
  });

  test('the last of a phase is done with, or gives up', async (t) => {
    for (const status of ['COMPLETED', 'INCOMPLETE']) {
      const vehicle = await running(t, {}, 'IDENTIFIED');
      await vehicle.feedback('containers', 'a', 'DOWNLOAD_SUCCESS');
      await vehicle.feedback('self-update', 'a', status);
      assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD', 'UPDATE']);
    }
  });

  test('an agent says COMPLETED instead of IDENTIFIED', async (t) => {
    const vehicle = await running(t);
    await vehicle.feedback('containers', 'a', 'IDENTIFIED');
    await vehicle.feedback('self-update', 'a', 'COMPLETED', { actions: [] });
    assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD']);
    assert.deepEqual(vehicle.commandsTo('self-update'), []);
  });

  test('nobody is left to go on: the clean-up is waited for', async (t) => {
    const vehicle = await running(t, {}, 'IDENTIFIED', 'DOWNLOAD_FAILURE');
    assert.equal(vehicle.phase, 'running.download.await.waiting');
    for (const domain of BOTH) assert.deepEqual(vehicle.commandsTo(domain), ['DOWNLOAD', 'CLEANUP']);
    await everybody(vehicle, 'CLEANUP_SUCCESS');
    assert.equal(
      last(vehicle),
      "INCOMPLETE failed to wait for command 'UPDATE' signal: the update process is incompleted",
    );
  });
});

test('UM-ORC-8 with all domains settled the activity is COMPLETED, unless something failed', async (t) => {
  const good = await running(t, {}, 'IDENTIFIED', ...UPDATE.slice(0, 3), 'CLEANUP_FAILURE');
  assert.equal(last(good), 'COMPLETED');
  const given = await running(t, {}, 'IDENTIFIED', ...UPDATE.slice(0, 3));
  await given.feedback('containers', 'a', 'INCOMPLETE_INCONSISTENT');
  await given.feedback('self-update', 'a', 'COMPLETE');
  assert.equal(last(given), 'INCOMPLETE the update process is incompleted');
});

test('UM-ORC-8 COMPLETE counts as COMPLETED only where a clean-up is under way', async (t) => {
  const vehicle = await running(t, {}, 'IDENTIFIED');
  await vehicle.feedback('containers', 'a', 'COMPLETE');
  await vehicle.feedback('self-update', 'a', 'DOWNLOAD_FAILURE');
  await vehicle.feedback('self-update', 'a', 'COMPLETE');
  assert.equal(vehicle.phase, 'running.download.await.waiting');
  await vehicle.feedback('containers', 'a', 'COMPLETED');
  assert.equal(
    last(vehicle),
    "INCOMPLETE failed to wait for command 'UPDATE' signal: the update process is incompleted",
  );
});

describe('UM-ORC-9 a phase that takes too long ends the activity, with the command that would have followed', () => {
  const incomplete = (next: string) => `INCOMPLETE failed to wait for command '${next}' signal: not received in 10m0s`;
  const cases: ReadonlyArray<readonly [string[], string]> = [
    [[], "IDENTIFICATION_FAILED failed to wait for command 'DOWNLOAD' signal: not received in 10m0s"],
    [['IDENTIFIED'], incomplete('UPDATE')],
    [['IDENTIFIED', ...UPDATE.slice(0, 1)], incomplete('ACTIVATE')],
    [['IDENTIFIED', ...UPDATE.slice(0, 2)], incomplete('CLEANUP')],
    [['IDENTIFIED', ...UPDATE.slice(0, 3)], 'INCOMPLETE not received in 10m0s'],
  ];
  for (const [statuses, message] of cases) {
    test(`after ${statuses.at(-1) ?? 'nothing'}`, async (t) => {
      const vehicle = await running(t, {}, ...statuses);
      await vehicle.advance(599_999);
      assert.notEqual(last(vehicle), message);
      await vehicle.advance(1);
      assert.equal(last(vehicle), message);
    });
  }

  test('while it is rolled back', async (t) => {
    const vehicle = await running(t, { ownerConsentCommands: ['ACTIVATE'] }, 'IDENTIFIED', ...UPDATE.slice(0, 2));
    await vehicle.receive('vehicleupdate/ownerconsentfeedback', { activityId: 'a', payload: { status: 'DENIED' } });
    assert.equal(vehicle.phase, 'running.rollingBack.waiting');
    await vehicle.advance(600_000);
    assert.equal(last(vehicle), incomplete('CLEANUP'));
  });

  test('at once where it is 0', async (t) => {
    const vehicle = await running(t, { phaseTimeoutMs: 0 });
    await vehicle.advance(0);
    assert.equal(
      last(vehicle),
      "IDENTIFICATION_FAILED failed to wait for command 'DOWNLOAD' signal: not received in 0s",
    );
  });
});

test('UM-ORC-10 who could not identify is named with the reason, in the order of reports', async (t) => {
  const one = await running(t);
  await one.feedback('self-update', 'a', 'IDENTIFICATION_FAILED', { message: 'no such image' });
  await one.feedback('containers', 'a', 'IDENTIFIED');
  assert.equal(
    last(one),
    "IDENTIFICATION_FAILED failed to wait for command 'DOWNLOAD' signal: [self-update]: no such image",
  );
  assert.deepEqual(one.commandsTo('containers'), []);
  const both = await running(t);
  await both.feedback('self-update', 'a', 'IDENTIFICATION_FAILED', { message: 'b' });
  await both.feedback('containers', 'a', 'IDENTIFICATION_FAILED');
  assert.match(last(both) ?? '', /signal: \[self-update\]: b; \[containers\]: $/);
});

test('UM-ORC-11 who gave up before the clean-up is told with the command that would have followed', async (t) => {
  const incomplete = (next: string) =>
    `INCOMPLETE failed to wait for command '${next}' signal: the update process is incompleted`;
  for (const [index, next] of ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'].entries()) {
    const vehicle = await running(t, {}, ...['IDENTIFIED', ...UPDATE].slice(0, index), 'INCOMPLETE');
    assert.equal(last(vehicle), incomplete(next));
  }
  const cleaning = await running(t, {}, 'IDENTIFIED', ...UPDATE.slice(0, 3), 'INCOMPLETE');
  assert.equal(last(cleaning), 'INCOMPLETE the update process is incompleted');
});

test('UM-ORC-15 a second desired state is refused where it may not wait', async (t) => {
  const vehicle = await running(t, { onBusy: 'reject' });
  await vehicle.want('b');
  assert.deepEqual(vehicle.feedbackOf('b'), ['IDENTIFICATION_FAILED Another update activity in progress - a']);
  const before = vehicle.feedbackOf('a');
  await vehicle.want('a', ['containers']);
  assert.deepEqual(vehicle.feedbackOf('a'), before, 'under the id of the running one there is one end only');
});

describe('UM-ORC-16 agents that an activity leaves in the middle are released where that is asked for', () => {
  const cases: ReadonlyArray<readonly [string, (vehicle: ManagedVehicle) => Promise<void>, string[]]> = [
    ['a time-out', (vehicle) => vehicle.advance(600_000), ['DOWNLOAD', 'UPDATE', 'ROLLBACK']],
    ['a stop', async (vehicle) => void (await vehicle.manager?.child.stop(5_000)), ['DOWNLOAD', 'UPDATE', 'ROLLBACK']],
  ];
  for (const releaseAgents of [true, false]) {
    for (const [what, happen, commands] of cases) {
      test(`${what}, ${releaseAgents}`, async (t) => {
        const vehicle = await running(t, { releaseAgents }, 'IDENTIFIED', 'DOWNLOAD_SUCCESS');
        await vehicle.feedback('self-update', 'a', 'UPDATE_SUCCESS');
        await happen(vehicle);
        const expected = releaseAgents ? commands : commands.slice(0, -1);
        for (const domain of BOTH) assert.deepEqual(vehicle.commandsTo(domain), expected);
      });
    }
  }

  test('another domain failed to identify', async (t) => {
    const vehicle = await running(t, { releaseAgents: true });
    await vehicle.feedback('self-update', 'a', 'IDENTIFIED');
    await vehicle.feedback('containers', 'a', 'IDENTIFICATION_FAILED');
    assert.deepEqual(vehicle.commandsTo('self-update'), ['ROLLBACK']);
    assert.deepEqual(vehicle.commandsTo('containers'), []);
    const order = vehicle.link.trail.map((line) => line.split(' ')[1] ?? '');
    assert.ok(order.indexOf('ROLLBACK') < order.indexOf('IDENTIFICATION_FAILED'));
  });
});

test('UM-ORC-7 a later IDENTIFIED with actions counts until the others have answered', async (t) => {
  const vehicle = await running(t);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED', { actions: [] });
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  await vehicle.feedback('self-update', 'a', 'IDENTIFIED', { actions: [] });
  assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD']);
  assert.deepEqual(vehicle.commandsTo('self-update'), []);
});

test('UM-ORC-8 with nothing to do the activity is IDENTIFIED and COMPLETED', async (t) => {
  const vehicle = await running(t);
  for (const domain of BOTH) await vehicle.feedback(domain, 'a', 'IDENTIFIED', { actions: [] });
  assert.deepEqual(vehicle.feedbackOf('a'), ['IDENTIFYING', 'IDENTIFIED', 'COMPLETED']);
});
