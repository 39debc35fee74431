import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { configOf } from '../../src/hub-config.js';
import { silentLogger, systemClock, systemIds } from '../../src/runtime/index.js';
import { createVehicle } from '../../src/vehicle.js';
import { checkVehicleConfig } from '../../src/vehicle-config.js';
import { connectClient, type TestClient } from '../actors/mqtt/broker-setup.js';
import { freePort, Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { eventually, temporaryFolder } from '../fakes/runtime.js';
import { TcpWay } from '../fakes/tcp-way.js';
import { VehicleProcess } from '../fakes/vehicle-process.js';

const HUB = ['hub.deviceId=car-7', 'hub.namespace=edge', 'hub.tenantId=t1'];
const CAR = 'edge:car-7';
const CONTAINERS = `${CAR}:edge:containers`;

/** Everything that a client hears of some topics, as `topic payload`. */
async function hears({ mqtt, publications }: TestClient, ...filters: readonly string[]) {
  for (const filter of filters) await mqtt.subscribeAsync(filter, { qos: 1 });
  return () => publications.map(({ topic, payload }) => `${topic} ${payload.toString()}`);
}

async function startVehicle(t: TestContext, ...sets: readonly string[]) {
  const own = [`dataDir=${temporaryFolder(t)}`, 'http.port=0', ...HUB];
  const config = configOf(checkVehicleConfig({ sets: [...own, ...sets] }));
  const vehicle = createVehicle(config, {
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger(),
    version: 'test',
    environment: {},
    end: () => {},
  });
  t.after(() => vehicle.stop(5_000));
  await vehicle.start((error) => assert.fail(error as Error));
  const { http, mqtt } = vehicle.urls();
  const view = async () => {
    const response = await fetch(`${http}/api/v1/hub-link`);
    return (await response.json()) as { thing: string; hub: string; outbox: { messages: number } };
  };
  return { vehicle, mqtt: String(mqtt), view };
}

const ditto = (operation: string, value: object) =>
  JSON.stringify({
    topic: `edge/car-7/things/live/messages/${operation}`,
    headers: { 'response-required': true, 'correlation-id': 'c1' },
    path: `/features/UpdateManager/inbox/messages/${operation}`,
    value,
  });

it('THG-2 THG-3 without a hub the roles of a vehicle are told which thing it is, and nothing else happens', async (t) => {
  const { vehicle, mqtt, view } = await startVehicle(t, 'mqtt.embedded.port=0', 'hub.policyId=n:p');
  // What is asked before it hears is not heard; everybody is told unasked then.
  await eventually(() => vehicle.system.cell('mqtt-link/hub-link')?.stateText === 'online', 'it hears', 60_000);
  await vehicle.system.settled();
  await eventually(() => vehicle.system.outboxSize === 0, 'it has told everybody', 60_000);
  const local = await connectClient(t, mqtt);
  const heard = await hears(local, 'edge/thing/response', 'command/#');
  const answer = `edge/thing/response {"deviceId":"${CAR}","tenantId":"t1","policyId":"n:p"}`;
  for (const question of ['', '{"topic":"","headers":null,"path":""}', 'nonsense']) {
    await local.mqtt.publishAsync('edge/thing/request', question, { qos: 1 });
  }
  await eventually(() => heard().length >= 3, 'it answers', 60_000);
  assert.deepEqual(heard(), [answer, answer, answer]);
  await local.mqtt.publishAsync('e', 'x', { qos: 1 });
  const { thing, hub, outbox } = await view();
  assert.deepEqual([thing, hub, outbox.messages], [CAR, 'none', 0]);
});

describe('the hub link between two brokers', { skip: withoutMosquitto() }, () => {
  it('UM-TH-2 UM-TH-1 THG-4 the update manager of a vehicle registers at the hub and answers what it is asked', async (t) => {
    const mosquitto = await Mosquitto.start(t);
    const cloud = await connectClient(t, `mqtt://${mosquitto.address}`);
    const heard = await hears(cloud, 'e/#', 'command//+/res/#');
    const { mqtt, view } = await startVehicle(
      t,
      ...['mqtt.embedded.port=0', `hub.url=${mosquitto.address}`],
      'updateManager={agents: {containers: {readTimeout: 1s}}}',
      'containerManagement={fleetchart: {engine: simulated}}',
    );
    const registered = (line: string) =>
      line.startsWith(`e/t1/${CAR} `) && line.includes('"path":"/features/UpdateManager"');
    await eventually(() => heard().some(registered), 'the feature is registered', 60_000);
    const factory = (line: string) =>
      line.startsWith(`e/t1/${CONTAINERS} `) && line.includes('"path":"/features/ContainerFactory"');
    await eventually(() => heard().some(factory), 'so is that of the containers', 60_000);
    await cloud.mqtt.publishAsync(`command//${CAR}/req/r1/refresh`, ditto('refresh', { activityId: 'r' }), { qos: 1 });
    const answered = (line: string) => line.startsWith(`command//${CAR}/res/r1/204 `) && line.includes('"c1"');
    await eventually(() => heard().some(answered), 'the request is answered', 60_000);
    assert.equal((await view()).hub, 'online');

    const local = await connectClient(t, mqtt);
    const asked = await hears(local, `command//${CONTAINERS}/req/#`);
    await cloud.mqtt.publishAsync(`command//${CONTAINERS}/req/r2/create`, 'a container', { qos: 1 });
    await eventually(() => asked().length === 1, 'the command comes to the things', 60_000);
    assert.deepEqual(asked(), [`command//${CONTAINERS}/req/r2/create a container`]);
    for (const topic of ['e/t2/edge:car-8', 'e/t1/edge:car-8', 'command//edge:car-8/res/r/204', `e/t1/${CAR}/more`]) {
      await local.mqtt.publishAsync(topic, 'not its own', { qos: 1 });
    }
    await local.mqtt.publishAsync(`command//${CONTAINERS}/res/r2/200`, 'done', { qos: 1 });
    const last = `command//${CONTAINERS}/res/r2/200 done`;
    await eventually(() => heard().includes(last), 'the answer comes to the hub', 60_000);
    assert.ok(heard().every((line) => !line.endsWith('not its own')));
  });

  it('HL-2 HL-3 what is said while either broker is away comes when it is back, in order', async (t) => {
    const [inVehicle, atHub] = [await Mosquitto.start(t), await Mosquitto.start(t)];
    const ways = { local: await TcpWay.to(t, inVehicle.port), hub: await TcpWay.to(t, atHub.port) };
    const cloud = await connectClient(t, `mqtt://${atHub.address}`);
    const local = await connectClient(t, `mqtt://${inVehicle.address}`);
    const heard = await hears(cloud, 'e/#');
    const asked = await hears(local, 'command///req/#');
    const { vehicle, view } = await startVehicle(
      t,
      `mqtt.broker=127.0.0.1:${ways.local.port}`,
      `hub.url=127.0.0.1:${ways.hub.port}`,
    );
    const stateOf = (link: string) => vehicle.system.cell(`mqtt-link/${link}`)?.stateText ?? '';
    const reach = (link: string, isOnline: boolean) =>
      eventually(() => (stateOf(link) === 'online') === isOnline, `${link} is ${isOnline ? 'there' : 'away'}`, 60_000);
    for (const link of ['hub-link', 'hub']) await reach(link, true);
    const said: string[] = [];
    const commanded: string[] = [];
    const talk = async (count: number) => {
      for (let index = 0; index < count; index++) {
        said.push(`e/t1/${CAR} ${said.length}`);
        await local.mqtt.publishAsync('e', String(said.length - 1), { qos: 1 });
        commanded.push(`command///req/r/${commanded.length} x`);
        await cloud.mqtt.publishAsync(`command//${CAR}/req/r/${commanded.length - 1}`, 'x', { qos: 1 });
      }
    };
    for (const [way, link] of [
      [ways.hub, 'hub'],
      [ways.local, 'hub-link'],
    ] as const) {
      await talk(5);
      way.close();
      await reach(link, false);
      await talk(20);
      way.open();
      vehicle.system.tell(`mqtt-link/${link}`, { type: 'link.retry' });
      await reach(link, true);
    }
    const distinct = (lines: readonly string[]) => [...new Set(lines)];
    await eventually(() => distinct(heard()).length === said.length, 'the hub has heard all', 60_000);
    await eventually(() => distinct(asked()).length === commanded.length, 'the vehicle has, too', 60_000);
    assert.deepEqual(distinct(heard()), said);
    assert.deepEqual(distinct(asked()), commanded);
    await vehicle.system.commit.flushed();
    assert.equal((await view()).outbox.messages, 0);
  });

  it('DUR-8 a vehicle that is killed again and again loses nothing that a broker has acknowledged', async (t) => {
    const mosquitto = await Mosquitto.start(t);
    const cloud = await connectClient(t, `mqtt://${mosquitto.address}`);
    const heard = await hears(cloud, 'e/#');
    const port = await freePort();
    const sets = [
      ...HUB,
      `dataDir=${temporaryFolder(t)}`,
      `hub.url=${mosquitto.address}`,
      `mqtt.embedded.port=${port}`,
      'http.port=0',
    ];
    const args = ['vehicle', '--json', ...sets.flatMap((set) => ['--set', set])];
    const acknowledged: string[] = [];
    const commanded: string[] = [];
    const asked: string[] = [];
    let number = 0;
    for (let round = 0; round < 4; round++) {
      const vehicle = new VehicleProcess(t, args);
      const { mqtt } = await vehicle.urls();
      const listener = await connectClient(t, mqtt, { clientId: 'listener', clean: false });
      const lines = await hears(listener, 'command///req/#');
      const speaker = await connectClient(t, mqtt);
      // Sessions have to be there before what is said is kept for them.
      const isUp = (link: string) => new RegExp(`"link":"${link}".*mqtt_link_up`).test(vehicle.errors);
      if (round === 0) await eventually(() => isUp('hub') && isUp('hub-link'), 'both brokers are reached', 60_000);
      const isLast = round === 3;
      for (let count = 0; count < 15; count++) {
        const text = String(number++);
        await speaker.mqtt.publishAsync('e', text, { qos: 1 });
        acknowledged.push(`e/t1/${CAR} ${text}`);
        commanded.push(`command///req/r/${text} x`);
        await cloud.mqtt.publishAsync(`command//${CAR}/req/r/${text}`, 'x', { qos: 1 });
      }
      if (isLast) {
        const missing = () => acknowledged.filter((line) => !heard().includes(line));
        await eventually(() => missing().length === 0, 'the hub has heard all', 120_000);
        const all = () => new Set([...asked, ...lines()]);
        await eventually(() => commanded.every((line) => all().has(line)), 'the vehicle has, too', 120_000);
      }
      await vehicle.kill('SIGKILL');
      asked.push(...lines());
    }
    assert.deepEqual([...new Set(heard())], acknowledged, 'in order, but for repetitions');
  });
});
