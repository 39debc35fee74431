import type { TestContext } from 'node:test';
import { ContainerAgent, component } from '../../fakes/container-update.js';
import type { ScriptedContainers } from '../../fakes/scripted-containers.js';

/** Resolves with the agent whose recording is the fixture. */
export type Flow = (t: TestContext) => Promise<ContainerAgent>;

const mapAndOld = async (containers: ScriptedContainers): Promise<void> => {
  await containers.have('map', 'map:1');
  await containers.have('old', 'old:1');
};

/** Of `map:2` in place of `map:1`, as far as that leads. */
const update =
  (prepare: (containers: ScriptedContainers) => void, ...commands: readonly string[]): Flow =>
  async (t) => {
    const agent = await ContainerAgent.start(t, {}, mapAndOld);
    prepare(agent.containers);
    await agent.want([component('map:2', { env: 'TOKEN=hunter2' })]);
    await agent.commands(...commands);
    return agent;
  };
const failing = (call: string, text: string) => (containers: ScriptedContainers) =>
  void containers.failures.set(call, text);
const well = (): void => {};

/** The canonical sequences (CUA §A.5), and what becomes of the others. */
export const flows: Readonly<Record<string, Flow>> = {
  'happy-path': async (t) => {
    const agent = await ContainerAgent.start(t, {}, async (containers) => {
      await mapAndOld(containers);
      await containers.have('limits', 'limits:1', { resources: { memory: '100M' } });
      await containers.have('same', 'same:1');
    });
    await agent.want(['new:1', component('limits:1', { memory: '200M' }), 'same:1', 'map:1', 'old:1']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
    return agent;
  },
  'recreate-and-destroy': update(well, 'DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'),
  'download-failure': update(failing('CREATE map:2', 'manifest unknown'), 'DOWNLOAD', 'CLEANUP'),
  'update-failure': update(failing('STOP old:1', 'device is busy'), 'DOWNLOAD', 'UPDATE', 'CLEANUP'),
  'activation-failure': update(
    failing('START map:2', 'exec format error'),
    'DOWNLOAD',
    'UPDATE',
    'ACTIVATE',
    'CLEANUP',
  ),
  rollback: update(well, 'DOWNLOAD', 'UPDATE', 'ACTIVATE', 'ROLLBACK', 'CLEANUP'),
  'rollback-failure': update(failing('START map:1', 'no room'), 'DOWNLOAD', 'UPDATE', 'ROLLBACK', 'CLEANUP'),
  'guard-violation': update(well, 'UPDATE', 'DOWNLOAD', 'ACTIVATE'),
  superseded: async (t) => {
    const agent = await update(well, 'DOWNLOAD', 'UPDATE')(t);
    await agent.want(['map:3', 'old:1'], 'a2');
    return agent;
  },
  'identification-failed': async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want([component('map:1', { network: 'none' })]);
    agent.containers.isListable = false;
    await agent.want(['map:1'], 'a2');
    return agent;
  },
  'nothing-to-do': async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want([]);
    await agent.command('DOWNLOAD');
    return agent;
  },
  baselines: async (t) => {
    const agent = await ContainerAgent.start(t, {}, mapAndOld);
    const baselines = [{ title: 'nav', components: ['containers:map', 'containers:route'] }];
    await agent.want(['map:2', 'route:1', 'app:1'], 'a1', { baselines });
    for (const baseline of ['nav', 'containers:app', 'containers:remove-components']) {
      for (const command of ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP']) await agent.command(command, baseline);
    }
    return agent;
  },
  'unknown-baseline': async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    await agent.command('DOWNLOAD', 'nav');
    await agent.command('CLEANUP', 'nav');
    return agent;
  },
  'by-itself': async (t) => {
    const agent = await ContainerAgent.start(t, { autoCommands: true }, mapAndOld);
    await agent.want(['map:2']);
    await agent.reaches('idle');
    return agent;
  },
  'nobody-commands': async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    await agent.run.clock.advance(60_000);
    await agent.reaches('waiting.unattended');
    return agent;
  },
  restart: async (t) => {
    const before = await update(well, 'DOWNLOAD')(t);
    before.containers.hold('STOP old:1');
    await before.command('UPDATE');
    const agent = await before.again('crash');
    agent.containers.release('STOP old:1');
    await agent.reaches('waiting.updated');
    return agent;
  },
};
