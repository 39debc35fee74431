import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createMqttLinks } from '../../src/actors/mqtt-link/index.js';
import { createThings, thingsWatchers } from '../../src/actors/things/index.js';
import { ActorSystem, Metrics, silentLogger, systemClock } from '../../src/runtime/index.js';
import { CloudConnector } from './cloud-connector.js';
import { eventually, temporaryFolder } from './runtime.js';
import {
  BRIDGE,
  configOf,
  countedIds,
  DescriptorServer,
  FakeContainers,
  FakeStats,
  METRICS_ACTOR,
  SAMPLE,
} from './things.js';

/** The things role on a broker, over containers that are none. */
class ThingsVehicle {
  readonly engine = new FakeStats();

  private constructor(
    readonly system: ActorSystem,
    readonly containers: FakeContainers,
  ) {}

  static async start(t: TestContext, url: string): Promise<ThingsVehicle> {
    const system = new ActorSystem({ directory: temporaryFolder(t) });
    const logger = silentLogger();
    const metrics = new Metrics();
    const links = createMqttLinks({ system, clock: systemClock, logger, metrics });
    const containers = new FakeContainers((event) => {
      for (const to of thingsWatchers) void system.tellStored(to, event as never);
    });
    const vehicle = new ThingsVehicle(system, containers);
    const things = createThings({
      settings: { features: ['ContainerFactory', 'SoftwareUpdatable', 'Metrics'] },
      containers,
      engine: vehicle.engine,
      system,
      clock: systemClock,
      ids: countedIds(),
      logger,
      metrics,
      publish: links.publisher('things'),
      subscribe: links.subscriber('things'),
    });
    const link = links.add({
      name: 'things',
      url,
      clientId: 'things',
      clean: true,
      keepAliveS: 30,
      backoff: { firstMs: 20, longestMs: 200 },
      subscriptions: things.subscriptions,
      up: things.up,
      down: things.down,
    });
    for (const type of [links.type, ...things.types]) system.register(type);
    await system.start();
    await things.child.start(() => {});
    await link.start(() => {});
    t.after(async () => {
      await things.child.stop(2_000);
      await link.stop(2_000);
      await links.close(0);
      await system.stop(1_000);
    });
    return vehicle;
  }

  async reaches(address: string, state: string): Promise<void> {
    await eventually(() => this.system.view(address)?.state === state, `${address} is ${state}`, 30_000);
  }
}

const HOME = { deviceId: 'azure.edge:hub.example.net:car-1', tenantId: 't1' };
const AWAY = { deviceId: 'azure.edge:hub.example.net:car-2', tenantId: 't1' };

/** What a cloud does with a vehicle over a broker: bootstrap, operations, software, metrics and another device. */
export async function cloudAndVehicle(t: TestContext, url: string) {
  const vehicle = await ThingsVehicle.start(t, url);
  await vehicle.reaches(BRIDGE, 'asking');
  // It comes later than the vehicle, so that its word is unsolicited.
  const cloud = await CloudConnector.start(t, url, HOME);
  const { containers, engine } = vehicle;
  await cloud.shows('ContainerFactory');
  await cloud.shows('Metrics');
  await cloud.isHeard();

  const created = await cloud.ask('ContainerFactory', 'create', { imageRef: 'reg/map:1', start: true });
  assert.deepEqual([created.status, created.value], [200, 'c1']);
  const isState = (expected: string) => (value: unknown) =>
    (value as { status?: string } | undefined)?.status === expected;
  await cloud.shows('Container:c1/properties/status/state', isState('RUNNING'));
  assert.equal((await cloud.ask('Container:c1', 'stop')).status, 204);
  await cloud.shows('Container:c1/properties/status/state', isState('STOPPED'));
  assert.equal((await cloud.ask('Container:c1', 'explode')).status, 404);
  assert.equal((await cloud.ask('Container:c1', 'rename', 5)).status, 400);
  containers.failures.set('PAUSE', 'not running');
  assert.equal((await cloud.ask('Container:c1', 'pause')).status, 500);
  assert.equal((await cloud.ask('Container:c1', 'start')).status, 204);

  engine.samples.set('c1', SAMPLE);
  assert.equal((await cloud.ask('Metrics', 'request', { frequency: 1 })).status, 204);
  await eventually(() => cloud.messages.some(({ path }) => path.endsWith('/messages/data')), 'figures come', 30_000);
  assert.equal((await cloud.ask('Metrics', 'request', { frequency: '0s' })).status, 204);

  const server = await DescriptorServer.start(t);
  const artifact = server.artifact('/radio', { image: { name: 'reg/radio:1' }, container_name: 'radio' });
  const softwareModules = [{ softwareModule: { name: 'radio', version: '1' }, artifacts: [artifact] }];
  assert.equal((await cloud.ask('SoftwareUpdatable', 'install', { correlationId: 'i', softwareModules })).status, 204);
  const last = 'SoftwareUpdatable/properties/status/lastOperation';
  await cloud.shows(last, isState('FINISHED_SUCCESS'));
  await cloud.shows('Container:c2/properties/status/state', isState('RUNNING'));
  const software = [{ group: 'reg/radio', name: 'c2', version: '1' }];
  assert.equal((await cloud.ask('SoftwareUpdatable', 'remove', { correlationId: 'r', software })).status, 204);
  await eventually(() => cloud.twin('Container:c2') === undefined, 'it is gone', 30_000);

  cloud.become(AWAY);
  await cloud.shows('Container:c1');
  await cloud.isHeard();
  const lost = cloud.send(`${HOME.deviceId}:edge:containers`, 'Container:c1', 'start');
  assert.equal((await cloud.ask('Container:c1', 'stop')).status, 204);
  assert.ok(!cloud.hasAnswer(lost), 'the old thing is not listened to');
  return { vehicle, cloud };
}

/** Gone before, and there again: everything is shown anew, and nothing is measured unasked. */
export async function comesAgain(
  { vehicle, cloud }: Awaited<ReturnType<typeof cloudAndVehicle>>,
  broker: { readonly kill: () => Promise<void>; readonly start: () => Promise<void> },
) {
  vehicle.engine.samples.set('c1', SAMPLE);
  assert.equal((await cloud.ask('Metrics', 'request', { frequency: 1 })).status, 204);
  await broker.kill();
  await vehicle.reaches(BRIDGE, 'lost');
  await broker.start();
  await vehicle.reaches(BRIDGE, 'known');
  assert.equal(vehicle.system.view(METRICS_ACTOR)?.state, 'off');
  vehicle.containers.put('c9', configOf('late', 'reg/late:1'), 'Created');
  vehicle.containers.to('c9', 'created', 'Created');
  await cloud.shows('Container:c9');
  assert.equal((await cloud.ask('Container:c9', 'start')).status, 204);
}
