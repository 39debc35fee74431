import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ManagedVehicle, managedVehicle } from '../../fakes/update-backend.js';

const FEEDBACK = 'vehicleupdate/desiredstatefeedback';
const statuses = (vehicle: ManagedVehicle) => vehicle.feedbackOf('a').map((line) => line.split(' ')[0]);
const progress = (vehicle: ManagedVehicle, percent: number) =>
  vehicle.feedback('containers', 'a', 'DOWNLOADING', {
    actions: [{ component: { id: 'containers:app' }, status: 'DOWNLOADING', progress: percent }],
  });

async function downloading(t: Parameters<typeof managedVehicle>[0], changes = {}) {
  const vehicle = await managedVehicle(t, changes);
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  return vehicle;
}

test('UM-FB-1 every status but RUNNING is published at once, and the end closes the window', async (t) => {
  const vehicle = await downloading(t);
  await progress(vehicle, 5);
  await vehicle.feedback('containers', 'a', 'INCOMPLETE');
  assert.deepEqual(statuses(vehicle), ['IDENTIFYING', 'IDENTIFIED', 'RUNNING', 'INCOMPLETE']);
  await vehicle.advance(300_000);
  assert.equal(statuses(vehicle).length, 4);
});

test('UM-FB-2 RUNNING is published at once, then not for the interval', async (t) => {
  const vehicle = await downloading(t);
  assert.deepEqual(statuses(vehicle), ['IDENTIFYING', 'IDENTIFIED', 'RUNNING']);
  for (const percent of [1, 2, 3]) await progress(vehicle, percent);
  assert.equal(statuses(vehicle).length, 3);
});

test('UM-FB-3 at the end of the interval what changed is published once, and the next RUNNING at once', async (t) => {
  const vehicle = await downloading(t);
  await progress(vehicle, 10);
  await progress(vehicle, 20);
  await vehicle.advance(59_999);
  assert.equal(statuses(vehicle).length, 3);
  await vehicle.advance(1);
  assert.equal(statuses(vehicle).length, 4);
  const actions = vehicle.link.on(FEEDBACK).at(-1)?.message.payload?.['actions'];
  assert.equal((actions as ReadonlyArray<{ progress: number }>)[0]?.progress, 20);
  await progress(vehicle, 30);
  assert.equal(statuses(vehicle).length, 5);
});

test('UM-FB-3 nothing is published that says the same, in whatever order', async (t) => {
  const vehicle = await downloading(t);
  await vehicle.advance(60_000);
  const actions = ['b', 'a'].map((id) => ({ component: { id: `containers:${id}` }, status: 'DOWNLOADING' }));
  await vehicle.feedback('containers', 'a', 'DOWNLOADING', { actions });
  const count = statuses(vehicle).length;
  await vehicle.feedback('containers', 'a', 'DOWNLOADING', { actions: actions.toReversed() });
  await vehicle.advance(60_000);
  assert.equal(statuses(vehicle).length, count);
});

test('UM-FB-4 without an interval RUNNING is never published', async (t) => {
  const vehicle = await downloading(t, { reportFeedbackIntervalMs: 0 });
  await progress(vehicle, 10);
  await vehicle.advance(60_000);
  assert.deepEqual(statuses(vehicle), ['IDENTIFYING', 'IDENTIFIED']);
});

test('UM-FB-5 a feedback carries all actions in the order of the desired state, no baseline, and RUNNING no message', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['self-update', 'containers']);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED', { message: 'm', baseline: 'b' });
  await vehicle.feedback('self-update', 'a', 'IDENTIFIED');
  const payload = vehicle.link.on(FEEDBACK).at(-1)?.message.payload;
  assert.deepEqual(payload, {
    status: 'RUNNING',
    actions: ['self-update', 'containers'].map((domain) => ({
      component: { id: `${domain}:app`, version: '2' },
      status: 'IDENTIFIED',
    })),
  });
});

test('UM-FB-6 activation is a part of the update upstream', async (t) => {
  const vehicle = await downloading(t);
  const names = ['ACTIVATING', 'ACTIVATION_SUCCESS', 'ACTIVATION_FAILURE', 'REMOVING', 'UPDATED', 'constructor'];
  const actions = names.map((status) => ({ component: { id: status }, status }));
  await vehicle.feedback('containers', 'a', 'INCOMPLETE', { actions });
  const published = vehicle.link.on(FEEDBACK).at(-1)?.message.payload?.['actions'] as Array<{ status: string }>;
  assert.deepEqual(published.map(({ status }) => status).slice(1), [
    'UPDATING',
    'UPDATE_SUCCESS',
    'UPDATE_FAILURE',
    'REMOVING',
    'UPDATED',
    'constructor',
  ]);
});

test('UM-FB-7 the activity does not wait for its feedback to be taken', async (t) => {
  const vehicle = await downloading(t);
  vehicle.link.isOnline = false;
  for (const status of ['DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS']) {
    await vehicle.feedback('containers', 'a', status);
  }
  assert.equal(vehicle.phase, 'running.cleaning.sending');
});

test('UM-TMR-1 progress gives a phase no more time', async (t) => {
  const vehicle = await downloading(t);
  await vehicle.advance(599_000);
  await progress(vehicle, 99);
  await vehicle.advance(1_000);
  assert.equal(vehicle.phase, 'reporting.reading');
});

test('UM-TMR-2 the phase has no time-out while the owner thinks', async (t) => {
  const vehicle = await downloading(t, { ownerConsentCommands: ['DOWNLOAD'] });
  await vehicle.advance(1_799_999);
  assert.equal(vehicle.phase, 'running.download.consent.asked');
  await vehicle.receive('vehicleupdate/ownerconsentfeedback', { activityId: 'a', payload: { status: 'APPROVED' } });
  await vehicle.advance(600_000);
  assert.equal(
    vehicle.feedbackOf('a').at(-1),
    "INCOMPLETE failed to wait for command 'UPDATE' signal: not received in 10m0s",
  );
});
