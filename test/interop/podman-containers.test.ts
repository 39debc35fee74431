import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { ApiEngine } from '../../src/actors/engines/engine-api/api-engine.js';
import { systemClock } from '../../src/runtime/index.js';
import { configOf } from '../fakes/containers.js';
import { openContainers } from '../fakes/linked-containers.js';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { until } from '../fakes/until.js';

const never = new AbortController().signal;
const OK = { ok: true };

describe('containers over a real podman', { skip: withoutPodman() }, () => {
  let lab: PodmanLab;
  let count = 0;

  before(async () => {
    lab = await PodmanLab.start();
  });
  after(async () => {
    await lab?.close();
  });

  async function open(t: TestContext, folder = temporaryFolder(t)) {
    const engine = new ApiEngine({ socketPath: lab.socketPath, clock: systemClock });
    const opened = await openContainers(t, folder, engine, lab.credentials);
    // Before the process is closed.
    t.after(async () => {
      for (const { id } of await engine.list('containers', never)) await engine.remove(id, never);
    });
    const make = (tag: 'bad' | 'crash' | '1.0', draft: Parameters<typeof configOf>[0] = {}, start = true) =>
      opened.containers.create(
        configOf({ name: `app${++count}`, image: lab.image(tag), network: 'host', ...draft }),
        { start },
        never,
      );
    return { ...opened, folder, make };
  }

  it('CTR-12 ENG-2 a life: renamed while it runs, stopped with its own end, removed', async (t) => {
    const { containers, engine, make } = await open(t);
    const id = await make('1.0');
    assert.equal(containers.find(id)?.state.status, 'Running');
    assert.ok((containers.find(id)?.state.pid ?? 0) > 0);
    assert.deepEqual(await containers.command(id, { type: 'ROLE', role: 'old' }, never), OK);
    assert.match((await engine.inspect(id, never))?.name ?? '', /\.old-/);
    assert.deepEqual(await containers.command(id, { type: 'ROLE', role: 'current' }, never), OK);
    assert.deepEqual(await containers.command(id, { type: 'STOP' }, never), OK);
    const { state } = containers.find(id) ?? assert.fail();
    assert.deepEqual([state.status, state.exitCode], ['Stopped', 0]);
    assert.deepEqual(await containers.command(id, { type: 'REMOVE', force: false }, never), OK);
    assert.equal(await engine.inspect(id, never), undefined);
  });

  it('CTR-11 POD-4 limits hold again after a stop and a start', async (t) => {
    const { containers, make } = await open(t);
    const name = `limited${++count}`;
    const id = await make('1.0', { name, resources: { memory: '64M' } });
    const limit = (): string =>
      lab.podman(
        'exec',
        name,
        'sh',
        '-c',
        'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true',
      );
    const resources = { memory: '96M', memoryReservation: '', memorySwap: '192M' };
    assert.deepEqual(await containers.command(id, { type: 'UPDATE', resources }, never), OK);
    const updated = limit();
    await containers.command(id, { type: 'STOP' }, never);
    await containers.command(id, { type: 'START' }, never);
    assert.equal(limit(), updated);
    assert.match(updated, new RegExp(String(96 * 1024 * 1024)));
  });

  it('CTR-14 POD-10 a crashing one is started again; one that cannot start is stopped with the reason', async (t) => {
    const { containers, make } = await open(t);
    const crash = await make('crash');
    await until(() => (containers.find(crash)?.restartCount ?? 0) >= 3, 'it was restarted');
    assert.equal(
      containers.find(crash)?.state.exitCode === 3 || containers.find(crash)?.state.status === 'Running',
      true,
    );
    assert.deepEqual(await containers.command(crash, { type: 'REMOVE', force: true }, never), OK);
    const bad = await make('bad');
    const { state } = containers.find(bad) ?? assert.fail();
    assert.equal(state.status, 'Stopped');
    assert.match(state.error, /no such file|not found/i);
  });

  it('CTR-13 what somebody does behind our back is seen', async (t) => {
    const { containers, make, reaches } = await open(t);
    const name = `behind${++count}`;
    const id = await make('1.0', { name, restartPolicy: { type: 'no' } });
    lab.podman('kill', name);
    await reaches(id, 'Exited');
    assert.equal(containers.find(id)?.state.exitCode, 137);
    lab.podman('start', name);
    await reaches(id, 'Running');
    lab.podman('pause', name);
    await reaches(id, 'Paused');
    assert.deepEqual(await containers.command(id, { type: 'STOP', force: true, timeoutS: 2 }, never), OK);
    lab.podman('rm', name);
    await reaches(id, undefined);
  });

  it('CTR-13 after a power cycle what ran runs again, and what was stopped does not', async (t) => {
    const first = await open(t);
    const [runs, stopped] = [await first.make('1.0'), await first.make('1.0')];
    await first.containers.command(stopped, { type: 'STOP' }, never);
    await first.close();
    await lab.powerCycle();
    assert.equal((await first.engine.inspect(runs, never))?.status, 'created');
    const second = await open(t, first.folder);
    await until(() => second.containers.find(runs)?.restartCount === 1, 'it was started again');
    await second.reaches(runs, 'Running');
    await second.reaches(stopped, 'Stopped');
    assert.equal((await second.engine.inspect(runs, never))?.status, 'running');
  });

  it('ENG-2 a name that somebody else has', async (t) => {
    const { engine, make } = await open(t);
    const name = `foreign${++count}`;
    if (!(await engine.image(lab.image('1.0'), never))) {
      await engine.pull({ image: lab.image('1.0'), credentials: lab.credentials }, () => {}, never);
    }
    lab.podman('create', '--name', name, lab.image('1.0'));
    await assert.rejects(make('1.0', { name }), {
      message: `container name ${name} is in use by a container that is not managed here`,
    });
  });

  it('ENG-5 POD-33 a hosts file of its own follows at each start', async (t) => {
    const { containers, make } = await open(t);
    const name = `hosts${++count}`;
    const id = await make('1.0', { name, network: 'bridge', extraHosts: ['broker:host_ip', 'db:10.0.0.7'] });
    if (containers.find(id)?.state.status !== 'Running') return t.skip('no bridge network can be made here');
    const hosts = lab.podman('exec', name, 'cat', '/etc/hosts');
    assert.match(hosts, /^\d+\.\d+\.\d+\.\d+ broker$/m);
    assert.match(hosts, /^10\.0\.0\.7 db$/m);
  });

  it('CTR-13 ENG-1 containers outlive the process, and the engine its service', async (t) => {
    const first = await open(t);
    const id = await first.make('1.0');
    const pid = first.containers.find(id)?.state.pid;
    await first.close();
    await lab.stopEngine('SIGKILL');
    await lab.startEngine();
    const next = await open(t, first.folder);
    await next.reaches(id, 'Running');
    assert.equal(next.containers.find(id)?.state.pid, pid);
    await lab.stopEngine('SIGKILL');
    await next.reaches(id, 'Unknown');
    await lab.startEngine();
    await next.reaches(id, 'Running');
  });
});
