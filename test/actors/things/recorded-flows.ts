import type { TestContext } from 'node:test';
import { configOf, DescriptorServer, SAMPLE, ThingsUnderTest, UPDATABLE } from '../../fakes/things.js';

/** Resolves with the role whose recording is the fixture. */
export type Flow = (t: TestContext) => Promise<ThingsUnderTest>;

const DESCRIPTOR = { container_name: 'map', image: { name: 'reg.example.com/veh/map:2.1' } };

const known: Flow = (t) =>
  ThingsUnderTest.known(t, {}, (containers) => {
    containers.put('map-1', configOf('map', 'reg.example.com/veh/map:2.0'));
  });

/** One module of a descriptor, as far as that leads. */
const install =
  (body: string | object, prepare: (things: ThingsUnderTest) => void = () => {}): Flow =>
  async (t) => {
    const server = await DescriptorServer.start(t);
    const things = await known(t);
    prepare(things);
    const softwareModules = [
      { softwareModule: { name: 'map', version: '2.1' }, artifacts: [server.artifact('/map.json', body)] },
    ];
    await things.ask('SoftwareUpdatable', 'install', { correlationId: 'i-1', softwareModules });
    await things.reaches(UPDATABLE, 'idle');
    return things;
  };

/** What a cloud does with a vehicle's containers (THG). */
export const flows: Readonly<Record<string, Flow>> = {
  bootstrap: async (t) => {
    const things = await known(t);
    await things.named();
    await things.named({ deviceId: 'azure.edge:hub1.example.net:another', tenantId: 't1' });
    things.containers.facts.delete('map-1');
    await things.down();
    await things.up();
    await things.named({ deviceId: 'azure.edge:hub1.example.net:another', tenantId: 't1' });
    return things;
  },
  operation: async (t) => {
    const things = await known(t);
    await things.ask('Container:map-1', 'stop', {});
    await things.ask('Container:map-1', 'rename', 'maps');
    await things.ask('Container:map-1', 'update', { resources: { memory: '200M' } });
    const config = { env: ['TOKEN=secret'], restartPolicy: { type: 'ALWAYS' } };
    await things.ask('ContainerFactory', 'createWithConfig', {
      imageRef: 'reg/radio:1',
      name: 'radio',
      config,
      start: true,
    });
    await things.ask('Container:c1', 'remove', true);
    return things;
  },
  error: async (t) => {
    const things = await known(t);
    things.containers.failures.set('START', 'container with id = map-1 is already running');
    await things.ask('Container:map-1', 'start');
    await things.ask('Container:map-1', 'explode');
    await things.ask('Container:nobody', 'start');
    await things.ask('Container:map-1', 'rename', 5);
    await things.receive('command//azure.edge:hub1.example.net:52-54-00-12-34-56:edge:containers/req/r2/x', 'no json');
    return things;
  },
  install: install(DESCRIPTOR),
  'install-rejected': install({ container_name: 'map' }),
  'install-failure': install(DESCRIPTOR, ({ containers }) => containers.failures.set('create', 'manifest unknown')),
  remove: async (t) => {
    const things = await known(t);
    const software = ['map-1', 'nobody', 'never'].map((name) => ({ group: 'g', name, version: '1' }));
    await things.ask('SoftwareUpdatable', 'remove', { correlationId: 'r-1', software });
    await things.reaches(UPDATABLE, 'idle');
    return things;
  },
  metrics: async (t) => {
    const things = await known(t);
    things.engine.samples.set('map-1', SAMPLE);
    await things.ask('Metrics', 'request', { frequency: '5s', filter: [{ id: ['cpu.*', 'memory.*'] }] });
    things.engine.samples.set('map-1', { ...SAMPLE, cpuNs: 4_200, hostCpuNs: 200_000 });
    await things.advance(5_000);
    things.containers.to('map-1', 'running', 'Running');
    await things.settled();
    await things.advance(5_000);
    await things.ask('Metrics', 'request', { frequency: 0 });
    return things;
  },
};
