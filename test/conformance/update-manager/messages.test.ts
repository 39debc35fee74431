import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEnvelope,
  encodeEnvelope,
  prefixCollision,
  readDesiredState,
  readFeedback,
  topicPrefix,
} from '../../../src/protocols/update-agent/index.js';
import { managedVehicle } from '../../fakes/update-backend.js';

const bytes = (message: unknown): Buffer =>
  Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
const feedbackIn = (payload: unknown) =>
  decodeEnvelope(bytes({ activityId: 'a', timestamp: 1, payload }), readFeedback);

test('UM-TOP-1 a prefix has no dashes and ends in update', () => {
  const prefixes = {
    vehicle: 'vehicleupdate',
    device: 'deviceupdate',
    containers: 'containersupdate',
    'self-update': 'selfupdate',
    'my-dev': 'mydevupdate',
    'Soft-Update': 'SoftUpdateupdate',
    update: 'update',
    'my-ecu': 'myecuupdate',
  };
  for (const [name, prefix] of Object.entries(prefixes)) assert.equal(topicPrefix(name), prefix);
});

test('UM-TOP-2 domains that would share a topic prefix are refused', () => {
  assert.equal(
    prefixCollision('vehicle', ['self-update', 'selfupdate']),
    'domains self-update and selfupdate share topic prefix selfupdate',
  );
  assert.equal(prefixCollision('my-ecu', ['myecu']), 'domains my-ecu and myecu share topic prefix myecuupdate');
  assert.equal(prefixCollision('vehicle', ['self-update', 'containers']), undefined);
});

test('UM-MSG-1 a message is one JSON object', () => {
  for (const text of ['', '{', '[]', '"a"', '7', '\ufeff{}', '{"a":1} {}']) {
    assert.equal(decodeEnvelope(bytes(text), readFeedback).ok, false, text);
  }
  assert.deepEqual(decodeEnvelope(bytes('null'), readFeedback), {
    ok: true,
    value: { activityId: '', timestamp: 0, payload: undefined },
  });
});

test('UM-MSG-2 empty members are left out, but for those of the envelope', () => {
  const action = { component: { id: 'c:a', version: '' }, status: 'X', progress: 0, message: '' };
  assert.equal(
    encodeEnvelope('', 0, { status: 'RUNNING', message: '', baseline: null, actions: [action], more: [] }),
    '{"activityId":"","timestamp":0,"payload":{"status":"RUNNING","actions":[{"component":{"id":"c:a"},"status":"X"}]}}',
  );
  assert.equal(encodeEnvelope('a', 1, null), '{"activityId":"a","timestamp":1,"payload":null}');
});

test('UM-MSG-3 names match in any case, exactly first; unknown members and null are passed over', () => {
  assert.deepEqual(feedbackIn({ STATUS: 'B', status: 'A', Message: 'm', baseline: null, other: {} }), {
    ok: true,
    value: { activityId: 'a', timestamp: 1, payload: { status: 'A', message: 'm' } },
  });
});

test('UM-MSG-4 a member of another type drops the message', async (t) => {
  const wrong = [
    { status: 7 },
    { actions: {} },
    { actions: ['x'] },
    { actions: [{ component: { id: 1 } }] },
    { actions: [{ component: {}, progress: 1.5 }] },
    { actions: [{ component: {}, progress: 256 }] },
    { actions: [{ component: {}, progress: -1 }] },
    { actions: [{ component: {}, progress: '5' }] },
    [],
    'x',
  ];
  for (const payload of wrong) assert.equal(feedbackIn(payload).ok, false, JSON.stringify(payload));
  for (const timestamp of ['1', 1.5, 2 ** 63, true]) {
    assert.equal(decodeEnvelope(bytes({ activityId: 'a', timestamp }), readFeedback).ok, false);
  }
  const vehicle = await managedVehicle(t);
  for (const text of ['', '{"activityId":"x","payload":{"domains":{}}}', '{"activityId":7}', 'no json']) {
    await vehicle.receive('vehicleupdate/desiredstate', text);
  }
  assert.deepEqual(vehicle.link.published, []);
});

test('UM-MSG-4 with rejectFeedback an unreadable desired state is answered, unless its id runs or waits', async (t) => {
  const vehicle = await managedVehicle(t, { rejectFeedback: true });
  const unreadable = (activityId: string) =>
    vehicle.receive('vehicleupdate/desiredstate', { activityId, payload: { domains: {} } });
  await unreadable('bad');
  assert.deepEqual(vehicle.feedbackOf('bad'), [
    'IDENTIFICATION_FAILED payload.domains: expected a list, got an object',
  ]);
  await vehicle.want('a');
  await vehicle.want('b');
  await unreadable('a');
  await unreadable('b');
  assert.deepEqual(vehicle.feedbackOf('a'), ['IDENTIFYING']);
  assert.deepEqual(vehicle.feedbackOf('b'), []);
});

test('UM-MSG-5 config is a list of keys with text values', () => {
  const read = (config: unknown) =>
    decodeEnvelope(bytes({ payload: { domains: [{ id: 'd', config }] } }), readDesiredState);
  assert.deepEqual(read([{ key: 'k', value: 'v' }]), {
    ok: true,
    value: {
      activityId: '',
      timestamp: 0,
      payload: { domains: [{ id: 'd', config: [{ key: 'k', value: 'v' }] }] },
    },
  });
  assert.equal(read({ k: 'v' }).ok, false);
  assert.equal(read([{ key: 'k', value: 7 }]).ok, false);
});

test('UM-MSG-6 escaped angle brackets and ampersands are read as what they are', () => {
  assert.deepEqual(decodeEnvelope(bytes('{"payload":{"message":"\\u003ca\\u0026b\\u003e"}}'), readFeedback), {
    ok: true,
    value: { activityId: '', timestamp: 0, payload: { message: '<a&b>' } },
  });
});

test('UM-MSG-7 each hop has the same activity id and a time of its own', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('same');
  const [upstream] = vehicle.link.on('vehicleupdate/desiredstatefeedback');
  const [downstream] = vehicle.link.on('containersupdate/desiredstate');
  assert.equal(upstream?.message.activityId, 'same');
  assert.equal(downstream?.message.activityId, 'same');
  assert.equal(downstream?.message.timestamp, vehicle.system.clock.now());
});

test('UM-MSG-8 an empty activity id is an id, whose report waits for nobody', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('', ['containers']);
  await vehicle.feedback('containers', '', 'IDENTIFIED', { actions: [] });
  assert.deepEqual(vehicle.feedbackOf(''), ['IDENTIFYING', 'IDENTIFIED', 'COMPLETED']);
  assert.deepEqual(vehicle.link.trail.slice(-3), [
    'containersupdate/currentstate/get',
    'selfupdate/currentstate/get',
    'vehicleupdate/currentstate',
  ]);
  assert.equal(vehicle.manager?.view().state, 'idle');
});

test('UM-MSG-9 an action without a component is dropped, the others count', () => {
  const read = feedbackIn({ actions: [{ status: 'X' }, null, { component: { id: 'c:a' }, status: 'Y' }] });
  assert.deepEqual(read.ok && read.value.payload?.actions, [{ component: { id: 'c:a' }, status: 'Y' }]);
});
