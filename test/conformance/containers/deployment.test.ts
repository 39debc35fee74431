import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { DeploymentMode } from '../../../src/actors/container-update/index.js';
import { ContainerAgent } from '../../fakes/container-update.js';
import { eventually, temporaryFolder } from '../../fakes/runtime.js';
import type { ScriptedContainers } from '../../fakes/scripted-containers.js';

const DEPLOYMENT = 'deployment/containers';

/** A process with these files, up to the end of their deployment. */
async function deployed(
  t: TestContext,
  files: Readonly<Record<string, unknown>>,
  mode: DeploymentMode = 'update',
  prepare: (containers: ScriptedContainers) => Promise<unknown> = async () => {},
) {
  const homeFolder = temporaryFolder(t);
  const folder = join(homeFolder, 'containers');
  write(folder, files);
  const deployment = { mode, homeFolder, folder };
  const agent = await ContainerAgent.start(t, { deployment }, prepare);
  await rests(agent);
  return { agent, deployment };
}

function write(folder: string, files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const state = (agent: ContainerAgent) => agent.system.view(DEPLOYMENT)?.state;

async function rests(agent: ContainerAgent): Promise<void> {
  await agent.passes(
    () =>
      state(agent) === 'resting' && agent.system.outboxSize === 0 && agent.system.view(DEPLOYMENT)?.lastEvent !== null,
    'the deployment is over',
  );
}

const descriptor = (name: string, image: string, more: object = {}) => ({
  container_name: name,
  image: { name: image },
  ...more,
});

describe('descriptor files', () => {
  it('CTR-7 CTR-8 are found in all folders, by the end of their names', async (t) => {
    const { agent } = await deployed(t, {
      'map.json': descriptor('map', 'map:1'),
      'deep/er/nav.json': descriptor('nav', 'nav:1'),
      'app.json.template': descriptor('app', 'app:1'),
      'notes.txt': 'none',
    });
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running', 'nav:1 current Running']);
  });

  it('CTR-7 what cannot be read is logged and skipped', async (t) => {
    const { agent } = await deployed(t, {
      'a.json': '{',
      'b.json': descriptor('no good', 'b:1'),
      'c.json': 'x'.repeat(1_048_577),
      'map.json': descriptor('map', 'map:1'),
      'map2.json': descriptor('map', 'map:2'),
    });
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running']);
    assert.equal(agent.logs('descriptor_skipped').length, 4);
  });

  it('CTR-7 no folder is no descriptors', async (t) => {
    const { agent } = await deployed(t, {});
    assert.deepEqual(agent.containers.standing(), []);
    assert.deepEqual(agent.logs('descriptors_not_read'), []);
  });

  it('CTR-2 CTR-7 a container has the id that its file gives', async (t) => {
    const { agent } = await deployed(t, { 'map.json': descriptor('map', 'map:1', { container_id: 'my-map' }) });
    assert.equal(agent.containers.find('my-map')?.state.status, 'Running');
  });
});

describe('mode update', () => {
  it('CTR-7 makes, replaces, changes and starts, and never removes', async (t) => {
    const { agent } = await deployed(
      t,
      {
        'new.json': descriptor('new', 'new:1'),
        'map.json': descriptor('map', 'map:2'),
        'limits.json': descriptor('limits', 'limits:1', { host_config: { resources: { memory: '200M' } } }),
        'same.json': descriptor('same', 'same:1'),
      },
      'update',
      async (containers) => {
        await containers.have('map', 'map:1');
        await containers.have('limits', 'limits:1');
        await containers.have('same', 'same:1', {}, false);
        await containers.have('other', 'other:1');
      },
    );
    assert.deepEqual(agent.containers.standing(), [
      ...['limits:1 current Running', 'map:2 current Running', 'new:1 current Running'],
      ...['other:1 current Running', 'same:1 current Running'],
    ]);
    assert.deepEqual(agent.containers.calls, [
      ...['UPDATE limits:1 200M', 'START limits:1'],
      ...['CREATE map:2', 'STOP map:1', 'ROLE map:1 old', 'ROLE map:2 current', 'START map:2', 'REMOVE map:1'],
      ...['CREATE new:1', 'ROLE new:1 current', 'START new:1', 'START same:1'],
    ]);
    assert.deepEqual(agent.messages, []);
  });

  it('CTR-7 at each start, when nothing but a look is left to do', async (t) => {
    const { agent, deployment } = await deployed(t, { 'map.json': descriptor('map', 'map:1') });
    agent.containers.calls.length = 0;
    const next = await agent.again('reopen', { deployment });
    await rests(next);
    assert.deepEqual(next.containers.calls, ['START map:1']);
    assert.deepEqual(next.containers.standing(), ['map:1 current Running']);
  });

  it('CTR-7 a replacement that does not start leaves the old one running', async (t) => {
    for (const failing of ['CREATE map:2', 'START map:2']) {
      const { agent } = await deployed(
        t,
        { 'map.json': descriptor('map', 'map:2'), 'nav.json': descriptor('nav', 'nav:1') },
        'update',
        async (containers) => {
          await containers.have('map', 'map:1');
          containers.failures.set(failing, 'no');
        },
      );
      assert.deepEqual(agent.containers.standing(), ['map:1 current Running', 'nav:1 current Running']);
      assert.deepEqual(
        agent.logs('descriptor_not_deployed').map(({ fields }) => [fields['container'], fields['error']]),
        [['map', 'no']],
      );
    }
  });

  it('CTR-7 goes on where a crash cut it off', async (t) => {
    for (const call of ['CREATE map:2', 'STOP map:1', 'ROLE map:2 current', 'START map:2', 'REMOVE map:1']) {
      const homeFolder = temporaryFolder(t);
      const deployment = { mode: 'update', homeFolder, folder: join(homeFolder, 'containers') } as const;
      write(deployment.folder, { 'map.json': descriptor('map', 'map:2') });
      const before = await ContainerAgent.start(t, { deployment }, async (containers) => {
        await containers.have('map', 'map:1');
        containers.hold(call);
      });
      await eventually(() => before.containers.isHeld(call), call, 30_000);
      const agent = await before.again('crash', { deployment });
      agent.containers.release(call);
      await rests(agent);
      assert.deepEqual(agent.containers.standing(), ['map:2 current Running'], call);
    }
  });

  it('CTR-7 a crash in the undoing leaves the old one running', async (t) => {
    for (const call of ['REMOVE map:2', 'ROLE map:1 current', 'START map:1']) {
      const homeFolder = temporaryFolder(t);
      const deployment = { mode: 'update', homeFolder, folder: join(homeFolder, 'containers') } as const;
      write(deployment.folder, { 'map.json': descriptor('map', 'map:2') });
      const before = await ContainerAgent.start(t, { deployment }, async (containers) => {
        await containers.have('map', 'map:1');
        containers.failures.set('START map:2', 'no');
        containers.hold(call);
      });
      await before.passes(() => before.containers.isHeld(call), call);
      // What a later start makes of the file is another matter.
      write(deployment.folder, { 'map.json': '' });
      const agent = await before.again('crash', { deployment });
      agent.containers.release(call);
      await rests(agent);
      assert.deepEqual(agent.containers.standing(), ['map:1 current Running'], call);
    }
  });

  it('CTR-7 a desired state waits for its end', async (t) => {
    const homeFolder = temporaryFolder(t);
    const deployment = { mode: 'update', homeFolder, folder: join(homeFolder, 'containers') } as const;
    write(deployment.folder, { 'map.json': descriptor('map', 'map:1') });
    const agent = await ContainerAgent.start(t, { deployment }, async (containers) => containers.hold('CREATE map:1'));
    await agent.want(['map:1']);
    assert.equal(agent.state, 'identifying');
    agent.containers.release('CREATE map:1');
    await agent.reaches('waiting.identified');
    assert.match(agent.last.payload.actions?.[0]?.message ?? '', /^No changes/);
  });

  it('CTR-7 it does not interfere with an update', async (t) => {
    const { agent, deployment } = await deployed(t, { 'map.json': descriptor('map', 'map:1') });
    await agent.want(['map:2']);
    await agent.commands('DOWNLOAD', 'UPDATE');
    const next = await agent.again('crash', { deployment });
    await rests(next);
    assert.equal(next.logs('descriptors_wait_for_the_end_of_an_update').length, 1);
    await next.commands('ACTIVATE', 'CLEANUP');
    assert.deepEqual(next.containers.standing(), ['map:2 current Running']);
  });
});

describe('mode init', () => {
  it('CTR-7 only once, on a vehicle that never had containers', async (t) => {
    const files = { 'map.json': descriptor('map', 'map:1') };
    const { agent, deployment } = await deployed(t, files, 'init');
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running']);
    assert.ok(existsSync(join(deployment.homeFolder, 'deployment')));
    const [container] = agent.containers.all();
    await agent.containers.tell(container?.id ?? '', { type: 'REMOVE', force: true });
    const next = await agent.again('reopen', { deployment });
    await rests(next);
    assert.deepEqual(next.containers.standing(), []);
  });

  it('CTR-7 not where there are containers', async (t) => {
    const { agent } = await deployed(t, { 'map.json': descriptor('map', 'map:1') }, 'init', (containers) =>
      containers.have('other', 'other:1'),
    );
    assert.deepEqual(agent.containers.standing(), ['other:1 current Running']);
  });
});
