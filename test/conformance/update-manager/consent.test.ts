import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ManagedVehicle, managedVehicle, SETTINGS } from '../../fakes/update-backend.js';

const ALL = ['DOWNLOAD', 'UPDATE', 'ACTIVATE'] as const;
const PHASES = { DOWNLOAD: 'download', UPDATE: 'update', ACTIVATE: 'activate' };
const RESULTS = ['DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS'];

const answer = (vehicle: ManagedVehicle, status: string, activityId = 'a') =>
  vehicle.receive('vehicleupdate/ownerconsentfeedback', { activityId, timestamp: 1, payload: { status } });
const questions = (vehicle: ManagedVehicle) =>
  vehicle.link.on('vehicleupdate/ownerconsent').map(({ message }) => message.payload?.['command']);
const last = (vehicle: ManagedVehicle) => vehicle.feedbackOf('a').at(-1);

/** One agent, and an owner who is asked before `command` alone. */
async function asked(t: Parameters<typeof managedVehicle>[0], command: (typeof ALL)[number], changes = {}) {
  const vehicle = await managedVehicle(t, { ownerConsentCommands: [command], ...changes });
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  for (const result of RESULTS.slice(0, ALL.indexOf(command))) await vehicle.feedback('containers', 'a', result);
  assert.equal(vehicle.phase, `running.${PHASES[command]}.consent.asked`);
  return vehicle;
}

test('UM-OC-1 each command is asked for once, for all domains, and sent when it is approved', async (t) => {
  const vehicle = await managedVehicle(t, { ownerConsentCommands: ALL });
  await vehicle.want('a');
  for (const domain of ['containers', 'self-update']) await vehicle.feedback(domain, 'a', 'IDENTIFIED');
  for (const [index, command] of ALL.entries()) {
    assert.deepEqual(questions(vehicle), ALL.slice(0, index + 1));
    assert.ok(!vehicle.commandsTo('containers').includes(command));
    await answer(vehicle, 'APPROVED');
    assert.equal(vehicle.commandsTo('containers').at(-1), command);
    for (const domain of ['containers', 'self-update']) await vehicle.feedback(domain, 'a', RESULTS[index] ?? '');
  }
});

test('UM-OC-1 anything but APPROVED is a denial', async (t) => {
  for (const payload of [{ status: 'approved' }, { status: 'DENIED' }, {}, null]) {
    const vehicle = await asked(t, 'DOWNLOAD');
    await vehicle.receive('vehicleupdate/ownerconsentfeedback', { activityId: 'a', payload });
    assert.equal(last(vehicle), "INCOMPLETE failed to wait for command 'UPDATE' signal: owner approval not granted");
  }
});

test('UM-OC-2 an answer for another activity is ignored', async (t) => {
  const vehicle = await asked(t, 'DOWNLOAD');
  await answer(vehicle, 'DENIED', 'b');
  assert.equal(vehicle.phase, 'running.download.consent.asked');
  await answer(vehicle, 'APPROVED');
  assert.equal(vehicle.phase, 'running.download.await.waiting');
});

test('UM-OC-3 a denial of the download ends the activity, and agents are told nothing', async (t) => {
  const vehicle = await asked(t, 'DOWNLOAD');
  await answer(vehicle, 'DENIED');
  assert.deepEqual(vehicle.commandsTo('containers'), []);
  assert.equal(vehicle.phase, 'reporting.reading');
  const released = await asked(t, 'DOWNLOAD', { releaseAgents: true });
  await answer(released, 'DENIED');
  assert.deepEqual(released.commandsTo('containers'), ['ROLLBACK']);
});

test('UM-OC-4 a denial of a later command rolls back, then cleans up', async (t) => {
  for (const command of ['UPDATE', 'ACTIVATE'] as const) {
    const vehicle = await asked(t, command);
    await answer(vehicle, 'DENIED');
    await vehicle.feedback('containers', 'a', 'ROLLBACK_SUCCESS');
    assert.deepEqual(vehicle.commandsTo('containers').slice(-2), ['ROLLBACK', 'CLEANUP']);
    await vehicle.feedback('containers', 'a', 'CLEANUP_SUCCESS');
    assert.equal(last(vehicle), 'INCOMPLETE the update process is incompleted: owner approval not granted');
  }
});

test('UM-OC-4 a domain that cannot be rolled back is cleaned up at once', async (t) => {
  const vehicle = await asked(t, 'UPDATE');
  await answer(vehicle, 'DENIED');
  await vehicle.feedback('containers', 'a', 'ROLLBACK_FAILURE');
  assert.deepEqual(vehicle.commandsTo('containers').slice(-2), ['ROLLBACK', 'CLEANUP']);
  await vehicle.feedback('containers', 'a', 'CLEANUP_SUCCESS');
  assert.equal(
    last(vehicle),
    "INCOMPLETE failed to wait for command 'CLEANUP' signal: the update process is incompleted: owner approval not granted",
  );
});

test('UM-OC-4 an agent that answers a rollback by silence is taken at it', async (t) => {
  const agents = { containers: { rebootRequired: false, readTimeoutMs: 1_000, rollbackAck: false } };
  const vehicle = await asked(t, 'UPDATE', { agents });
  await answer(vehicle, 'DENIED');
  assert.deepEqual(vehicle.commandsTo('containers').slice(-1), ['ROLLBACK']);
  assert.equal(
    last(vehicle),
    "INCOMPLETE failed to wait for command 'CLEANUP' signal: the update process is incompleted: owner approval not granted",
  );
});

test('UM-OC-5 agents and owner are both heard while the question is open', async (t) => {
  const vehicle = await asked(t, 'UPDATE');
  await vehicle.feedback('containers', 'a', 'UPDATING');
  await answer(vehicle, 'APPROVED');
  assert.equal(vehicle.phase, 'running.update.await.waiting');
  const settled = await asked(t, 'UPDATE');
  await settled.feedback('containers', 'a', 'COMPLETED');
  assert.equal(last(settled), 'COMPLETED');
  await answer(settled, 'APPROVED');
  assert.deepEqual(settled.commandsTo('containers'), ['DOWNLOAD']);
});

test('UM-OC-6 an answer is used once', async (t) => {
  const vehicle = await managedVehicle(t, { ownerConsentCommands: ['DOWNLOAD', 'UPDATE'] });
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  await answer(vehicle, 'APPROVED');
  await answer(vehicle, 'APPROVED');
  await vehicle.feedback('containers', 'a', 'DOWNLOAD_SUCCESS');
  assert.equal(vehicle.phase, 'running.update.consent.asked');
});

test('UM-ORC-12 the reason of a denial is in the last message, also of one by silence', async (t) => {
  const vehicle = await asked(t, 'ACTIVATE');
  await vehicle.advance(SETTINGS.ownerConsentTimeoutMs);
  assert.equal(vehicle.phase, 'running.rollingBack.waiting');
  await vehicle.feedback('containers', 'a', 'INCOMPLETE');
  assert.equal(
    last(vehicle),
    "INCOMPLETE failed to wait for command 'CLEANUP' signal: the update process is incompleted: owner consent not granted in 30m0s",
  );
});

test('UM-ORC-13 silence before the download ends the activity', async (t) => {
  const vehicle = await asked(t, 'DOWNLOAD', { ownerConsentTimeoutMs: 1_500 });
  await vehicle.advance(1_500);
  assert.equal(
    last(vehicle),
    "INCOMPLETE failed to wait for command 'UPDATE' signal: owner consent not granted in 1.5s",
  );
  await answer(vehicle, 'APPROVED');
  assert.deepEqual(vehicle.commandsTo('containers'), []);
});
