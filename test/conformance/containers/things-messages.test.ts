import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANSWER,
  BRIDGE,
  configOf,
  DITTO,
  EVENTS,
  type FakeContainers,
  request,
  THING,
  ThingsUnderTest,
} from '../../fakes/things.js';

const ID = '4f0f0e1c-0000-4000-8000-000000000000';
const put = (containers: FakeContainers): void => {
  containers.put(ID, configOf('map', 'reg/map:1'));
};
const toContainer = (operation: string, value?: unknown, changes: object = {}) =>
  request(`Container:${ID}`, operation, value, changes);
const withHeaders = (headers: object) => toContainer('start', undefined, { headers });
const GOOD = { 'correlation-id': 'c-1', 'response-required': true };

describe('messages of the thing', () => {
  it('THG-7 a property is set without an answer being wanted', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    things.containers.to(ID, 'paused', 'Paused');
    await things.settled();
    assert.deepEqual(things.taken(), [
      {
        topic: EVENTS,
        payload: `{"topic":"${DITTO}/things/twin/commands/modify","headers":{"response-required":false},"path":"/features/Container:${ID}/properties/status/state","value":{"status":"PAUSED","pid":42,"startedAt":"2026-01-01T00:00:01Z"}}`,
      },
    ]);
  });

  it('THG-7 a feature is deleted without a value', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    things.containers.change(ID, 'removed');
    await things.settled();
    assert.deepEqual(things.taken()[1], {
      topic: EVENTS,
      payload: `{"topic":"${DITTO}/things/twin/commands/delete","headers":{"response-required":false},"path":"/features/Container:${ID}"}`,
    });
  });

  it('THG-9 the example of an operation is carried out, whatever the subject of its topic says', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    const example = `{ "topic": "${DITTO}/things/live/messages/start",
      "headers": { "correlation-id": "c-1", "response-required": true, "content-type": "application/json" },
      "path": "/features/Container:${ID}/inbox/messages/start", "value": {} }`;
    await things.receive(`command//${THING}/req/r-7/pause`, example);
    assert.deepEqual(things.containers.calls, [`${ID} {"type":"START"}`]);
    const answers = things.taken().filter((each) => typeof each !== 'string' && each.topic.includes('/res/'));
    assert.deepEqual(answers, [
      {
        topic: `command//${THING}/res/r-7/204`,
        payload: `{"topic":"${DITTO}/things/live/messages/start","headers":{"correlation-id":"c-1"},"path":"/features/Container:${ID}/outbox/messages/start","status":204}`,
      },
    ]);
  });

  it('THG-9 an operation that the broker has retained is not carried out at each connection', async (t) => {
    const things = await ThingsUnderTest.known(t);
    const create = request('ContainerFactory', 'create', { imageRef: 'reg/app:1' });
    await things.receive(`command//${THING}/req/r1/create`, JSON.stringify(create), true);
    assert.deepEqual([things.containers.calls, things.taken()], [[], []]);
    await things.receive('edge/thing/response', JSON.stringify({ ...ANSWER, tenantId: 't2' }), true);
    assert.notEqual(things.taken().length, 0, 'who the device is may be retained');
  });

  it('THG-9 a request without an id is carried out and not answered', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    await things.receive(`command//${THING}/req//pause`, JSON.stringify(toContainer('pause')));
    assert.deepEqual(things.containers.calls, [`${ID} {"type":"PAUSE"}`]);
    assert.equal(things.answer(), undefined);
  });

  const broken: ReadonlyArray<readonly [what: string, message: unknown, status: number, message: RegExp]> = [
    ['no JSON', '{"topic":', 400, /JSON|position|property/],
    ['nothing at all', '', 400, /no payload/],
    ['JSON that is no object', '[1]', 400, /an object/],
    ['a topic that is a number', { ...toContainer('start'), topic: 5 }, 400, /topic: expected a string/],
    ['no topic', { path: '/features/x' }, 400, /topic is missing/],
    ['no path', { topic: 'a/b/c' }, 400, /path is missing/],
    ['a topic of two segments', { ...toContainer('start'), topic: 'a/b' }, 400, /less than three segments/],
    ['no correlation id', withHeaders({ 'response-required': true }), 400, /correlation-id is missing/],
    ['a value of no type', toContainer('start', {}, { headers: GOOD }), 400, /must be application\/json/],
    [
      'a value of another type',
      toContainer('start', {}, { headers: { ...GOOD, 'content-type': 'application/json; charset=utf-8' } }),
      400,
      /must be application\/json/,
    ],
    ['a type without a value', withHeaders({ ...GOOD, 'content-type': 'application/json' }), 400, /but no value/],
    [
      'another thing',
      { ...toContainer('start'), topic: 'n/other/things/live/messages/start' },
      404,
      /no thing n:other/,
    ],
    ['no feature', request('Nothing', 'start'), 400, /no feature Nothing/],
    ['a prototype as a feature', request('__proto__', 'start'), 400, /no feature/],
    ['an unknown container', request('Container:nobody', 'start'), 400, /no feature Container:nobody/],
    ['a path of another form', { ...toContainer('start'), path: '/somewhere' }, 400, /no feature/],
    ['an unknown operation', toContainer('explode'), 404, /operationId = explode/],
    ['a prototype as an operation', toContainer('constructor'), 404, /operationId = constructor/],
    ['a value that does not fit', toContainer('rename', { name: 'x' }), 400, /expected a string/],
  ];
  for (const [what, message, status, detail] of broken) {
    it(`THG-10 THG-12 ${what} is answered with ${status}`, async (t) => {
      const things = await ThingsUnderTest.known(t, {}, put);
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      await things.receive(`command//${THING}/req/r1/start`, text);
      const answer = things.answer();
      assert.equal(answer?.to, `r1/${status}`);
      const { path, headers, value, ...rest } = (answer as NonNullable<typeof answer>).read;
      const error = status === 404 ? 'messages:subject.notfound' : 'messages:parameter.invalid';
      const { message: said, ...others } = value as { message: string };
      assert.deepEqual(others, { error, status });
      assert.match(said, detail);
      assert.equal(rest.status, status);
      assert.equal(headers['content-type'], 'application/json');
      const sent = typeof message === 'string' ? {} : (message as { path?: string; topic?: unknown });
      const isReadable = typeof sent.topic === 'string' && sent.path !== undefined;
      assert.equal(path, isReadable ? sent.path : '/');
      assert.equal(rest.topic, isReadable ? sent.topic : 'unknown/unknown/things/twin/errors');
      assert.deepEqual(things.containers.calls, []);
      await things.ask(`Container:${ID}`, 'start');
      assert.equal(things.answer()?.to, 'r1/204', 'it goes on');
    });
  }

  it('THG-10 the checks come in their order: what two of them would refuse, the first one does', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    const other = { topic: 'n/other/things/live/messages/explode' };
    for (const [message, detail] of [
      [{ topic: 'a/b', path: '/x', headers: {} }, /three segments/],
      [{ ...request('Nothing', 'explode', 1), headers: { 'response-required': true } }, /correlation-id/],
      [{ ...request('Nothing', 'explode', 1), ...other, headers: GOOD }, /application\/json/],
      [{ ...request('Nothing', 'explode', 1), ...other }, /no thing/],
      [request('Nothing', 'explode', 1), /no feature/],
      [toContainer('explode', { bad: true }), /explode/],
    ] as const) {
      const headers = { 'response-required': true, ...(message as { headers?: object }).headers };
      await things.receive(`command//${THING}/req/r1/x`, JSON.stringify({ ...message, headers }));
      assert.match(things.refusal(), detail);
    }
  });

  it('THG-11 nobody is answered who does not want to be', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    for (const headers of [
      { 'correlation-id': 'c' },
      { 'correlation-id': 'c', 'response-required': false },
      { 'correlation-id': 'c', 'response-required': null },
    ]) {
      await things.receive(`command//${THING}/req/r1/start`, JSON.stringify(withHeaders(headers)));
      await things.receive(`command//${THING}/req/r1/start`, JSON.stringify({ ...request('No', 'start'), headers }));
      assert.equal(things.answer(), undefined);
    }
    await things.receive(`command//${THING}/req//start`, 'no json');
    const unwanted = { headers: { 'response-required': false } };
    await things.receive(`command//${THING}/req/r1/start`, JSON.stringify(unwanted));
    assert.equal(things.answer(), undefined);
    assert.equal(things.containers.calls.length, 3);
  });

  it('THG-11 a value is answered with 200 and its type, nothing with 204 and none', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    await things.ask('ContainerFactory', 'create', { imageRef: 'reg/a:1', start: false });
    const created = things.answer();
    assert.equal(created?.to, 'r1/200');
    assert.deepEqual(created.read, {
      topic: `${DITTO}/things/live/messages/create`,
      headers: { 'correlation-id': 'c-1', 'content-type': 'application/json' },
      path: '/features/ContainerFactory/outbox/messages/create',
      value: 'c1',
      status: 200,
    });
  });

  it("THG-12 an engine's error is 500 with its text, on the outbox path", async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    things.containers.failures.set('PAUSE', 'no such container in the engine');
    await things.ask(`Container:${ID}`, 'pause');
    assert.deepEqual(things.answer(), {
      to: 'r1/500',
      read: {
        topic: `${DITTO}/things/live/messages/pause`,
        headers: { 'correlation-id': 'c-1', 'content-type': 'application/json' },
        path: `/features/Container:${ID}/outbox/messages/pause`,
        value: { error: 'messages:execution.failed', status: 500, message: 'no such container in the engine' },
        status: 500,
      },
    });
  });

  it('THG-13 what the cloud says of the twin has no effect', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    for (const subject of ['created', 'modified', 'deleted', 'errors-response']) {
      await things.receive(`command//${THING}/req//${subject}`, '{"topic":"x"}');
    }
    assert.deepEqual(things.taken(), []);
    assert.equal(things.state(BRIDGE), 'known');
  });
});
