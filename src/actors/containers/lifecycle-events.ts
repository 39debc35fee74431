/** How a container's record is changed by what happens to it. Pure: the chart assigns what comes back. */
import {
  type ContainerState,
  type ContainerStatus,
  NEW_STATE,
  restartDecision,
} from '../../protocols/containers/index.js';
import type { EngineContainer } from '../engines/index.js';
import {
  type ChartEvent,
  type ChartInput,
  type ContainerContext,
  type Looked,
  type Prepared,
  type Renamed,
  timeOf,
} from './chart-events.js';
import { updateOf } from './command-events.js';

export interface Turn {
  readonly context: ContainerContext;
  readonly event: ChartEvent;
}

/** Characters of an error's text that are kept (ENG-3). */
const LONGEST_ERROR = 1_024;

/** Of an end that nobody saw: the machine went with it. */
const UNSEEN_CODE = 137;

/** Before a start that the engine's absence has put off. */
const ENGINE_PAUSE_MS = 1_000;

const outputOf = <Output>(event: object): Output => (event as { output: Output }).output;

/** The text of an effect's failure. */
export function errorOf(event: object): string {
  const { error } = event as { error?: unknown };
  const text = error instanceof Error ? error.message : String(error ?? 'unknown error');
  return text.trim().slice(0, LONGEST_ERROR);
}

const isEngineLost = (event: object): boolean =>
  (event as { error?: { code?: unknown } }).error?.code === 'ENGINE_UNAVAILABLE';

export const initialContext = ({ address, config, role, activity, found }: ChartInput): ContainerContext => ({
  id: address.slice(address.indexOf('/') + 1),
  config,
  role,
  activity,
  state: found ? { ...NEW_STATE, status: 'Created' } : NEW_STATE,
  created: found?.createdAt ?? '',
  restartCount: 0,
  manuallyStopped: false,
  startedBefore: false,
  lastError: '',
  engineName: found?.name ?? '',
  ports: [],
  hasHosts: false,
  madeWith: config.resources,
  percent: 0,
  inARow: 0,
  restartAt: null,
  isSuspended: false,
  isUnclear: false,
  sighted: null,
  asked: null,
});

const hasEnded = ({ status }: EngineContainer): boolean => status === 'exited';
const isLive = (status: ContainerStatus): boolean => status === 'Running' || status === 'Paused';

/** The pauses begin anew with a start by hand (CTR-14). */
const NO_RESTARTS = { restartCount: 0, inARow: 0, restartAt: null } as const;

const running = (state: ContainerState, seen: EngineContainer): ContainerState => ({
  ...state,
  status: 'Running',
  pid: seen.pid,
  exitCode: 0,
  error: '',
  startedAt: seen.startedAt,
  oomKilled: false,
});

const ended = (status: 'Stopped' | 'Exited', state: ContainerState, seen: EngineContainer): ContainerState => ({
  ...state,
  status,
  pid: -1,
  exitCode: seen.exitCode,
  error: seen.oomKilled ? 'OOM Killed' : '',
  startedAt: seen.startedAt || state.startedAt,
  finishedAt: seen.finishedAt,
  oomKilled: seen.oomKilled,
});

/** Whether and when it is started again after an end by itself (CTR-14, CTR-15). */
function judged(
  context: ContainerContext,
  state: ContainerState,
  at: number,
): Pick<ContainerContext, 'restartAt' | 'inARow'> {
  const { config, restartCount, manuallyStopped: wasStopped, inARow } = context;
  const { startedAt, finishedAt, exitCode } = state;
  const ranMs = lasted(startedAt, finishedAt);
  const decision = restartDecision(config.restartPolicy, { exitCode, wasStopped, ranMs, restartCount, inARow });
  return decision.restart
    ? { restartAt: at + decision.delayMs, inARow: decision.inARow }
    : { restartAt: null, inARow: 0 };
}

/** Milliseconds; 0 if a time is not known. */
function lasted(startedAt: string, finishedAt: string): number {
  const ms = Date.parse(finishedAt) - Date.parse(startedAt);
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** The process came to its end, while it was watched or not. */
function exited(context: ContainerContext, seen: EngineContainer, at: number): Partial<ContainerContext> {
  const state = ended('Exited', context.state, seen);
  return { state, ...judged(context, state, at) };
}

/**
 * The machine was switched off while it ran. Engines may show it as just made then, without a trace of its run, which was
 * no short one as far as anybody knows.
 */
function forgotten(context: ContainerContext, seen: EngineContainer, at: number): Partial<ContainerContext> {
  return exited({ ...context, inARow: 0 }, { ...seen, exitCode: UNSEEN_CODE, finishedAt: '' }, at);
}

/** Takes over what the engine shows, whoever caused it. */
function observed(context: ContainerContext, seen: EngineContainer, at: number): Partial<ContainerContext> {
  const { state } = context;
  switch (seen.status) {
    case 'running':
      return {
        state: running(state, seen),
        ...(isLive(state.status)
          ? {}
          : { ...NO_RESTARTS, manuallyStopped: false, startedBefore: true, isSuspended: false }),
      };
    case 'paused':
      return { state: { ...running(state, seen), status: 'Paused' }, startedBefore: true, restartAt: null };
    case 'exited':
      if (state.status === 'Stopped' || state.status === 'Exited') return {};
      return exited(context, seen, at);
    case 'created':
      return isLive(state.status) ? forgotten(context, seen, at) : {};
    case 'removing':
    case 'dead':
      return { state: { ...state, status: 'Dead', pid: -1 }, restartAt: null };
    case 'unknown':
      return { isUnclear: true };
  }
}

/** In which states of the engine a container of a status is expected. */
const EXPECTED: Readonly<Record<ContainerStatus, readonly EngineContainer['status'][]>> = {
  Creating: ['created'],
  Created: ['created'],
  Running: ['running'],
  Paused: ['paused'],
  Stopped: ['exited', 'created'],
  Exited: ['exited', 'created'],
  Dead: ['dead', 'removing'],
  Unknown: [],
};

const statusIs =
  (status: ContainerStatus) =>
  ({ context }: Turn): boolean =>
    context.state.status === status;

/** By the names of the chart's guards. */
export const guards = {
  isSuspended: ({ context, event }) =>
    event.type === 'runtime.restored' && event.cause === 'boot' && context.isSuspended,
  isPlanned: ({ context }) => context.created === '',
  /** Nor was it ever about to be made. */
  isUnmade: ({ context }) => context.engineName === '',
  isFound: ({ context }) => context.created !== '',
  isCreated: statusIs('Created'),
  isRunning: statusIs('Running'),
  isPaused: statusIs('Paused'),
  isStopped: statusIs('Stopped'),
  isDead: statusIs('Dead'),
  isToRestart: ({ context }) => context.restartAt !== null,
  /** The engine shows another state than the record. */
  isNews: ({ context, event }) =>
    event.type === 'ENGINE.SEEN' && !EXPECTED[context.state.status].includes(event.container.status),
  isThere: ({ event }) => outputOf<Looked>(event) !== null,
  isOver: ({ event }) => hasEnded(outputOf<EngineContainer>(event)),
  isInterrupted: ({ context, event }) =>
    event.type === 'runtime.restored' && event.cause === 'boot' && context.asked?.type === 'SUSPEND',
  isEngineLost: ({ context, event }) => context.asked === null && isEngineLost(event),
  isSuspending: ({ context }) => context.asked?.type === 'SUSPEND',
} satisfies Record<string, (turn: Turn) => boolean>;

export type Change = (turn: Turn) => Partial<ContainerContext>;

/** The name and the role that a command asks for. */
export function renamed({ config, role, asked }: ContainerContext): Pick<ContainerContext, 'config' | 'role'> {
  return {
    config: asked?.type === 'RENAME' ? { ...config, name: asked.name } : config,
    role: asked?.type === 'ROLE' ? asked.role : role,
  };
}

/** By the names of the chart's actions. */
export const changes = {
  take: ({ event }) => ({ asked: event as ContainerContext['asked'] }),
  forgetAsked: () => ({ asked: null }),

  noteProgress: ({ event }) => (event.type === 'PROGRESS' ? { percent: event.percent } : {}),
  notePrepared: ({ event }) => outputOf<Prepared>(event),
  noteMade: ({ context, event }) => ({
    created: new Date(timeOf(event)).toISOString(),
    state: { ...NEW_STATE, status: 'Created' },
    lastError: '',
    percent: 0,
    madeWith: context.config.resources,
  }),
  noteFailure: ({ event }) => ({ lastError: errorOf(event), percent: 0 }),

  beginRestart: ({ context }) => ({ restartCount: context.restartCount + 1 }),
  /** A start by hand, and one that was put off until the process was back. */
  beginStart: () => ({ ...NO_RESTARTS, isSuspended: false }),
  noteStarted: ({ context, event }) => {
    return {
      manuallyStopped: false,
      startedBefore: true,
      isSuspended: false,
      restartAt: null,
      lastError: '',
      state: running(context.state, outputOf<EngineContainer>(event)),
      ...(context.asked?.type === 'START' && context.asked.step ? { startedFor: context.asked.step } : {}),
    };
  },
  noteEnd: ({ context, event }) => exited(context, outputOf<EngineContainer>(event), timeOf(event)),
  /** CTR-15: under a policy it counts as a run that failed. */
  noteStartFailure: ({ context, event }) => {
    const error = errorOf(event);
    const state: ContainerState = { ...context.state, status: 'Stopped', pid: -1, error };
    const failed = { ...state, exitCode: state.exitCode || 1, startedAt: '', finishedAt: '' };
    return {
      state,
      lastError: error,
      ...(context.asked === null ? judged(context, failed, timeOf(event)) : { restartAt: null }),
    };
  },
  /** No run of it: the engine is not there. */
  putOff: ({ context, event }) => ({
    restartAt: timeOf(event) + ENGINE_PAUSE_MS,
    restartCount: Math.max(0, context.restartCount - 1),
    lastError: errorOf(event),
  }),

  noteStopped: ({ context, event }) => ({
    state: ended('Stopped', context.state, outputOf<EngineContainer>(event)),
    manuallyStopped: true,
    restartAt: null,
    inARow: 0,
  }),
  noteSuspended: ({ context, event }) => ({
    state: ended('Stopped', context.state, outputOf<EngineContainer>(event)),
    isSuspended: true,
    restartAt: null,
  }),
  /** It runs no more, and is not to be started by a policy any more either. */
  giveUp: ({ context }) => ({
    manuallyStopped: true,
    restartAt: null,
    inARow: 0,
    state: { ...context.state, status: 'Stopped' },
  }),
  /** CTR-13: as the policy says, without a pause. */
  takeUp: ({ context, event }) => {
    const { restartAt } = context.startedBefore
      ? judged({ ...context, manuallyStopped: false }, context.state, timeOf(event))
      : { restartAt: null };
    return { isSuspended: false, restartAt: restartAt === null ? null : timeOf(event), inARow: 0 };
  },
  notePaused: ({ context, event }) => ({
    state: { ...context.state, status: 'Paused', pid: outputOf<EngineContainer>(event).pid },
  }),
  noteResumed: ({ context, event }) => ({
    state: { ...context.state, status: 'Running', pid: outputOf<EngineContainer>(event).pid },
  }),

  noteRenamed: ({ context, event }) => ({ ...outputOf<Renamed>(event), ...renamed(context) }),
  /** CTR-11: another policy begins with no restarts, and is judged at once where nothing runs. */
  applyUpdate: ({ context, event }) => {
    const command = event.type === 'UPDATE' ? event : context.asked;
    if (command?.type !== 'UPDATE') return {};
    const update = updateOf(command);
    const config = { ...context.config, ...update };
    const isLimited = context.isLimited === true || update.resources !== undefined;
    if (!update.restartPolicy) return { config, isLimited };
    const { status } = context.state;
    const isEnded = status === 'Exited' || status === 'Stopped';
    const fresh = { ...context, ...NO_RESTARTS, config };
    return { config, isLimited, ...NO_RESTARTS, ...(isEnded ? judged(fresh, context.state, timeOf(event)) : {}) };
  },
  noteRole: ({ event }) => (event.type === 'ROLE' ? { role: event.role } : {}),
  noteSighting: ({ event }) => ({
    sighted: event.type === 'ENGINE.SEEN' ? event.container : null,
    isUnclear: false,
  }),
  noteSeen: ({ context, event }) =>
    event.type === 'ENGINE.SEEN'
      ? {
          isUnclear: false,
          ...(event.container.status === 'running' && event.container.pid !== context.state.pid
            ? { state: running(context.state, event.container) }
            : {}),
        }
      : {},
  takeOver: ({ context, event }) => {
    const seen = outputOf<Looked>(event);
    return { sighted: null, ...(seen ? observed(context, seen, timeOf(event)) : {}) };
  },
  trustSighting: ({ context, event }) => ({
    sighted: null,
    ...(context.sighted ? observed(context, context.sighted, timeOf(event)) : {}),
  }),
} satisfies Record<string, Change>;
