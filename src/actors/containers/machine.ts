/**
 * One container of the vehicle, from the wish for it to its end (CTR §B.3, ENG-1). Its engine is asked for one thing at
 * a time; commands wait meanwhile.
 *
 * Invariants
 * - CON-1 Every command is answered once, unless the process ends before.
 * - CON-2 Each step may run again after a restart, and finds what it did.
 * - CON-3 What the engine link sees is a hint: the engine is asked before the record changes.
 */
import { fromPromise, setup } from 'xstate';
import {
  type ChartEvent,
  type ChartInput,
  type ChartOutput,
  type ContainerContext,
  type LimitInput,
  type Looked,
  type MakeInput,
  type Observed,
  type Prepared,
  type Renamed,
  type RenameInput,
  type StartInput,
  type StepInput,
  type StopInput,
  stepOf,
  stopOptions,
  timeOf,
  wantedResources,
} from './chart-events.js';
import { commandGuards } from './command-events.js';
import { type Change, changes, guards, initialContext, renamed } from './lifecycle-events.js';
import { type Say, says, statusChange } from './saying-events.js';

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

const base = setup({
  types: {} as {
    context: ContainerContext;
    events: ChartEvent;
    input: ChartInput;
    emitted: ChartOutput;
    tags: 'busy';
    /** `ctr`: the status in the container model (CTR-3). */
    meta: { ctr?: string; waitsFor?: string; until?: 'never' | 'backOff' };
  },
  actors: {
    /** Sends PROGRESS. */
    fetch: fromPromise<void, StepInput>(provided),
    prepare: fromPromise<Prepared, StepInput>(provided),
    make: fromPromise<void, MakeInput>(provided),
    start: fromPromise<Observed, StartInput>(provided),
    stop: fromPromise<Observed, StopInput>(provided),
    pause: fromPromise<Observed, StepInput>(provided),
    resume: fromPromise<Observed, StartInput>(provided),
    rename: fromPromise<Renamed, RenameInput>(provided),
    limit: fromPromise<void, LimitInput>(provided),
    look: fromPromise<Looked, StepInput>(provided),
    remove: fromPromise<void, StepInput>(provided),
  },
  guards: { ...guards, ...commandGuards },
  delays: {
    /** Until the next start (CTR-15): what is left of it, where something came in between. */
    backOff: ({ context, event }) => Math.max(0, (context.restartAt ?? 0) - timeOf(event)),
  },
});

/** A new status is told to the watchers along with it. */
const assigning = (change: Change) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    const patch = change({ context, event });
    enqueue.assign(patch);
    for (const output of statusChange(context, { ...context, ...patch })) enqueue.emit(output);
  });

const saying = (say: Say) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    for (const output of say({ context, event })) enqueue.emit(output);
  });

const each = <Name extends string, From, To>(table: Record<Name, From>, to: (from: From) => To): Record<Name, To> =>
  Object.fromEntries(Object.entries<From>(table).map(([name, from]) => [name, to(from)])) as Record<Name, To>;

const container = base.extend({ actions: { ...each(changes, assigning), ...each(says, saying) } });

const startInput = (context: ContainerContext): StartInput => ({
  ...stepOf(context),
  hasHosts: context.hasHosts,
  startedAt: context.state.startedAt,
  madeWith: context.madeWith,
  isLimited: context.isLimited ?? false,
  isAutomatic: context.asked === null,
  restartCount: context.restartCount,
});

const AGREE = ['agree', 'forgetAsked'] as const;
/** Back to where the record says that it is. */
const FAILED = { target: 'choosing', actions: ['noteFailure', 'complain', 'forgetAsked'] } as const;

const START = { target: 'starting', actions: ['take', 'beginStart'] } as const;
const STARTABLE = { START: [{ guard: 'wasStarted', actions: 'agree' }, START] } as const;
const STOPPABLE = {
  STOP: [{ guard: 'canStop', target: 'stopping', actions: 'take' }, { actions: 'answer' }],
  SUSPEND: { target: 'stopping', actions: 'take' },
} as const;
/** What does not run is not started by a policy any more, either (CTR-14). */
const ENSURED_STOP = {
  STOP: [{ guard: 'isEnsured', target: 'stopped', actions: ['giveUp', 'agree'] }, { actions: 'answer' }],
} as const;

/** While a step runs (tag `busy`), commands and sightings wait in the inbox. */
export const containerMachine = container.createMachine({
  id: 'container',
  context: ({ input }) => initialContext(input),
  initial: 'planned',
  on: {
    CREATE: { actions: 'answer' },
    START: { actions: 'answer' },
    STOP: { actions: 'answer' },
    SUSPEND: { actions: 'agree' },
    PAUSE: { actions: 'answer' },
    RESUME: { actions: 'answer' },
    RENAME: [{ guard: 'isRename', target: '.renaming', actions: 'take' }, { actions: 'answer' }],
    ROLE: [{ guard: 'isOtherRole', target: '.renaming', actions: 'take' }, { actions: 'answer' }],
    UPDATE: [
      { guard: 'isBadUpdate', actions: 'answer' },
      { guard: 'hasLimits', target: '.updating', actions: 'take' },
      { target: '.choosing', actions: ['applyUpdate', 'tellUpdated', 'agree'] },
    ],
    REMOVE: [{ guard: 'mayRemove', target: '.removing', actions: 'take' }, { actions: 'answer' }],
    'ENGINE.SEEN': [{ guard: 'isNews', target: '.looking', actions: 'noteSighting' }, { actions: 'noteSeen' }],
    'ENGINE.MISSING': { target: '.looking', actions: 'noteSighting' },
  },
  states: {
    planned: {
      meta: { ctr: 'Creating', waitsFor: 'the command to create it', until: 'never' },
      // By a process whose records are lost.
      always: { guard: 'isFound', target: 'looking' },
      on: {
        CREATE: { target: 'creating', actions: 'take' },
        RENAME: { actions: 'answer' },
        ROLE: { actions: ['noteRole', 'agree'] },
        UPDATE: { actions: 'answer' },
        // Nothing of it is in the engine, which may be lost.
        REMOVE: { guard: 'isUnmade', target: 'gone', actions: ['agree', 'tellGone'] },
        'ENGINE.SEEN': {},
        'ENGINE.MISSING': {},
      },
    },
    creating: {
      tags: 'busy',
      initial: 'fetching',
      states: {
        fetching: {
          meta: { ctr: 'Creating', waitsFor: 'the image', until: 'never' },
          invoke: {
            src: 'fetch',
            input: ({ context }) => stepOf(context),
            onDone: 'preparing',
            onError: { ...FAILED, target: '#container.planned' },
          },
          on: { PROGRESS: { actions: 'noteProgress' } },
        },
        preparing: {
          meta: { ctr: 'Creating', waitsFor: 'a free name and free ports', until: 'never' },
          invoke: {
            src: 'prepare',
            input: ({ context }) => stepOf(context),
            onDone: { target: 'making', actions: 'notePrepared' },
            onError: { ...FAILED, target: '#container.planned' },
          },
        },
        making: {
          meta: { ctr: 'Creating', waitsFor: 'the engine to make it', until: 'never' },
          invoke: {
            src: 'make',
            input: ({ context }) => {
              const { engineName, ports, hasHosts } = context;
              return { ...stepOf(context), engineName, ports, hasHosts };
            },
            onDone: { target: '#container.created', actions: ['noteMade', ...AGREE] },
            onError: { ...FAILED, target: '#container.planned' },
          },
        },
      },
    },
    /** Where the record says that it is. */
    choosing: {
      always: [
        { guard: 'isPlanned', target: 'planned' },
        { guard: 'isRunning', target: 'running' },
        { guard: 'isPaused', target: 'paused' },
        { guard: 'isDead', target: 'dead' },
        { guard: 'isToRestart', target: 'backingOff' },
        { guard: 'isCreated', target: 'created' },
        { guard: 'isStopped', target: 'stopped' },
        { target: 'exited' },
      ],
    },
    created: {
      meta: { ctr: 'Created', waitsFor: 'the command to start it', until: 'never' },
      on: { START },
    },
    starting: {
      tags: 'busy',
      meta: { waitsFor: 'the engine to start it', until: 'never' },
      invoke: {
        src: 'start',
        input: ({ context }) => startInput(context),
        onDone: [
          { guard: 'isOver', target: 'choosing', actions: ['noteStarted', 'noteEnd', ...AGREE] },
          { target: 'running', actions: ['noteStarted', ...AGREE] },
        ],
        onError: [
          { guard: 'isEngineLost', target: 'choosing', actions: 'putOff' },
          { target: 'choosing', actions: ['noteStartFailure', 'complain', 'forgetAsked'] },
        ],
      },
    },
    running: {
      meta: { ctr: 'Running', waitsFor: 'its end', until: 'never' },
      on: { PAUSE: { target: 'pausing', actions: 'take' }, ...STOPPABLE },
    },
    pausing: {
      tags: 'busy',
      meta: { ctr: 'Running', waitsFor: 'the engine to pause it', until: 'never' },
      invoke: {
        src: 'pause',
        input: ({ context }) => stepOf(context),
        onDone: { target: 'paused', actions: ['notePaused', ...AGREE] },
        onError: FAILED,
      },
    },
    paused: {
      meta: { ctr: 'Paused', waitsFor: 'the command to resume it', until: 'never' },
      on: { RESUME: { target: 'resuming', actions: 'take' }, ...STOPPABLE },
    },
    resuming: {
      tags: 'busy',
      meta: { ctr: 'Paused', waitsFor: 'the engine to resume it', until: 'never' },
      invoke: {
        src: 'resume',
        input: ({ context }) => startInput(context),
        onDone: { target: 'running', actions: ['noteResumed', ...AGREE] },
        onError: FAILED,
      },
    },
    stopping: {
      tags: 'busy',
      meta: { ctr: 'Running', waitsFor: 'its process to end', until: 'never' },
      invoke: {
        src: 'stop',
        input: ({ context }) => ({ ...stepOf(context), options: stopOptions(context) }),
        onDone: [
          { guard: 'isSuspending', target: 'stopped', actions: ['noteSuspended', ...AGREE] },
          { target: 'stopped', actions: ['noteStopped', ...AGREE] },
        ],
        onError: FAILED,
      },
      // The stop that took it along is over.
      on: { 'runtime.restored': { guard: 'isInterrupted', target: 'looking', actions: 'forgetAsked' } },
    },
    stopped: {
      meta: { ctr: 'Stopped', waitsFor: 'the command to start it', until: 'never' },
      on: {
        ...STARTABLE,
        ...ENSURED_STOP,
        'runtime.restored': { guard: 'isSuspended', target: 'choosing', actions: 'takeUp' },
      },
    },
    exited: {
      meta: { ctr: 'Exited', waitsFor: 'the command to start it', until: 'never' },
      on: { ...STARTABLE, ...ENSURED_STOP },
    },
    backingOff: {
      meta: { ctr: 'Exited', waitsFor: 'the time of its next start', until: 'backOff' },
      after: { backOff: { target: 'starting', actions: 'beginRestart' } },
      on: {
        ...STARTABLE,
        STOP: [{ guard: 'canStop', target: 'stopped', actions: ['giveUp', 'agree'] }, { actions: 'answer' }],
      },
    },
    dead: {
      meta: { ctr: 'Dead', waitsFor: 'the command to remove it', until: 'never' },
    },
    renaming: {
      tags: 'busy',
      meta: { waitsFor: 'the engine to rename it', until: 'never' },
      invoke: {
        src: 'rename',
        input: ({ context }) => ({ ...stepOf(context), ...renamed(context) }),
        onDone: { target: 'choosing', actions: ['noteRenamed', 'tellRenamed', ...AGREE] },
        onError: FAILED,
      },
    },
    updating: {
      tags: 'busy',
      meta: { waitsFor: 'the engine to change its limits', until: 'never' },
      invoke: {
        src: 'limit',
        input: ({ context }) => ({ ...stepOf(context), resources: wantedResources(context) }),
        onDone: { target: 'choosing', actions: ['applyUpdate', 'tellUpdated', ...AGREE] },
        onError: FAILED,
      },
    },
    looking: {
      tags: 'busy',
      meta: { waitsFor: 'the engine to say how it is', until: 'never' },
      invoke: {
        src: 'look',
        input: ({ context }) => stepOf(context),
        onDone: [
          { guard: 'isThere', target: 'choosing', actions: 'takeOver' },
          { target: 'removing', actions: 'takeOver' },
        ],
        onError: { target: 'choosing', actions: 'trustSighting' },
      },
    },
    removing: {
      tags: 'busy',
      meta: { ctr: 'Dead', waitsFor: 'the engine to remove it', until: 'never' },
      invoke: {
        src: 'remove',
        input: ({ context }) => stepOf(context),
        onDone: { target: 'gone', actions: ['tellRemoved', ...AGREE, 'tellGone'] },
        onError: FAILED,
      },
    },
    gone: { type: 'final', meta: { ctr: 'Dead' } },
  },
});
