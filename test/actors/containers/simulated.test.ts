import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { EventObject } from 'xstate';
import { containerAddress } from '../../../src/actors/containers/events.js';
import { type Containers, createContainers } from '../../../src/actors/containers/index.js';
import { createEngineLink } from '../../../src/actors/engines/index.js';
import { createSimulatedEngine } from '../../../src/actors/engines/simulated/index.js';
import { Metrics, seededIds, systemClock } from '../../../src/runtime/index.js';
import { silentLogger } from '../../../src/runtime/logging/log.js';
import { ActorSystem } from '../../../src/runtime/system.js';
import { configOf } from '../../fakes/containers.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';

const signal = AbortSignal.timeout(120_000);

/** A process with containers over the simulated engine and its link, with real time. */
async function open(t: TestContext, folder: string) {
  const system = new ActorSystem({ directory: join(folder, 'store') });
  const common = { system, clock: systemClock, logger: silentLogger(), metrics: new Metrics(), ids: seededIds(folder) };
  const engine = createSimulatedEngine({ file: join(folder, 'engine.json'), clock: systemClock });
  const link = createEngineLink({
    ...{ ...common, name: 'containers', relistMs: 200 },
    choose: async () => ({ engine, why: 'it is the only one' }),
    owners: [
      {
        owner: 'containers',
        address: containerAddress,
        known: () => containers.owner.known(),
        knows: (id) => containers.owner.knows(id),
      },
    ],
  });
  const containers: Containers = createContainers({
    ...{ ...common, engine: link.engine, watchers: [], stopTimeoutS: 1, stopOnExit: false },
    folder: join(folder, 'hosts'),
    images: {
      ensure: (image, _decryption, onProgress, abort) => link.engine.pull({ image }, onProgress, abort),
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
  const reaches = (id: string, status: string | undefined) =>
    until(() => containers.find(id)?.state.status === status, `${id} is ${status}`);
  return { system, engine, containers, close, reaches };
}

describe('containers over the simulated engine and its link', () => {
  it('ENG-7 CTR-12 through a life, and found again by the next process', async (t) => {
    const folder = temporaryFolder(t);
    const first = await open(t, folder);
    const id = await first.containers.create(configOf(), { start: true }, signal);
    await first.reaches(id, 'Running');
    assert.deepEqual(await first.containers.command(id, { type: 'PAUSE' }, signal), { ok: true });
    await first.close();
    const next = await open(t, folder);
    await next.reaches(id, 'Paused');
    for (const command of [{ type: 'RESUME' }, { type: 'STOP', force: true }, { type: 'START' }] as const) {
      assert.deepEqual(await next.containers.command(id, command, signal), { ok: true }, command.type);
    }
    assert.deepEqual(await next.containers.command(id, { type: 'REMOVE', force: true }, signal), { ok: true });
    assert.deepEqual(await next.engine.list(undefined, signal), []);
  });

  it('ENG-7 CTR-14 one that crashes is restarted, and what it does not know is told', async (t) => {
    const { containers } = await open(t, temporaryFolder(t));
    const image = 'reg.example.com/veh/map:crash';
    const id = await containers.create(configOf({ image }), { start: true }, signal);
    await until(() => (containers.find(id)?.restartCount ?? 0) >= 2, 'it was restarted twice');
    assert.deepEqual(await containers.command(id, { type: 'REMOVE', force: true }, signal), { ok: true });
    const missing = configOf({ image: 'reg.example.com/veh/map:missing' });
    await assert.rejects(containers.create(missing, { start: true }, signal), /manifest unknown/);
    const bad = await containers.create(configOf({ image: 'reg.example.com/veh/map:bad' }), { start: true }, signal);
    assert.equal(containers.find(bad)?.state.status, 'Stopped');
    assert.notEqual(containers.find(bad)?.state.error, '');
  });

  it('CTR-13 removed behind our back: the link sees it', async (t) => {
    const { containers, engine, reaches, system } = await open(t, temporaryFolder(t));
    const id = await containers.create(configOf(), { start: true }, signal);
    await engine.remove(id, signal);
    await reaches(id, undefined);
    // A late sighting finds nobody.
    system.tell(containerAddress(id), { type: 'ENGINE.MISSING' } as EventObject);
    await system.settled();
    assert.deepEqual(containers.all(), []);
  });
});
