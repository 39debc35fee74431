import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from 'xstate';
import { migrateManager } from '../../../src/actors/update-manager/wishes.js';
import { type ManagedVehicle, managedVehicle, restarted } from '../../fakes/update-backend.js';

/** Ends the running activity, its report included. */
async function finish(vehicle: ManagedVehicle, activityId: string, at = 10): Promise<void> {
  await vehicle.feedback('containers', activityId, 'IDENTIFIED', { actions: [] });
  await vehicle.answerReads(activityId, at);
}

const current = (vehicle: ManagedVehicle) => vehicle.manager?.view().current?.activityId;

test('UM-CNC-1 one activity runs at a time', async (t) => {
  const vehicle = await managedVehicle(t);
  for (const id of ['a', 'b', 'c']) await vehicle.want(id, ['containers']);
  assert.equal(vehicle.link.on('containersupdate/desiredstate').length, 1);
  assert.deepEqual(vehicle.manager?.view().waiting, ['b', 'c']);
});

test('UM-CNC-2 the next begins when the one before is completely over, its report included', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.want('b', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED', { actions: [] });
  assert.equal(current(vehicle), 'a');
  await vehicle.answerReads('a', 10);
  assert.equal(current(vehicle), 'b');
  assert.deepEqual(vehicle.feedbackOf('b'), ['IDENTIFYING']);
});

test('UM-CNC-2 the next waits for the reboot, too', async (t) => {
  const agents = { containers: { rebootRequired: true, readTimeoutMs: 1_000, rollbackAck: true } };
  const vehicle = await managedVehicle(t, { agents });
  await vehicle.want('a', ['containers']);
  await vehicle.want('b', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  await vehicle.feedback('containers', 'a', 'COMPLETED');
  await vehicle.answerReads('a', 10);
  assert.equal(vehicle.phase, 'rebooting.waiting');
  await vehicle.advance(30_000);
  assert.equal(current(vehicle), 'b');
});

test('UM-CNC-3 eight wait, one more is refused', async (t) => {
  const vehicle = await managedVehicle(t);
  for (let index = 0; index <= 9; index++) await vehicle.want(`w${index}`, ['containers']);
  assert.equal(vehicle.manager?.view().waiting.length, 8);
  assert.deepEqual(vehicle.feedbackOf('w9'), ['IDENTIFICATION_FAILED Another update activity in progress - w0']);
});

test('UM-CNC-3 what waits is carried out in order, over a crash; the manager itself stays small', async (t) => {
  const vehicle = await managedVehicle(t, { onStop: 'suspend' });
  const version = (index: number) => String(index).repeat(500_000);
  const state = (index: number) => ({
    domains: [{ id: 'containers', components: [{ id: 'app', version: version(index) }] }],
  });
  for (let index = 0; index < 4; index++) {
    const message = { activityId: `w${index}`, timestamp: 1, payload: state(index) };
    await vehicle.receive('vehicleupdate/desiredstate', message);
  }
  const record = JSON.stringify(vehicle.system.system.peek('update-manager/main'));
  assert.ok(record.length < 10_000, `${record.length} characters`);
  await finish(vehicle, 'w0');
  const next = await restarted(vehicle, 'crash');
  await next.connect();
  for (let index = 1; index < 4; index++) {
    assert.equal(current(next), `w${index}`);
    await finish(next, `w${index}`, 20 + index);
  }
  const parts = [...vehicle.link.on('containersupdate/desiredstate'), ...next.link.on('containersupdate/desiredstate')];
  const carried = parts.map(({ message: { activityId, payload } }) => [activityId, JSON.stringify(payload)]);
  for (let index = 0; index < 4; index++) {
    assert.ok(carried.some(([id, text]) => id === `w${index}` && text?.includes(version(index))));
  }
  assert.equal(next.wishes?.size, 0);
});

test('UM-CNC-3 one that waited and was lost with the store is answered, and the next is carried out', async (t) => {
  const vehicle = await managedVehicle(t);
  for (const id of ['a', 'b', 'c', 'd']) await vehicle.want(id, ['containers']);
  for (const key of ['2', '3']) vehicle.wishes?.remove(key);
  await finish(vehicle, 'a');
  for (const id of ['b', 'c']) {
    assert.deepEqual(vehicle.feedbackOf(id), ['IDENTIFICATION_FAILED the desired state cannot be read any more']);
  }
  assert.equal(current(vehicle), 'd');
  assert.deepEqual(vehicle.warnings, ['desired_state_lost', 'desired_state_lost']);
});

test('UM-CNC-3 what waited in the record of an older build is carried out', () => {
  const wish = { activityId: 'a', digest: 'd', desiredState: { domains: [] } };
  const snapshot = { status: 'active', context: { queue: [wish], count: 3 } } as unknown as Snapshot<unknown>;
  const { context } = migrateManager(1, snapshot) as unknown as { context: object };
  assert.deepEqual(context, { queue: [{ ...wish, key: 'old-0' }], count: 3, taken: 0 });
});

test('UM-CNC-3 a repetition by the broker is dropped, while it runs or waits', async (t) => {
  const vehicle = await managedVehicle(t);
  for (const id of ['a', 'a', 'b', 'b']) await vehicle.want(id, ['containers']);
  assert.deepEqual(vehicle.manager?.view().waiting, ['b']);
  const payload = { domains: [{ id: 'containers' }] };
  await vehicle.receive('vehicleupdate/desiredstate', { activityId: 'a', timestamp: 2, payload });
  assert.deepEqual(vehicle.manager?.view().waiting, ['b', 'a']);
});

test('UM-CNC-3 a newcomer may supersede: the running one is rolled back, and ends without report', async (t) => {
  const vehicle = await managedVehicle(t, { onBusy: 'supersede' });
  await vehicle.want('a');
  for (const domain of ['containers', 'self-update']) {
    for (const status of ['IDENTIFIED']) await vehicle.feedback(domain, 'a', status);
  }
  await vehicle.feedback('containers', 'a', 'DOWNLOAD_SUCCESS');
  await vehicle.want('b');
  assert.equal(vehicle.feedbackOf('a').at(-1), 'SUPERSEDED');
  assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD', 'ROLLBACK']);
  assert.deepEqual(vehicle.commandsTo('self-update'), ['DOWNLOAD', 'ROLLBACK']);
  assert.deepEqual(vehicle.link.on('containersupdate/currentstate/get'), []);
  assert.deepEqual(vehicle.feedbackOf('b'), ['IDENTIFYING']);
  const trail = vehicle.link.trail.map((line) => line.split(' ')[1]);
  assert.ok(trail.indexOf('SUPERSEDED') < trail.lastIndexOf('IDENTIFYING'));
});

test('UM-CNC-3 what was activated is cleaned up when it is superseded', async (t) => {
  const vehicle = await managedVehicle(t, { onBusy: 'supersede' });
  await vehicle.want('a');
  for (const status of ['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS']) {
    for (const domain of ['containers', 'self-update']) await vehicle.feedback(domain, 'a', status);
  }
  await vehicle.feedback('containers', 'a', 'ACTIVATION_SUCCESS');
  await vehicle.want('b');
  assert.equal(vehicle.commandsTo('containers').at(-1), 'CLEANUP');
  assert.equal(vehicle.commandsTo('self-update').at(-1), 'ROLLBACK');
});

test('UM-CNC-3 of several newcomers the last is carried out, each of the others told', async (t) => {
  const vehicle = await managedVehicle(t, { onBusy: 'supersede' });
  await vehicle.want('a', ['containers']);
  vehicle.link.isOnline = false;
  for (const id of ['b', 'c', 'd']) await vehicle.want(id, ['containers']);
  vehicle.link.isOnline = true;
  await vehicle.settle();
  for (const id of ['a', 'b', 'c']) assert.equal(vehicle.feedbackOf(id).at(-1), 'SUPERSEDED');
  assert.equal(current(vehicle), 'd');
});

test('UM-CNC-3 a newcomer waits for an activity whose end is told already', async (t) => {
  const vehicle = await managedVehicle(t, { onBusy: 'supersede' });
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED', { actions: [] });
  await vehicle.want('b', ['containers']);
  assert.deepEqual(vehicle.feedbackOf('a').slice(-1), ['COMPLETED']);
  await vehicle.answerReads('a', 10);
  assert.equal(current(vehicle), 'b');
});

test('UM-CNC-4 SUPERSEDED is said only where newcomers supersede', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.want('b', ['containers']);
  await finish(vehicle, 'a');
  await finish(vehicle, 'b', 20);
  assert.ok(vehicle.link.trail.every((line) => !line.includes('SUPERSEDED')));
});

test('UM-CNC-2 the log says when an activity begins and how it ends', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.want('b', ['containers']);
  await finish(vehicle, 'a');
  assert.deepEqual(vehicle.lines, [
    'update_activity_started {"activityId":"a","address":"update-activity/1","waiting":0}',
    'update_activity_ended {"activityId":"a","status":"COMPLETED","detail":null,"lastedMs":0}',
    'update_activity_started {"activityId":"b","address":"update-activity/2","waiting":0}',
  ]);
});

test('UM-CNC-5 an activity id may be used again', async (t) => {
  const vehicle = await managedVehicle(t);
  for (const at of [10, 20]) {
    await vehicle.want('a', ['containers']);
    await finish(vehicle, 'a', at);
  }
  assert.deepEqual(vehicle.feedbackOf('a'), [
    'IDENTIFYING',
    'IDENTIFIED',
    'COMPLETED',
    'IDENTIFYING',
    'IDENTIFIED',
    'COMPLETED',
  ]);
});

test('UM-CNC-6 messages of one moment are taken one after another', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  const statuses = ['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS', 'CLEANUP_SUCCESS'];
  await Promise.all(
    statuses.map((status) => vehicle.feedback('containers', 'a', status, { actions: [{ component: { id: 'x' } }] })),
  );
  assert.equal(vehicle.feedbackOf('a').at(-1), 'COMPLETED');
  assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP']);
});
