import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type EngineChoice, engineChooser } from '../../../src/actors/engines/choose.js';
import type { Engine, EngineKind } from '../../../src/actors/engines/engine.js';
import { EngineError } from '../../../src/actors/engines/errors.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { temporaryFolder, turnsOfLoop } from '../../fakes/runtime.js';

const answering = (kind: EngineKind, name: string, reason?: string): Engine =>
  ({
    kind,
    info: async () => {
      if (reason !== undefined) throw new EngineError('ENGINE_UNAVAILABLE', reason);
      return { name, version: '1.2', memoryBytes: 1, cpus: 1 };
    },
  }) as unknown as Engine;

/** A machine with these sockets; those whose name has `dead` in it do not answer. */
function machine(t: TestContext, sockets: readonly string[], overrides: Partial<EngineChoice> = {}) {
  const folder = temporaryFolder(t);
  for (const socket of sockets) writeFileSync(join(folder, socket), '');
  const at = (socket: string): string => join(folder, socket);
  const choice: EngineChoice = {
    kind: 'auto',
    socket: '',
    environment: {},
    clock: new ManualClock(),
    usualSockets: [at('podman.sock'), at('docker.sock')],
    engineApi: (path) => answering('engine-api', `Engine at ${path}`, path.includes('dead') ? 'no answer' : undefined),
    process: () => answering('process', 'processes'),
    simulated: () => answering('simulated', 'simulated'),
    ...overrides,
  };
  return { at, choose: (signal = new AbortController().signal) => engineChooser(choice)(signal), choice };
}

describe('the choice of an engine', () => {
  it('auto takes the first socket that answers, and says which and why', async (t) => {
    const { choose, at } = machine(t, ['podman.sock', 'docker.sock']);
    const { engine, why } = await choose();
    assert.equal(engine.kind, 'engine-api');
    assert.equal(why, `auto: Engine at ${at('podman.sock')} 1.2 on ${at('podman.sock')}`);
  });

  it('auto goes on to the next one, and tells what did not work', async (t) => {
    const { choose, at } = machine(t, ['docker.sock']);
    const { why } = await choose();
    assert.match(why, new RegExp(`on ${at('docker.sock')}; ${at('podman.sock')}: no such socket$`));
  });

  it('auto prefers the sockets of the environment, if they are any', async (t) => {
    const { at, choice } = machine(t, ['podman.sock', 'mine.sock', 'dead.sock']);
    const environment = { DOCKER_HOST: `unix://${at('dead.sock')}`, CONTAINER_HOST: `unix://${at('mine.sock')}` };
    const { why } = await engineChooser({ ...choice, environment })(new AbortController().signal);
    assert.match(why, new RegExp(`on ${at('mine.sock')}; ${at('dead.sock')}: no answer$`));
    const remote = { ...choice, environment: { DOCKER_HOST: 'tcp://192.0.2.1:2375' } };
    const chosen = await engineChooser(remote)(new AbortController().signal);
    assert.match(chosen.why, new RegExp(`on ${at('podman.sock')}; DOCKER_HOST: only unix sockets are used$`));
  });

  it('auto tries a named socket alone', async (t) => {
    const named = machine(t, ['podman.sock', 'mine.sock']);
    const mine = { ...named.choice, socket: `unix://${named.at('mine.sock')}` };
    assert.match((await engineChooser(mine)(new AbortController().signal)).why, /on \S*mine\.sock$/);
    const absent = { ...named.choice, socket: named.at('absent.sock') };
    assert.equal((await engineChooser(absent)(new AbortController().signal)).engine.kind, 'process');
  });

  it('ENG-6 auto ends with processes', async (t) => {
    const { choose } = machine(t, ['dead.sock']);
    const { engine, why } = await choose();
    assert.equal(engine.kind, 'process');
    assert.match(why, /^auto: processes 1\.2; .*podman\.sock: no such socket; .*docker\.sock: no such socket$/);
  });

  it('auto fails with all that was tried and what to do', async (t) => {
    const { choose } = machine(t, [], { process: () => answering('process', '', 'the folder of images is not there') });
    await assert.rejects(choose(), {
      code: 'ENGINE_UNAVAILABLE',
      message: /podman\.sock: no such socket.*the folder of images is not there\): start podman or Docker/,
    });
  });

  it('CTR-13 an engine that has containers is waited for: none other is taken', async (t) => {
    const { choose, at, choice } = machine(t, ['podman.sock', 'docker.sock']);
    let hasContainers = false;
    const keeping = { file: at('engine.json'), hasContainers: () => hasContainers };
    const signal = new AbortController().signal;
    const search = (overrides: Partial<EngineChoice> = {}) =>
      engineChooser({ ...choice, keeping, ...overrides })(signal);
    await search();
    hasContainers = true;
    rmSync(at('podman.sock'));
    for (const kind of ['auto', 'engine-api'] as const) {
      await assert.rejects(search({ kind }), {
        code: 'ENGINE_UNAVAILABLE',
        message: /^the engine of the containers does not work \(.*podman\.sock: no such socket\): let it answer again/,
      });
    }
    assert.match((await choose()).why, /docker\.sock/);
    assert.match((await search({ socket: at('docker.sock') })).why, /on \S*docker\.sock$/);
    writeFileSync(at('podman.sock'), '');
    assert.match((await search()).why, /on \S*docker\.sock$/);
    assert.equal((await search({ kind: 'process' })).engine.kind, 'process');
    assert.equal((await search()).engine.kind, 'process');
    await assert.rejects(search({ process: () => answering('process', '', 'no images') }), { message: /no images/ });
    hasContainers = false;
    assert.match((await search()).why, /on \S*podman\.sock$/);
    assert.equal(statSync(at('engine.json')).mode & 0o777, 0o600);
  });

  it('an explicit choice fails with what to do, and never becomes another one', async (t) => {
    const api = machine(t, [], { kind: 'engine-api' });
    await assert.rejects(api.choose(), { message: /no such socket.*set socket to where it listens/ });
    const process = machine(t, ['podman.sock'], {
      kind: 'process',
      process: () => answering('process', '', 'the folder of images is not there: create it'),
    });
    await assert.rejects(process.choose(), { message: /process does not work \(.*create it\)/ });
  });

  it('ENG-7 the simulated one is taken only if it is asked for, and says so', async (t) => {
    const { choose } = machine(t, ['podman.sock'], { kind: 'simulated' });
    const { engine, why } = await choose();
    assert.deepEqual([engine.kind, why], ['simulated', 'configured: simulated 1.2']);
  });

  it('an engine that does not answer in time counts as one that does not work', async (t) => {
    const clock = new ManualClock(0, () => turnsOfLoop(20));
    const silent = { kind: 'engine-api', info: () => new Promise(() => {}) } as unknown as Engine;
    const { choice } = machine(t, ['podman.sock'], { clock, engineApi: () => silent });
    const chosen = engineChooser(choice)(new AbortController().signal);
    while (clock.pending === 0) await turnsOfLoop();
    await clock.advance(10_000);
    assert.match((await chosen).why, /podman\.sock: no answer within 10 s/);
  });

  it('ends with its signal', async (t) => {
    const { choose } = machine(t, ['podman.sock']);
    await assert.rejects(choose(AbortSignal.abort(new Error('enough'))), /enough/);
  });
});
