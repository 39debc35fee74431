import type { TestContext } from 'node:test';
import { AgentUnderTest, installerFails } from '../../fakes/self-update.js';

/** Resolves with the agent whose recording is the fixture. */
export type Flow = (t: TestContext) => Promise<AgentUnderTest>;

/** An agent that was told what its device does, and then has gone through an update as far as that leads. */
const update =
  (prepare: (agent: AgentUnderTest) => void = () => {}, settings: object = {}): Flow =>
  async (t) => {
    const agent = await AgentUnderTest.connected(t, settings);
    prepare(agent);
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
    return agent;
  };

/** The canonical sequences (SUA §5.4), and what this agent adds to them. */
export const flows: Readonly<Record<string, Flow>> = {
  get: async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.get('g1');
    await agent.get();
    return agent;
  },
  'happy-path': update(({ device }) => {
    device.downloads = { progress: [0, 35, 70], result: 3 * 1_048_576 };
    device.installs = { progress: [20, 40, 60, 80], result: 'rootfs.1' };
  }),
  'same-version': async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('1.0');
    return agent;
  },
  'download-failure': update(({ device }) => {
    device.downloads = { progress: [0], result: new Error('HTTP 404') };
  }),
  rejected: update(({ device }) => {
    device.bundle = { version: '2.1', slotsBefore: {} };
  }),
  'refused-bundle': update(({ device }) => {
    device.bundle = installerFails('signature verification failed: "self-signed"\nat depth 0');
  }),
  'install-failure': update(({ device }) => {
    device.installs = { progress: [40], result: installerFails('no space left on device') };
  }),
  'activation-failure': update(({ device }) => {
    device.markFailure = (slot) => (slot === 'rootfs.1' ? installerFails('no such slot') : undefined);
  }),
  'stream-fallback': async (t) => {
    const agent = await AgentUnderTest.connected(t, { mode: 'stream' });
    agent.device.installs = { progress: [20], result: installerFails('NBD failed') };
    agent.device.hold('install');
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.device.installs = { progress: [], result: 'rootfs.1' };
    agent.device.release('install');
    await agent.reaches('updating.updated');
    return agent;
  },
  rollback: async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'ROLLBACK', 'CLEANUP');
    return agent;
  },
  superseded: async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.command('DOWNLOAD');
    await agent.want('3.0', 'a2');
    return agent;
  },
  'invalid-desired-state': async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('', 'bad');
    await agent.command('REBOOT', 'worse');
    await agent.command('CLEANUP', 'bad');
    return agent;
  },
  'other-system-booted': async (t) => {
    const before = await AgentUnderTest.connected(t);
    await before.want('2.0');
    await before.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    before.device.boot = 'boot-2';
    const agent = await before.again('crash');
    await agent.up();
    await agent.command('CLEANUP');
    return agent;
  },
};
