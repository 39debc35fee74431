import { join } from 'node:path';
import { createContainerUpdateAgent, DEFAULT_AGENT_SETTINGS } from '../src/actors/container-update/index.js';
import { type Containers, createContainers } from '../src/actors/containers/index.js';
import { createEngineLink } from '../src/actors/engines/index.js';
import { createSimulatedEngine } from '../src/actors/engines/simulated/index.js';
import { ActorSystem, Metrics, silentLogger, systemClock, systemIds } from '../src/runtime/index.js';

interface Publication {
  readonly topic: string;
  readonly payload: string;
}

/** What was published, and when that was. */
export interface Said extends Publication {
  readonly atMs: number;
}

/** Everything that updates containers but the broker: the agent goes on by itself, on an engine that takes no time. */
export async function openContainers(folder: string) {
  const system = new ActorSystem({ directory: join(folder, 'store') });
  const said: Said[] = [];
  const core = { system, clock: systemClock, ids: systemIds, logger: silentLogger(), metrics: new Metrics() };
  const { signal } = new AbortController();
  const engine = createSimulatedEngine({ file: join(folder, 'engine.json'), clock: systemClock });
  const link = createEngineLink({
    ...core,
    name: 'containers',
    choose: async () => ({ engine, why: 'a benchmark' }),
    owners: [
      {
        get owner() {
          return containers.owner.owner;
        },
        address: (id) => containers.owner.address(id),
        known: () => containers.owner.known(),
        knows: (id) => containers.owner.knows(id),
      },
    ],
  });
  const containers: Containers = createContainers({
    ...core,
    engine: link.engine,
    images: {
      ensure: (image) => engine.pull({ image }, () => {}, signal),
      removed: () => {},
    },
    watchers: ['container-inventory/containers'],
    stopTimeoutS: 5,
    stopOnExit: false,
    folder: join(folder, 'hosts'),
  });
  const agent = createContainerUpdateAgent({
    ...core,
    settings: { ...DEFAULT_AGENT_SETTINGS, autoCommands: true, version: '1' },
    containers,
    publish: (output) => {
      const { topic, payload } = output as unknown as Publication;
      said.push({ topic, payload, atMs: performance.now() });
    },
  });
  for (const type of [link.type, ...containers.types, ...agent.types]) system.register(type);
  await system.start();
  const children = [link.child, containers.child, agent.child];
  for (const child of children) await child.start(() => {});
  const tell = async (topic: string, payload: string): Promise<void> => {
    for (const { filter, read } of agent.subscriptions) {
      if (filter !== topic) continue;
      for (const { to, event } of read({ topic, payload: Buffer.from(payload), retain: false }) ?? [])
        await system.tellStored(to, event);
    }
  };
  const close = async (): Promise<void> => {
    for (const child of children.reverse()) await child.stop(5_000);
    await system.stop(5_000);
  };
  return { said, tell, containers, close };
}
