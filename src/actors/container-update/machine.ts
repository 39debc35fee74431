/**
 * The update agent for containers (CUA §A.5): it says what a desired state would change, and then does what it is
 * commanded to, group by group. Which command may come when is a matter of the addressed group (CUA-23): the states
 * inside `waiting` tell what came of the last command.
 *
 * Invariants
 * - CUA-24 Messages are taken in the order in which they came, one at a time: while a step runs (tag `busy`), they wait
 *   in the stored inbox.
 * - CUA-33 A step runs again after a restart and finds what it has done; what is said to begin is said again, what is
 *   said to be over never.
 */
import { fromPromise, setup } from 'xstate';
import type { CommandName } from '../../protocols/container-update/index.js';
import {
  type AgentContext,
  type AgentEvent,
  type AgentInput,
  type AgentOutput,
  type CompareOutput,
  DEFAULT_AGENT_TIMING,
  type LookInput,
  type LookOutput,
  type StepInput,
  type StepsInput,
  type StepsOutput,
  type Wanted,
} from './events.js';
import { type Change, changes, guards, inputs } from './operation-events.js';

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

const base = setup({
  types: {} as {
    context: AgentContext;
    events: AgentEvent;
    input: AgentInput;
    emitted: AgentOutput;
    tags: 'busy';
    /** `cua`: the status of a group that the state stands for. */
    meta: { cua?: string; waitsFor?: string; until?: string };
  },
  actors: {
    compare: fromPromise<CompareOutput, Wanted | null>(provided),
    look: fromPromise<LookOutput, LookInput>(provided),
    /** One step; fails with the text for its action. */
    takeStep: fromPromise<void, StepInput>(provided),
    /** All steps, whatever fails. */
    takeSteps: fromPromise<StepsOutput, StepsInput>(provided),
  },
  guards,
  delays: { unattendedAfter: DEFAULT_AGENT_TIMING.unattendedAfter },
});

const applying = (change: Change) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    const { context: changed, outputs = [] } = change({ context, event });
    if (changed) enqueue.assign(changed);
    for (const output of outputs) enqueue.emit(output);
  });

const each = <Name extends string, From, To>(table: Record<Name, From>, to: (from: From) => To): Record<Name, To> =>
  Object.fromEntries(Object.entries<From>(table).map(([name, from]) => [name, to(from)])) as Record<Name, To>;

const agent = base.extend({ actions: each(changes, applying) });

const AGENT = '#container-update-agent';

/** Where a command leads. */
const PHASES = {
  DOWNLOAD: `${AGENT}.downloading`,
  UPDATE: `${AGENT}.updating`,
  ACTIVATE: `${AGENT}.activating`,
  ROLLBACK: `${AGENT}.rollingBack`,
  CLEANUP: `${AGENT}.cleaningUp`,
} as const;

const onCommand = <Command extends CommandName>(command: Command) =>
  ({ guard: { type: 'isCommand', params: { command } }, target: PHASES[command], actions: 'begin' }) as const;

const byItself = <Command extends CommandName>(command: Command) =>
  ({ guard: { type: 'goesOnBy', params: { command } }, target: PHASES[command], actions: 'beginByItself' }) as const;

const REFUSALS = { 'DESIRED_STATE.INVALID': { actions: 'refuseDesiredState' } } as const;

/** Waits for commands without an end: an operation may stay open for ever, and the next desired state ends it (CUA-32). */
const waitsFor = (commands: string, cua: string) =>
  ({ meta: { cua, waitsFor: `the command ${commands}`, until: 'never' } }) as const;

/** The actions of a group one after the other, until one fails (CUA-25). */
const phase = <Good extends string, Bad extends string>(work: string, good: Good, bad: Bad) =>
  ({
    choosing: {
      always: [
        { guard: 'hasNext', target: 'working', actions: 'beginNext' },
        { target: `${AGENT}.waiting.${good}`, actions: 'endPhase' },
      ],
    },
    working: {
      tags: 'busy',
      meta: { waitsFor: work, until: 'the time that a container has for a command' },
      invoke: {
        src: 'takeStep',
        input: ({ context }: { context: AgentContext }) => inputs.step(context),
        onDone: { target: 'choosing', actions: 'noteSuccess' },
        onError: { target: `${AGENT}.waiting.${bad}`, actions: 'failPhase' },
      },
      on: { 'runtime.restored': { actions: 'repeatRunning' } },
    },
  }) as const;

export const containerUpdateMachine = agent.createMachine({
  id: 'container-update-agent',
  options: { maxIterations: 10_000 },
  context: ({ input }) => ({ settings: input.settings, operation: null, wanted: null }),
  initial: 'idle',
  on: { CONFIGURE: { actions: 'configure' } },
  states: {
    idle: {
      meta: { waitsFor: 'a desired state', until: 'never' },
      on: {
        ...REFUSALS,
        DESIRED_STATE: { target: 'identifying', actions: 'want' },
        COMMAND: { actions: 'noteIgnored' },
      },
    },
    identifying: {
      tags: 'busy',
      meta: { cua: 'IDENTIFYING', waitsFor: 'the desired containers to be compared with those that are there' },
      entry: 'publishIdentifying',
      invoke: {
        src: 'compare',
        input: ({ context }) => context.wanted,
        onDone: [
          { guard: 'isNothingToDo', target: 'idle', actions: 'publishNothingToDo' },
          { target: 'waiting', actions: 'identify' },
        ],
        onError: { target: 'idle', actions: 'publishIdentificationFailed' },
      },
    },
    waiting: {
      initial: 'identified',
      always: [
        byItself('DOWNLOAD'),
        byItself('UPDATE'),
        byItself('ACTIVATE'),
        byItself('ROLLBACK'),
        byItself('CLEANUP'),
      ],
      on: {
        ...REFUSALS,
        DESIRED_STATE: [
          { guard: 'isUntouched', actions: 'repeatIdentified' },
          { guard: 'isRedelivery' },
          { target: 'superseding', actions: ['want', 'publishSuperseded'] },
        ],
        COMMAND: [
          { guard: 'isIgnored', actions: 'noteIgnored' },
          { guard: 'isRefused', actions: 'refuseCommand' },
          onCommand('DOWNLOAD'),
          onCommand('UPDATE'),
          onCommand('ACTIVATE'),
          onCommand('ROLLBACK'),
          onCommand('CLEANUP'),
        ],
      },
      states: {
        identified: {
          meta: { cua: 'IDENTIFIED', waitsFor: 'the command DOWNLOAD', until: 'unattendedAfter' },
          after: { unattendedAfter: 'unattended' },
        },
        /** Most often there is no update manager (CUA-22). */
        unattended: { entry: 'warnUnattended', ...waitsFor('DOWNLOAD, which nobody sends', 'IDENTIFIED') },
        downloaded: waitsFor('UPDATE', 'DOWNLOAD_SUCCESS'),
        downloadFailed: waitsFor('CLEANUP or ROLLBACK', 'DOWNLOAD_FAILURE'),
        updated: waitsFor('ACTIVATE', 'UPDATE_SUCCESS'),
        updateFailed: waitsFor('CLEANUP or ROLLBACK', 'UPDATE_FAILURE'),
        activated: waitsFor('CLEANUP', 'ACTIVATION_SUCCESS'),
        activationFailed: waitsFor('CLEANUP or ROLLBACK', 'ACTIVATION_FAILURE'),
        rolledBack: waitsFor('CLEANUP', 'ROLLBACK_SUCCESS'),
        rollbackFailed: waitsFor('CLEANUP', 'ROLLBACK_FAILURE'),
        /** One of several groups. */
        cleanedUp: waitsFor('of another baseline', 'CLEANUP_SUCCESS'),
      },
    },
    downloading: {
      meta: { cua: 'DOWNLOADING' },
      on: { PROGRESS: { actions: 'noteProgress' } },
      initial: 'choosing',
      states: phase('an image to be pulled and a container to be made of it', 'downloaded', 'downloadFailed'),
    },
    updating: {
      meta: { cua: 'UPDATING' },
      initial: 'looking',
      states: {
        /** What runs now is to run again if the update comes to nothing (CUA-27, CUA-28). */
        looking: {
          tags: 'busy',
          meta: { waitsFor: 'a look at which containers run' },
          invoke: {
            src: 'look',
            input: ({ context }) => inputs.look(context),
            onDone: { target: 'choosing', actions: 'noteRunning' },
            onError: 'choosing',
          },
        },
        ...phase('a container to be stopped, or to have its new limits', 'updated', 'updateFailed'),
      },
    },
    activating: {
      meta: { cua: 'ACTIVATING' },
      initial: 'choosing',
      states: phase('a container to take its name over and to run', 'activated', 'activationFailed'),
    },
    rollingBack: {
      meta: { cua: 'ROLLBACK' },
      initial: 'choosing',
      states: {
        choosing: {
          always: [
            { guard: 'hasUndone', target: 'working', actions: 'beginUndone' },
            { guard: 'hasRollbackFailed', target: `${AGENT}.waiting.rollbackFailed`, actions: 'endRollback' },
            { target: `${AGENT}.waiting.rolledBack`, actions: 'endRollback' },
          ],
        },
        working: {
          tags: 'busy',
          meta: { waitsFor: 'a container to be as it was', until: 'the time that a container has for a command' },
          invoke: {
            src: 'takeStep',
            input: ({ context }) => inputs.undo(context),
            onDone: { target: 'choosing', actions: 'noteUndone' },
            onError: { target: 'choosing', actions: 'noteUndoneFailure' },
          },
          on: { 'runtime.restored': { actions: 'repeatUndoing' } },
        },
      },
    },
    cleaningUp: {
      tags: 'busy',
      meta: {
        cua: 'CLEANUP',
        waitsFor: 'containers that are not needed any more to be removed',
        until: 'the time that a container has for a command',
      },
      invoke: {
        src: 'takeSteps',
        input: ({ context }) => inputs.cleanup(context),
        onDone: [
          { guard: 'isOver', target: 'idle', actions: ['endCleanup', 'endOperation'] },
          { target: 'waiting.cleanedUp', actions: 'endCleanup' },
        ],
        onError: [
          { guard: 'isOver', target: 'idle', actions: ['endCleanup', 'endOperation'] },
          { target: 'waiting.cleanedUp', actions: 'endCleanup' },
        ],
      },
    },
    /** Another desired state has come: this one ends as a CLEANUP would end it (CUA-30). */
    superseding: {
      tags: 'busy',
      meta: {
        cua: 'SUPERSEDED',
        waitsFor: 'what the update before has left to be undone, or to be finished',
        until: 'the time that a container has for a command',
      },
      invoke: {
        src: 'takeSteps',
        input: ({ context }) => inputs.supersede(context),
        onDone: { target: 'identifying', actions: 'forgetOperation' },
        onError: { target: 'identifying', actions: 'forgetOperation' },
      },
    },
  },
});
