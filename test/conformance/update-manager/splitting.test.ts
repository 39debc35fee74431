import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitDesiredState } from '../../../src/protocols/update-manager/index.js';
import { managedVehicle } from '../../fakes/update-backend.js';

const AGENTS = ['containers', 'self-update'];

test('UM-SPL-1 each agent gets its own domain', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a');
  assert.deepEqual(vehicle.link.on('selfupdate/desiredstate')[0]?.message.payload, {
    domains: [{ id: 'self-update', components: [{ id: 'app', version: '2' }] }],
  });
});

test('UM-SPL-2 baselines are cut to the components of the domain', () => {
  const baselines = [
    { title: 'both', description: 'd', preconditions: 'a=b', components: ['containers:x', 'self-update:y'] },
    { title: 'other', components: ['self-update:z', 'containersx:q'] },
  ];
  const { parts } = splitDesiredState({ baselines, domains: [{ id: 'containers' }, { id: 'self-update' }] }, AGENTS);
  assert.deepEqual(parts[0]?.state.baselines, [
    { title: 'both', description: 'd', preconditions: 'a=b', components: ['containers:x'] },
  ]);
  assert.deepEqual(
    parts[1]?.state.baselines?.map(({ components }) => components),
    [['self-update:y'], ['self-update:z']],
  );
  const without = splitDesiredState({ baselines: [{ title: 'none' }], domains: [{ id: 'containers' }] }, AGENTS);
  assert.deepEqual(without.parts[0]?.state, { domains: [{ id: 'containers' }] });
});

test('UM-SPL-3 of two entries of a domain the last counts', async (t) => {
  const vehicle = await managedVehicle(t);
  const domains = [{ id: 'containers', components: [{ id: 'first' }] }, { id: 'containers' }];
  await vehicle.receive('vehicleupdate/desiredstate', { activityId: 'a', payload: { domains } });
  const sent = vehicle.link.on('containersupdate/desiredstate');
  assert.deepEqual(
    sent.map(({ message }) => message.payload),
    [{ domains: [{ id: 'containers' }] }],
  );
  assert.ok(vehicle.warnings.includes('desired_state_not_carried_out_in_full'));
});

test('UM-SPL-4 a domain without agent is skipped, and named in IDENTIFIED where that is asked for', async (t) => {
  for (const reportUnknownDomains of [false, true]) {
    const vehicle = await managedVehicle(t, { reportUnknownDomains });
    await vehicle.want('a', ['seats', 'containers', 'mirrors']);
    await vehicle.feedback('containers', 'a', 'IDENTIFIED');
    const expected = reportUnknownDomains ? 'IDENTIFIED domains without update agent: seats, mirrors' : 'IDENTIFIED';
    assert.equal(vehicle.feedbackOf('a')[1], expected);
    assert.ok(vehicle.warnings.includes('desired_state_not_carried_out_in_full'));
  }
});

test('UM-SPL-5 without any supported domain the activity ends at once, with its id', async (t) => {
  const vehicle = await managedVehicle(t);
  const ids = ['unknown', 'empty', 'nothing', 'null'];
  const payloads = [{ domains: [{ id: 'seats' }] }, { domains: [] }, {}, null];
  for (const [index, payload] of payloads.entries()) {
    const activityId = ids[index] ?? '';
    await vehicle.receive('vehicleupdate/desiredstate', { activityId, payload });
    await vehicle.answerReads(activityId, index + 2);
    assert.deepEqual(vehicle.feedbackOf(activityId), [
      'INCOMPLETE the desired state manifest does not contain any supported domain',
    ]);
    assert.equal(vehicle.link.published.at(-1)?.topic, 'vehicleupdate/currentstate');
    assert.equal(vehicle.link.published.at(-1)?.message.activityId, activityId);
  }
});

test('UM-SPL-6 an agent that is not named takes no part', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.feedback('self-update', 'a', 'IDENTIFICATION_FAILED');
  assert.deepEqual(vehicle.link.on('selfupdate/desiredstate'), []);
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  assert.equal(vehicle.phase, 'running.download.await.waiting');
});
