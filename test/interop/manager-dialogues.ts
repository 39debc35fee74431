import { AGENTS, type AgentName, type ManagerDialogue, type Message } from '../fakes/manager-dialogue.js';
import { type Deviation, deviations, FEEDBACK, STATE } from './manager-deviations.js';

/** What everybody around a manager says to it; the same to both. */
export interface Dialogue {
  readonly name: string;
  /** Over the configuration that all have in common. */
  readonly config?: object;
  readonly run: (dialogue: ManagerDialogue) => Promise<void>;
  readonly deviations?: readonly Deviation[];
}

const PHASES = [
  ['DOWNLOAD', 'DOWNLOADING', 'DOWNLOAD_SUCCESS'],
  ['UPDATE', 'UPDATING', 'UPDATE_SUCCESS'],
  ['ACTIVATE', 'ACTIVATING', 'ACTIVATION_SUCCESS'],
] as const;

type Agents = readonly AgentName[];

async function identify(world: ManagerDialogue, activity: string, agents: Agents = AGENTS): Promise<void> {
  for (const agent of agents) await world.identifies(agent, activity);
  for (const agent of agents) await world.says(agent, activity, 'IDENTIFYING');
  for (const agent of agents) await world.says(agent, activity, 'IDENTIFIED');
}

/** The agents do what they are commanded, one phase after another, up to the one that is not in `phases`. */
async function work(world: ManagerDialogue, activity: string, phases: number = PHASES.length, agents: Agents = AGENTS) {
  for (const [command, doing, done] of PHASES.slice(0, phases)) {
    for (const agent of agents) await world.commands(agent, activity, command);
    for (const agent of agents) await world.says(agent, activity, doing);
    for (const agent of agents) await world.says(agent, activity, done);
  }
}

async function cleanUp(world: ManagerDialogue, activity: string, agents: Agents = AGENTS): Promise<void> {
  for (const agent of agents) await world.commands(agent, activity, 'CLEANUP');
  for (const agent of agents) await world.says(agent, activity, 'CLEANUP_SUCCESS', { actions: undefined });
}

async function wholeUpdate(world: ManagerDialogue, activity: string): Promise<void> {
  await identify(world, activity);
  await work(world, activity);
  await cleanUp(world, activity);
  await world.ends(activity);
}

const askingFor = (...ownerConsentCommands: readonly string[]) => ({ ownerConsentCommands, rebootEnabled: false });

export const dialogues: readonly Dialogue[] = [
  {
    name: 'two domains, with baselines, to COMPLETED and the reboot',
    run: async (world) => {
      const component = (id: string) => ({ id, version: '2', config: [{ key: 'k', value: '<&>' }] });
      await world.wantRaw('a', {
        baselines: [
          { title: 'both', preconditions: 'a=b', components: ['containers:app', 'self-update:app'] },
          { title: 'one', description: 'd', components: ['self-update:app'] },
        ],
        domains: AGENTS.map((id) => ({ id, config: [{ key: 'x', value: '1' }], components: [component('app')] })),
      });
      await wholeUpdate(world, 'a');
      for (const agent of AGENTS) await world.says(agent, 'a', 'COMPLETED', { actions: undefined });
      await world.until(() => world.reboot === '1 b', 'the reboot');
    },
  },
  {
    name: 'a domain that cannot download, and one that goes on',
    config: { rebootEnabled: false },
    run: async (world) => {
      await world.want('a');
      await identify(world, 'a');
      for (const agent of AGENTS) await world.commands(agent, 'a', 'DOWNLOAD');
      await world.says('containers', 'a', 'DOWNLOAD_FAILURE', { message: 'no space' });
      await world.commands('containers', 'a', 'CLEANUP');
      await world.says('containers', 'a', 'CLEANUP_SUCCESS', { actions: undefined });
      await world.says('self-update', 'a', 'DOWNLOAD_SUCCESS');
      for (const [command, , done] of PHASES.slice(1)) {
        await world.commands('self-update', 'a', command);
        await world.says('self-update', 'a', done);
      }
      await cleanUp(world, 'a', ['self-update']);
      await world.ends('a');
    },
  },
  {
    name: 'a domain that fails as the last one of its phase',
    // As long as the reference waits for nothing.
    config: { rebootEnabled: false, phaseTimeout: '20s' },
    run: async (world) => {
      await world.want('a');
      await identify(world, 'a');
      for (const agent of AGENTS) await world.commands(agent, 'a', 'DOWNLOAD');
      await world.says('self-update', 'a', 'DOWNLOAD_SUCCESS');
      await world.says('containers', 'a', 'DOWNLOAD_FAILURE');
      await world.commands('containers', 'a', 'CLEANUP');
      await world.says('containers', 'a', 'CLEANUP_SUCCESS', { actions: undefined });
      const goesOn = () => world.hasCommanded('self-update', 'a', 'UPDATE');
      await world.until(() => goesOn() || world.endsOf('a').length > 0, 'it goes on, or ends');
      if (goesOn()) {
        for (const [command, , done] of PHASES.slice(1)) {
          await world.commands('self-update', 'a', command);
          await world.says('self-update', 'a', done);
        }
        await cleanUp(world, 'a', ['self-update']);
      }
      await world.ends('a');
    },
    deviations: deviations.failsLast,
  },
  ...['DOWNLOAD', 'UPDATE', 'ACTIVATE'].map((denied, phases) => ({
    name: `an owner who denies ${denied}`,
    config: askingFor(denied),
    deviations: denied === 'ACTIVATE' ? deviations.deniedActivation : [],
    run: async (world: ManagerDialogue) => {
      await world.want('a');
      await identify(world, 'a');
      await work(world, 'a', phases);
      await world.asksOwner('a', denied);
      await world.answersConsent('a', 'DENIED');
      if (denied !== 'DOWNLOAD') {
        for (const agent of AGENTS) await world.commands(agent, 'a', 'ROLLBACK');
        for (const agent of AGENTS) await world.says(agent, 'a', 'ROLLBACK');
        for (const agent of AGENTS) await world.says(agent, 'a', 'ROLLBACK_SUCCESS');
        for (const last of ['CLEANUP_SUCCESS', 'INCOMPLETE']) {
          for (const agent of AGENTS) await world.says(agent, 'a', last, { actions: undefined });
        }
      }
      await world.ends('a');
    },
  })),
  {
    name: 'an owner who is asked for everything and approves',
    config: askingFor('DOWNLOAD', 'UPDATE', 'ACTIVATE'),
    run: async (world) => {
      await world.want('a');
      await identify(world, 'a');
      for (const [command, , done] of PHASES) {
        await world.asksOwner('a', command);
        await world.answersConsent('other', 'DENIED');
        await world.answersConsent('a', 'APPROVED');
        for (const agent of AGENTS) await world.commands(agent, 'a', command);
        for (const agent of AGENTS) await world.says(agent, 'a', done);
      }
      await cleanUp(world, 'a');
      await world.ends('a');
    },
  },
  {
    name: 'a domain without agent beside one with, and a desired state without any',
    config: { rebootEnabled: false },
    run: async (world) => {
      await world.want('a', ['brakes', 'containers']);
      await identify(world, 'a', ['containers']);
      await work(world, 'a', PHASES.length, ['containers']);
      await cleanUp(world, 'a', ['containers']);
      await world.ends('a');
      await world.want('none', ['brakes']);
      await world.until(() => world.on(FEEDBACK).length > 4, 'the refusal');
      await world.wantRaw('null', null);
      await world.until(() => world.on(FEEDBACK).length > 5, 'the refusal of null');
      await world.reported('null');
    },
    deviations: deviations.unsupported,
  },
  {
    name: 'two desired states in a row',
    config: { rebootEnabled: false },
    run: async (world) => {
      await world.want('a');
      // The reference may begin with the second of two that come at once.
      await world.identifies('containers', 'a');
      await world.want('b');
      await wholeUpdate(world, 'a');
      await wholeUpdate(world, 'b');
    },
  },
  {
    name: 'a desired state that the broker repeats',
    config: { rebootEnabled: false },
    run: async (world) => {
      await world.want('a');
      await world.identifies('containers', 'a');
      await world.want('a');
      await wholeUpdate(world, 'a');
      if (world.who === 'the reference') {
        for (const agent of AGENTS) await world.identifies(agent, 'a', 2);
        for (const agent of AGENTS) await world.says(agent, 'a', 'IDENTIFIED', { actions: undefined });
        await world.ends('a', 2);
      }
      await world.want('b', ['containers']);
      await world.identifies('containers', 'b');
      await world.says('containers', 'b', 'IDENTIFIED', { actions: undefined });
      await world.ends('b');
    },
    deviations: deviations.repeated,
  },
  {
    name: 'the current state, of their own accord, asked for, and older than known',
    config: {
      agents: { containers: { readTimeout: '10s' }, 'self-update': { readTimeout: '10s' } },
    },
    run: async (world) => {
      await world.has('containers', '2', '', 1_000);
      await world.until(() => world.on(STATE, '').length > 0, 'a report of its own accord');
      await world.has('containers', '1', '', 999);
      await world.has('self-update', '2', '', 1_000);
      await world.until(() => world.on(STATE, '').length > 1, 'another one');
    },
  },
  {
    name: 'a request for the current state',
    config: {
      agents: { containers: { readTimeout: '10s' }, 'self-update': { readTimeout: '10s' } },
    },
    run: async (world) => {
      await world.has('containers', '2');
      await world.asksForState('s');
      await world.reported('s');
    },
    deviations: deviations.askedForState,
  },
  {
    name: 'an agent that begins later',
    run: async (world) => {
      await world.has('containers', '2', 'initial-current-state-1');
      await world.has('self-update', '2', '');
      const isLast = ({ payload }: Message): boolean => !JSON.stringify(payload).includes('"version":"1"');
      await world.until(() => world.on(STATE, '').some(isLast), 'a report of both');
    },
    deviations: deviations.beginsLater,
  },
  {
    name: 'messages that are none',
    // For as long the reference waits for answers without id.
    config: {
      rebootEnabled: false,
      agents: { containers: { readTimeout: '5s' }, 'self-update': { readTimeout: '5s' } },
    },
    run: async (world) => {
      const desired = 'vehicleupdate/desiredstate';
      for (const text of ['', '{', '[]', '"a"', 'null', '{"activityId":5}', '{"activityId":"x","timestamp":"1"}']) {
        await world.send(desired, text);
      }
      await world.wantRaw('x', { domains: {} });
      await world.wantRaw('x', { domains: [{ id: 5 }] });
      await world.send('vehicleupdate/desiredstate/command', '{"activityId":"x","payload":{"command":"CLEANUP"}}');
      await world.send('vehicleupdate/currentstate/get', '');
      await world.send('containersupdate/currentstate', '{"activityId":"","payload":{"softwareNodes":{}}}');
      await world.want('a');
      await identify(world, 'a');
      for (const agent of AGENTS) await world.commands(agent, 'a', 'DOWNLOAD');
      await world.send('containersupdate/desiredstatefeedback', '{');
      await world.says('containers', 'other', 'DOWNLOAD_FAILURE');
      await world.says('containers', 'a', 'DOWNLOAD_FAILURE', { status: 7 });
      await world.says('containers', 'a', 'NONSENSE');
      await world.says('containers', 'a', 'UPDATE_SUCCESS');
      await work(world, 'a');
      await cleanUp(world, 'a');
      await world.ends('a');
    },
  },
  {
    name: 'identification that fails, as the last report',
    run: async (world) => {
      await world.want('a');
      for (const agent of AGENTS) await world.identifies(agent, 'a');
      await world.says('self-update', 'a', 'IDENTIFIED');
      await world.says('containers', 'a', 'IDENTIFICATION_FAILED', { message: 'unknown image', actions: [] });
      await world.ends('a');
    },
  },
  {
    name: 'identification that fails, as the first report',
    run: async (world) => {
      await world.want('a');
      for (const agent of AGENTS) await world.identifies(agent, 'a');
      await world.says('containers', 'a', 'IDENTIFICATION_FAILED', { message: 'unknown image', actions: [] });
      await world.says('self-update', 'a', 'IDENTIFIED');
      await world.ends('a');
    },
    deviations: deviations.unidentified,
  },
  {
    name: 'nothing to do, for one and for all',
    config: { rebootEnabled: false },
    run: async (world) => {
      await world.want('a');
      for (const agent of AGENTS) await world.identifies(agent, 'a');
      await world.says('self-update', 'a', 'IDENTIFIED', { actions: undefined });
      await world.says('containers', 'a', 'IDENTIFIED');
      await work(world, 'a', PHASES.length, ['containers']);
      await cleanUp(world, 'a', ['containers']);
      await world.ends('a');
      await world.want('b');
      for (const agent of AGENTS) await world.identifies(agent, 'b');
      for (const agent of AGENTS) await world.says(agent, 'b', 'IDENTIFIED', { actions: undefined });
      await world.ends('b');
    },
  },
  {
    name: 'an agent whose image is installed already, and that says COMPLETED at once',
    config: { phaseTimeout: '20s' },
    run: async (world) => {
      await world.want('a', ['self-update']);
      await world.identifies('self-update', 'a');
      await world.says('self-update', 'a', 'COMPLETED', { actions: undefined });
      await world.ends('a');
    },
    deviations: deviations.installedAlready,
  },
  {
    name: 'an agent that never answers',
    config: { phaseTimeout: '3s' },
    run: async (world) => {
      await world.want('a', ['self-update']);
      await world.ends('a');
    },
  },
  {
    name: 'a manager that is stopped in the middle',
    run: async (world) => {
      await world.want('a');
      await identify(world, 'a');
      for (const agent of AGENTS) await world.commands(agent, 'a', 'DOWNLOAD');
    },
    deviations: deviations.stopped,
  },
];
