import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HONO } from '../../../src/protocols/ditto/index.js';
import { testSystem } from '../../fakes/runtime.js';
import { ManagedVehicle, type managedVehicle, restarted, SETTINGS } from '../../fakes/update-backend.js';

const THING = { deviceId: 'edge:car:7', tenantId: 't', policyId: 'p' };
const DOMAINS = [{ id: 'containers' }];

/** A manager whose connector has said which thing it is; what was published so far is forgotten. */
async function thing(t: Parameters<typeof managedVehicle>[0], changes = {}): Promise<ManagedVehicle> {
  const vehicle = new ManagedVehicle({ ...SETTINGS, domain: 'device', thingsEnabled: true, ...changes });
  await vehicle.begin(await testSystem(t, vehicle.types));
  await vehicle.connect();
  await vehicle.receive(HONO.thingResponse, THING);
  for (const { message } of vehicle.link.on('containersupdate/currentstate/get')) {
    await vehicle.answerReads(message.activityId);
  }
  vehicle.link.published.length = 0;
  return vehicle;
}

interface Options {
  readonly requestId?: string;
  readonly isResponseRequired?: boolean;
  readonly name?: string;
  readonly correlationId?: string;
}

async function ask(vehicle: ManagedVehicle, operation: string, value: unknown, options: Options = {}): Promise<void> {
  const { requestId = 'r1', isResponseRequired = true, name = 'car:7', correlationId = 'c1' } = options;
  await vehicle.receive(`command///req/${requestId}/${operation}`, {
    topic: `edge/${name}/things/live/messages/${operation}`,
    headers: { 'response-required': isResponseRequired, 'correlation-id': correlationId },
    path: `/features/UpdateManager/inbox/messages/${operation}`,
    value,
  });
}

const replies = (vehicle: ManagedVehicle) =>
  vehicle.link.published
    .filter(({ topic }) => topic.startsWith('command///res/'))
    .map(({ topic, message }) => [topic, (message['value'] as { message?: string } | undefined)?.message]);
const events = (vehicle: ManagedVehicle) => vehicle.link.on('e').map(({ message }) => message);
const contentOf = (message: object | undefined) => (message as { value?: Record<string, unknown> } | undefined)?.value;

test('UM-TH-1 each connection begins with the question which thing this is', async (t) => {
  const vehicle = new ManagedVehicle({ ...SETTINGS, thingsEnabled: true });
  await vehicle.begin(await testSystem(t, vehicle.types));
  await vehicle.connect();
  assert.deepEqual(vehicle.link.published, [{ topic: 'edge/thing/request', retain: false, message: undefined }]);
});

test('UM-TH-2 the feature is registered, then the first report made; the same answer again changes nothing', async (t) => {
  const vehicle = await thing(t);
  await vehicle.connect();
  await vehicle.receive(HONO.thingResponse, THING);
  await vehicle.receive(HONO.thingResponse, THING);
  await vehicle.receive(HONO.thingResponse, 'no json');
  await vehicle.receive(HONO.thingResponse, JSON.stringify({ deviceId: 'edge:car/+/7', tenantId: 't' }));
  assert.deepEqual(vehicle.link.trail, [
    'edge/thing/request',
    'e',
    'containersupdate/currentstate/get',
    'selfupdate/currentstate/get',
  ]);
  assert.deepEqual(events(vehicle), [
    {
      topic: 'edge/car:7/things/twin/commands/modify',
      headers: { 'response-required': false },
      path: '/features/UpdateManager',
      value: {
        definition: ['com.bosch.iot.suite.edge.update:UpdateManager:1.0.0'],
        properties: { domain: 'device' },
      },
    },
  ]);
});

test('UM-TH-3 the namespace of a thing ends at the first colon', async (t) => {
  const vehicle = await thing(t);
  await vehicle.receive(HONO.thingResponse, { deviceId: 'a:b:c' });
  assert.equal((events(vehicle)[0] as { topic?: string } | undefined)?.topic, 'a/b:c/things/twin/commands/modify');
  await vehicle.receive(HONO.thingResponse, { deviceId: 'none' });
  assert.equal(events(vehicle).length, 1);
});

test('UM-TH-4 after a reconnection the feature is registered again', async (t) => {
  const vehicle = await thing(t);
  for (let count = 1; count <= 2; count++) {
    await vehicle.connect();
    await vehicle.receive(HONO.thingResponse, THING);
    assert.equal(events(vehicle).length, count);
  }
});

test('UM-TH-5 a reply is sent only where one is wanted, to the id of the request', async (t) => {
  const vehicle = await thing(t);
  await ask(vehicle, 'refresh', { activityId: 'r' }, { isResponseRequired: false });
  assert.deepEqual(replies(vehicle), []);
  await ask(vehicle, 'refresh', { activityId: 'r' }, { requestId: 'q7' });
  assert.deepEqual(replies(vehicle), [['command///res/q7/204', undefined]]);
  assert.deepEqual(vehicle.link.on('command///res/q7/204')[0]?.message, {
    topic: 'edge/car:7/things/live/messages/refresh',
    headers: { 'correlation-id': 'c1', 'response-required': false },
    path: '/features/UpdateManager/outbox/messages/refresh',
    status: 204,
  });
  await ask(vehicle, 'refresh', { activityId: 's' }, { requestId: 'x/y' });
  assert.equal(replies(vehicle).at(-1)?.[0], 'command///res//204');
});

test('UM-TH-6 a value of the wrong type, or without what it is about, is answered with 400', async (t) => {
  const vehicle = await thing(t);
  await ask(vehicle, 'apply', { activityId: 7 });
  await ask(vehicle, 'apply', { activityId: 'a' });
  await ask(vehicle, 'refresh', 'x');
  assert.deepEqual(replies(vehicle), [
    ['command///res/r1/400', 'activityId: expected a string, got 7'],
    ['command///res/r1/400', 'desired state is missing'],
    ['command///res/r1/400', 'the message: expected an object, got a string'],
  ]);
  assert.deepEqual(vehicle.link.on('command///res/r1/400')[1]?.message, {
    topic: 'edge/car:7/things/live/messages/apply',
    headers: { 'correlation-id': 'c1', 'response-required': false, 'content-type': 'application/json' },
    path: '/features/UpdateManager/outbox/messages/apply',
    value: { error: 'messages:parameter.invalid', status: 400, message: 'desired state is missing' },
    status: 400,
  });
});

test('UM-TH-6 messages of other things and other operations are ignored without a reply', async (t) => {
  const vehicle = await thing(t);
  await ask(vehicle, 'apply', { activityId: 'a', desiredState: { domains: DOMAINS } }, { name: 'other' });
  await ask(vehicle, 'refresh', 7, { name: 'other' });
  await ask(vehicle, 'consent', { ownerConsentFeedback: {} }, { name: 'other' });
  await ask(vehicle, 'reset', { activityId: 'a' });
  await vehicle.receive('command///req/r1/apply', 'no json');
  await vehicle.receive('command///req/r1/apply', { topic: 'nonsense' });
  assert.deepEqual(vehicle.link.published, []);
});

test('UM-TH-7 the reply comes before the effect, and everything upstream is an event of the thing', async (t) => {
  const vehicle = await thing(t);
  await ask(vehicle, 'apply', { activityId: 'a', timestamp: 1, desiredState: { domains: DOMAINS } });
  assert.deepEqual(vehicle.link.trail, ['command///res/r1/204', 'e', 'containersupdate/desiredstate']);
  assert.deepEqual(events(vehicle)[0], {
    topic: 'edge/car:7/things/live/messages/feedback',
    headers: { 'response-required': false, 'content-type': 'application/json' },
    path: '/features/UpdateManager/outbox/messages/feedback',
    value: {
      activityId: 'a',
      timestamp: vehicle.system.clock.now(),
      desiredStateFeedback: { status: 'IDENTIFYING' },
    },
  });
  await vehicle.feedback('containers', 'a', 'IDENTIFIED', { actions: [] });
  await vehicle.answerReads('a', 9);
  const report = events(vehicle).at(-1) as { path?: string } | undefined;
  assert.equal(report?.path, '/features/UpdateManager/properties');
  assert.equal(contentOf(report)?.['domain'], 'device');
  assert.ok((contentOf(report)?.['inventory'] as { softwareNodes?: unknown } | undefined)?.softwareNodes);
});

/** An activity that asks for the owner's consent; with the correlation id of the question. */
async function asking(t: Parameters<typeof managedVehicle>[0]) {
  const vehicle = await thing(t, { ownerConsentCommands: ['DOWNLOAD'] });
  await ask(vehicle, 'apply', { activityId: 'a', desiredState: { domains: DOMAINS } }, { isResponseRequired: false });
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  const question = events(vehicle).at(-1) as { headers?: Record<string, string> } | undefined;
  return { vehicle, question, correlationId: question?.headers?.['correlation-id'] ?? '' };
}

const consent = (activityId: string, status: string) => ({ activityId, ownerConsentFeedback: { status } });

test('UM-OC-1 of a thing the owner is asked, and answers, by messages with one correlation id', async (t) => {
  const { vehicle, question, correlationId } = await asking(t);
  assert.match(correlationId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(contentOf(question)?.['ownerConsent'], { command: 'DOWNLOAD' });
  assert.equal((question as { path?: string }).path, '/features/UpdateManager/outbox/messages/consent');
  await ask(vehicle, 'consent', consent('a', 'DENIED'), { correlationId: 'other' });
  assert.deepEqual(replies(vehicle), [['command///res/r1/400', 'correlation id mismatch']]);
  await ask(vehicle, 'consent', consent('b', 'DENIED'), { correlationId });
  assert.equal(vehicle.phase, 'running.download.consent.asked');
  await ask(vehicle, 'consent', consent('a', 'APPROVED'), { correlationId });
  assert.equal(replies(vehicle).at(-1)?.[0], 'command///res/r1/204');
  assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD']);
});

test('UM-OC-6 an answer that nobody waits for is refused', async (t) => {
  const idle = await thing(t);
  await ask(idle, 'consent', consent('a', 'APPROVED'));
  assert.deepEqual(replies(idle), [['command///res/r1/400', 'owner consent handler not available']]);
  const { vehicle, correlationId } = await asking(t);
  for (let count = 0; count < 2; count++) await ask(vehicle, 'consent', consent('a', 'APPROVED'), { correlationId });
  assert.deepEqual(replies(vehicle), [
    ['command///res/r1/204', undefined],
    ['command///res/r1/400', 'owner consent handler not available'],
  ]);
});

test('UM-OC-7 a consent without an answer in it is refused', async (t) => {
  const { vehicle, correlationId } = await asking(t);
  await ask(vehicle, 'consent', { activityId: 'a' }, { correlationId });
  assert.deepEqual(replies(vehicle), [['command///res/r1/400', 'owner consent feedback is missing']]);
  assert.equal(vehicle.phase, 'running.download.consent.asked');
});

test('UM-RES-4 the thing is known after a kill, so that the end of its activity can be told', async (t) => {
  const { vehicle } = await asking(t);
  const next = await restarted(vehicle, 'crash', vehicle.system.clock.now() + 3_600_000);
  await next.connect();
  await next.advance(30_000);
  const ends = events(next).filter((message) => JSON.stringify(message).includes('INCOMPLETE'));
  assert.equal(ends.length, 1);
});
