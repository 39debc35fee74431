import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { EventObject } from 'xstate';
import { containerAddress } from '../../../src/actors/containers/events.js';
import { createSimulatedEngine } from '../../../src/actors/engines/simulated/index.js';
import { systemClock } from '../../../src/runtime/index.js';
import { configOf } from '../../fakes/containers.js';
import { openContainers } from '../../fakes/linked-containers.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';

const signal = AbortSignal.timeout(120_000);

const open = (t: TestContext, folder: string) =>
  openContainers(t, folder, createSimulatedEngine({ file: join(folder, 'engine.json'), clock: systemClock }));

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
