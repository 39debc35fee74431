import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assign, setup } from 'xstate';
import { ApiEngine, createEngineLink, type EngineLink, type EngineSighting } from '../../src/actors/engines/index.js';
import { type ActorType, Metrics, silentLogger, systemClock } from '../../src/runtime/index.js';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';
import { testSystem } from '../fakes/runtime.js';

const never = new AbortController().signal;
const DEADLINE_MS = 60_000;

/** Looks from time to time: the engine needs the processor, too. */
async function eventually(condition: () => boolean, what: () => string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(performance.now() < end, `not within ${DEADLINE_MS} ms: ${what()}`);
    await sleep(10);
  }
}

/** Notes what it is told. */
const listener: ActorType = {
  name: 'container',
  version: 1,
  machine: setup({ types: { context: {} as { told: EngineSighting[] }, events: {} as EngineSighting } }).createMachine({
    id: 'container',
    context: { told: [] },
    on: { 'ENGINE.*': { actions: assign({ told: ({ context, event }) => [...context.told, event] }) } },
  }),
  durability: 'committed',
  startOnTell: true,
  idleAfterMs: 'never',
};

describe('the link to a real podman', { skip: withoutPodman() }, () => {
  let lab: PodmanLab;
  let engine: ApiEngine;

  before(async () => {
    lab = await PodmanLab.start();
    engine = new ApiEngine({ socketPath: lab.socketPath, clock: systemClock });
    const { credentials } = lab;
    for (const tag of ['1.0', 'crash'] as const)
      await engine.pull({ image: lab.image(tag), credentials }, () => {}, never);
  });
  after(async () => {
    await lab?.close();
  });

  async function start(t: TestContext) {
    const known: string[] = [];
    let link: EngineLink | undefined;
    const { system, clock } = await testSystem(t, (made) => {
      link = createEngineLink({
        name: 'containers',
        choose: async (signal) => {
          await engine.info(signal);
          return { engine, why: 'it answers' };
        },
        owners: [
          {
            owner: 'containers',
            address: (id) => `container/${id}`,
            known: () => known,
            knows: (id) => known.includes(id),
          },
        ],
        system: made,
        clock: made.clock,
        logger: silentLogger(),
        metrics: new Metrics(),
      });
      return [link.type, listener];
    });
    assert.ok(link);
    const { child, view } = link;
    t.after(() => child.stop(5_000));
    await child.start(() => {});
    await eventually(
      () => isWatching(),
      () => 'ready',
    );
    function isWatching(): boolean {
      return JSON.stringify(system.peek('engine-link/containers')?.value) === '{"ready":"watching"}';
    }
    const told = (id: string): string[] =>
      ((system.peek(`container/${id}`)?.context as { told?: EngineSighting[] } | undefined)?.told ?? []).map((event) =>
        event.type === 'ENGINE.SEEN' ? `${event.container.status} ${event.container.name}` : 'missing',
      );
    const create = async (tag: '1.0' | 'crash' = '1.0') => {
      const id = randomUUID();
      const name = `link-${id.slice(0, 8)}`;
      known.push(id);
      t.after(() => engine.remove(id, never));
      await engine.create(
        {
          ...{ id, name, owner: 'containers', activity: '', image: lab.image(tag), hostName: 'h', domainName: '' },
          ...{ env: [], cmd: [], tty: false, openStdin: false, privileged: false, network: 'host', mounts: [] },
          ...{ devices: [], extraHosts: [], extraCapabilities: [], ports: [], limits: {} },
          log: { driver: 'json-file', maxFiles: 1, maxSize: '', rootDir: '', mode: 'blocking', maxBufferSize: '' },
        },
        never,
      );
      await eventually(
        () => told(id).includes(`created ${name}`),
        () => 'told of its creation',
      );
      return { id, name };
    };
    const becomes = (id: string, last: string) =>
      eventually(
        () => told(id).at(-1) === last,
        () => `${last}; told: ${told(id).join(', ')}`,
      );
    return { system, clock, view, told, create, becomes, isWatching, known };
  }

  it('POD-27 what is done behind our back is told: started, paused, renamed, stopped, removed', async (t) => {
    const { create, becomes } = await start(t);
    const { id, name } = await create();
    lab.podman('start', name);
    await becomes(id, `running ${name}`);
    lab.podman('pause', name);
    await becomes(id, `paused ${name}`);
    lab.podman('unpause', name);
    await becomes(id, `running ${name}`);
    lab.podman('rename', name, `${name}.other`);
    await becomes(id, `running ${name}.other`);
    lab.podman('stop', '--time', '5', `${name}.other`);
    await becomes(id, `exited ${name}.other`);
    lab.podman('rm', `${name}.other`);
    await becomes(id, 'missing');
  });

  it('POD-27 one that ends by itself is told with its exit code', async (t) => {
    const { create, becomes, system } = await start(t);
    const { id, name } = await create('crash');
    await engine.start(id, never);
    await becomes(id, `exited ${name}`);
    const { told } = (system.peek(`container/${id}`)?.context ?? {}) as { told: EngineSighting[] };
    const last = told.at(-1);
    assert.equal(last?.type === 'ENGINE.SEEN' && last.container.exitCode, 3);
  });

  it('POD-28 a service that dies leaves containers running; with it back, all that happened meanwhile is told', async (t) => {
    const { create, becomes, clock, view, told, isWatching } = await start(t);
    const [lives, dies, goes] = [await create(), await create(), await create()];
    for (const { id, name } of [lives, dies, goes]) {
      await engine.start(id, never);
      await becomes(id, `running ${name}`);
    }
    await lab.stopEngine('SIGKILL');
    await eventually(
      () => view().state === 'lost',
      () => 'the loss',
    );
    assert.equal(view().lastError?.code, 'ENGINE_UNAVAILABLE');
    assert.equal(view().name, 'Podman Engine');
    await assert.rejects(engine.inspect(lives.id, never), { code: 'ENGINE_UNAVAILABLE', retryable: true });
    lab.podman('stop', '--time', '5', dies.name);
    lab.podman('rm', '--force', '--time', '0', goes.name);
    const before = told(lives.id).length;
    await lab.startEngine();
    await clock.advance(60_000);
    await eventually(isWatching, () => 'ready again');
    await becomes(dies.id, `exited ${dies.name}`);
    await becomes(goes.id, 'missing');
    await eventually(
      () => told(lives.id).length > before,
      () => 'told anew',
    );
    assert.equal(told(lives.id).at(-1), `running ${lives.name}`);
  });

  it('ENG-1 a container of an earlier life is an orphan, and stays', async (t) => {
    const { create, clock, view, known, isWatching } = await start(t);
    const { id, name } = await create();
    known.length = 0;
    await clock.advance(60_000);
    await eventually(
      () => isWatching() && view().orphans.length > 0,
      () => 'the comparison',
    );
    assert.deepEqual(view().orphans, [{ id, owner: 'containers', name }]);
    assert.equal((await engine.inspect(id, never))?.name, name);
  });
});
