import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { containerAddress } from '../../src/actors/containers/events.js';
import { type Containers, createContainers } from '../../src/actors/containers/index.js';
import { createEngineLink, type Engine } from '../../src/actors/engines/index.js';
import { Metrics, seededIds, systemClock } from '../../src/runtime/index.js';
import { silentLogger } from '../../src/runtime/logging/log.js';
import { ActorSystem } from '../../src/runtime/system.js';
import { until } from './until.js';

/** A process with containers over an engine and its link, in real time. */
export async function openContainers(
  t: TestContext,
  folder: string,
  engine: Engine,
  credentials?: { readonly user: string; readonly password: string },
) {
  const system = new ActorSystem({ directory: join(folder, 'store') });
  const common = { system, clock: systemClock, logger: silentLogger(), metrics: new Metrics(), ids: seededIds(folder) };
  const link = createEngineLink({
    ...{ ...common, name: 'containers', relistMs: 2_000 },
    choose: async () => ({ engine, why: 'it is the only one' }),
    owners: [
      {
        owner: 'containers',
        address: containerAddress,
        known: () => containers.owner.known(),
        adopt: (container) => containers.owner.adopt(container),
        knows: (id) => containers.owner.knows(id),
      },
    ],
  });
  const containers: Containers = createContainers({
    ...{ ...common, engine: link.engine, watchers: [], stopTimeoutS: 5, stopOnExit: false },
    folder: join(folder, 'hosts'),
    images: {
      ensure: async (image, _decryption, onProgress, signal) =>
        (await engine.image(image, signal)) ??
        link.engine.pull({ image, ...(credentials ? { credentials } : {}) }, onProgress, signal),
      removed: () => {},
    },
    isEngineLost: () => link.view().state !== 'ready',
  });
  for (const type of [link.type, ...containers.types]) system.register(type);
  await system.start();
  await link.child.start(() => {});
  await until(() => link.view().state === 'ready', 'the engine is there');
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await containers.child.stop(5_000);
    await link.child.stop(5_000);
    await system.stop(5_000);
  };
  t.after(close);
  return {
    system,
    engine,
    containers,
    close,
    /** Undefined: it is gone. */
    reaches: (id: string, status: string | undefined) =>
      until(() => containers.find(id)?.state.status === status, `${id} is ${status}`),
  };
}
