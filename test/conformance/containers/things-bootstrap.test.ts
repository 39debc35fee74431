import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANSWER,
  BRIDGE,
  configOf,
  DITTO,
  EVENTS,
  type FakeContainers,
  type Published,
  THING,
  ThingsUnderTest,
} from '../../fakes/things.js';

const QUESTION = { topic: 'edge/thing/request', payload: '{"topic":"","headers":null,"path":""}' };
const COMMANDS = `command//${THING}/req/#`;

const one = (containers: FakeContainers): void => {
  containers.put('c-1', configOf('map', 'reg/map:1'));
};
const paths = (wire: readonly (Published | string)[]): string[] =>
  wire.map((each) => {
    if (typeof each === 'string') return each;
    const { topic, path } = JSON.parse(each.payload) as { topic: string; path: string };
    return topic.endsWith('/delete') ? `delete ${path}` : path;
  });

describe('the thing that stands for the containers', () => {
  it('THG-1 has the features of the configuration, and no containers without their factory', async (t) => {
    for (const [features, expected] of [
      [['ContainerFactory'], ['/features/Container:c-1', '/features/ContainerFactory', `+${COMMANDS}`]],
      [['SoftwareUpdatable'], ['/features/SoftwareUpdatable', `+${COMMANDS}`]],
      [['Metrics'], ['/features/Metrics', `+${COMMANDS}`]],
    ] as const) {
      const things = await ThingsUnderTest.start(t, { features }, one);
      await things.up();
      things.taken();
      await things.named();
      assert.deepEqual(paths(things.taken()), expected);
      things.containers.to('c-1', 'stopped', 'Stopped');
      await things.settled();
      const isShown = features[0] === 'ContainerFactory';
      assert.deepEqual(paths(things.taken()).length, Number(isShown));
      await things.ask('Container:c-1', 'start');
      assert.equal(things.answer()?.read.status, isShown ? 204 : 400);
    }
  });

  it('THG-2 the cloud connector is asked at each connection, after the subscription', async (t) => {
    const things = await ThingsUnderTest.start(t);
    assert.deepEqual(things.taken(), []);
    assert.deepEqual(
      things.parts.subscriptions.map(({ filter, qos, onDemand }) => ({ filter, qos, onDemand })),
      [
        { filter: 'edge/thing/response', qos: 1, onDemand: false },
        { filter: 'command//+/req/#', qos: 1, onDemand: true },
      ],
    );
    await things.up();
    assert.deepEqual(things.taken(), [QUESTION]);
    assert.equal(things.state(BRIDGE), 'asking');
  });

  it('THG-3 takes answers of any connector, unsolicited too, and splits the id at its first colon', async (t) => {
    for (const [deviceId, topic] of [
      ['azure.edge:hub1.example.net:52-54', 'azure.edge/hub1.example.net:52-54:edge:containers'],
      ['ns:device', 'ns/device:edge:containers'],
      [':device', '/device:edge:containers'],
    ]) {
      const things = await ThingsUnderTest.start(t);
      await things.up();
      things.taken();
      await things.named({ deviceId, tenantId: 't', policyId: 'ns:policy' });
      const [first] = things.taken();
      assert.ok(first && typeof first !== 'string');
      assert.equal(first.topic, `e/t/${deviceId}:edge:containers`);
      assert.ok(first.payload.startsWith(`{"topic":"${topic}/things/twin/commands/modify"`), first.payload);
    }
  });

  it('THG-3 what names no device leads nowhere', async (t) => {
    const things = await ThingsUnderTest.start(t);
    await things.up();
    things.taken();
    for (const answer of [
      {},
      { deviceId: 'nocolon', tenantId: 't' },
      { deviceId: 'a:b/c', tenantId: 't' },
      { deviceId: 'a:#', tenantId: 't' },
      { deviceId: 'a:b', tenantId: '+' },
      { deviceId: `a:${'b'.repeat(600)}`, tenantId: 't' },
      { deviceId: 5 },
    ]) {
      await things.named(answer);
    }
    await things.receive('edge/thing/response', 'no json');
    assert.deepEqual(things.taken(), []);
    assert.equal(things.state(BRIDGE), 'asking');
  });

  it('THG-4 the example: topics of events, of Ditto and of commands', async (t) => {
    const things = await ThingsUnderTest.start(t);
    await things.up();
    things.taken();
    await things.named();
    const wire = things.taken();
    assert.equal(wire.at(-1), `+${COMMANDS}`);
    assert.deepEqual(wire[0], {
      topic: EVENTS,
      payload: `{"topic":"${DITTO}/things/twin/commands/modify","headers":{"response-required":false},"path":"/features/ContainerFactory","value":{"definition":["com.bosch.iot.suite.edge.containers:ContainerFactory:1.3.0"]}}`,
    });
    assert.equal(EVENTS, 'e/t1/azure.edge:hub1.example.net:52-54-00-12-34-56:edge:containers');
  });

  it('THG-5 the same device is passed over; another one has everything built anew', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, one);
    await things.named();
    assert.deepEqual(things.taken(), []);
    await things.named({ ...ANSWER, tenantId: 't2' });
    assert.deepEqual(paths(things.taken()), [
      `-${COMMANDS}`,
      '/features/Container:c-1',
      '/features/ContainerFactory',
      '/features/SoftwareUpdatable',
      '/features/Metrics',
      `+${COMMANDS}`,
    ]);
    await things.named({ deviceId: 'other:device', tenantId: 't2' });
    const wire = things.taken();
    assert.equal(wire[0], `-${COMMANDS}`);
    assert.equal(wire.at(-1), '+command//other:device:edge:containers/req/#');
  });

  it('THG-5 each connection begins with the question, and without a device', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, one);
    await things.down();
    assert.equal(things.state(BRIDGE), 'lost');
    things.containers.to('c-1', 'stopped', 'Stopped');
    await things.ask('Container:c-1', 'start');
    assert.deepEqual(things.taken(), []);
    await things.up();
    assert.deepEqual(things.taken(), [QUESTION]);
    await things.named();
    assert.equal(things.state(BRIDGE), 'known');
    assert.equal(things.taken().at(-1), `+${COMMANDS}`);
  });

  it('THG-5 a process that begins anew knows no device until it is told', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, one);
    const again = await things.again(t);
    assert.equal(again.state(BRIDGE), 'lost');
    again.containers.to('c-1', 'stopped', 'Stopped');
    await again.settled();
    assert.deepEqual(again.taken(), []);
    await again.up();
    assert.deepEqual(again.taken(), [QUESTION]);
  });

  it('THG-6 features, then what is gone since an earlier run, and then the commands', async (t) => {
    const first = await ThingsUnderTest.known(t, {}, (containers) => {
      one(containers);
      containers.put('c-2', configOf('radio', 'reg/radio:1'));
    });
    first.containers.facts.delete('c-2');
    const things = await first.again(t, 'reopen');
    await things.up();
    things.taken();
    await things.named();
    assert.deepEqual(paths(things.taken()), [
      '/features/Container:c-1',
      'delete /features/Container:c-2',
      '/features/ContainerFactory',
      '/features/SoftwareUpdatable',
      '/features/Metrics',
      `+${COMMANDS}`,
    ]);
    await things.named({ ...ANSWER, tenantId: 't2' });
    assert.ok(!paths(things.taken()).includes('delete /features/Container:c-2'), 'it is deleted once');
  });

  it('THG-6 what was removed is remembered until the broker has its deletion', async (t) => {
    const first = await ThingsUnderTest.known(t, {}, one);
    first.silence();
    first.containers.to('c-1', 'removed', 'Dead');
    await first.settled();
    const second = await first.again(t);
    await second.up();
    second.silence();
    await second.named();
    const third = await second.again(t);
    await third.up();
    third.taken();
    await third.named();
    assert.ok(paths(third.taken()).includes('delete /features/Container:c-1'), 'it is deleted at last');
    await third.named({ ...ANSWER, tenantId: 't2' });
    assert.ok(!paths(third.taken()).includes('delete /features/Container:c-1'), 'and once');
  });

  it('THG-6 a change during the registration is part of it', async (t) => {
    const things = await ThingsUnderTest.start(t, {}, one);
    await things.up();
    things.taken();
    const named = things.named();
    things.containers.put('c-2', configOf('radio', 'reg/radio:1'));
    things.containers.to('c-2', 'created', 'Created');
    await named;
    await things.settled();
    const seen = paths(things.taken());
    assert.ok(seen.includes('/features/Container:c-2'), seen.join());
    assert.equal(seen.filter((path) => path.startsWith('+')).length, 1);
  });
});
