/** How an activity's data are read and changed by events. Pure: the chart assigns what comes back. */
import { carried, downloadFailure } from '../../protocols/self-update/index.js';
import type {
  ActivateOutput,
  AgentContext,
  AgentEvent,
  BootedOutput,
  ChartSettings,
  CleanUpInput,
  CleanUpOutput,
  DownloadOutput,
  InspectedBundle,
  InstallOutput,
  ProgressEvent,
  Trigger,
} from './events.js';

export interface Turn {
  readonly context: AgentContext;
  readonly event: AgentEvent;
}

/** Restarts of the process that an install survives (SUA-52). */
const MOST_RESTARTS = 3;
const NO_BOOTED_VERSION = 'booted version is not available';
const NO_ERROR_TEXT = 'Unexpected no-error-status of RAUC';

const outputOf = <Output>(event: object): Output => (event as { output: Output }).output;
/** The text of an effect's failure; empty if it gives none. */
export const errorOf = (event: object): string => {
  const { error } = event as { error?: unknown };
  return error instanceof Error ? error.message : String(error ?? '');
};
export const idOf = (event: AgentEvent): string | undefined => (event as { activityId?: string }).activityId;
/** What is wrong with a trigger or a command; an effect's failure at that point has only one reason. */
export const reasonOf = (event: AgentEvent): string => ('reason' in event ? event.reason : NO_BOOTED_VERSION);

export const isStreaming = ({ mode, fallback }: AgentContext): boolean => mode === 'stream' && !fallback;

/** The bundle as the installer finds it, and what it should be. */
export const wantedBundle = (context: AgentContext) => ({
  activityId: context.activityId,
  source: (isStreaming(context) ? context.desired?.url : context.bundle) ?? '',
  version: context.desired?.version ?? '',
});

/** What a clean-up is told. */
export const endOf = ({ activityId, carried: { status, message } }: AgentContext): CleanUpInput => ({
  activityId,
  outcome: status,
  message,
});

const NEW_DOWNLOAD = { download: { total: 0, done: 0, percent: 0 }, carried: carried.nothing() } as const;

/** What belongs to one activity and is forgotten with the next. */
const NO_ACTIVITY = {
  ...NEW_DOWNLOAD,
  desired: null,
  install: { percent: 0 },
  fallback: false,
  rolledBack: false,
  installed: false,
  bundle: null,
  slotsBefore: {},
  home: null,
  target: null,
  activatedBoot: null,
  next: null,
  restarts: 0,
} as const;

export const initialContext = (settings: ChartSettings): AgentContext => ({
  ...NO_ACTIVITY,
  settings,
  activityId: null,
  bootedVersion: null,
  mode: settings.mode,
  origin: 'connected',
  publishedAt: 0,
});

const wantedBy = ({ version, url, pins }: Trigger): NonNullable<AgentContext['desired']> => ({
  version,
  url,
  ...(pins ? { pins } : {}),
});

/** Without `desired` if the trigger is invalid. */
function adopt({ context, event }: Turn, origin: AgentContext['origin']): Partial<AgentContext> {
  const { mode } = context.settings;
  const desired = event.type === 'DESIRED_STATE' ? wantedBy(event) : null;
  return { ...NO_ACTIVITY, activityId: idOf(event) ?? null, desired, origin, mode };
}

const ofBundle = (inspected: InspectedBundle | undefined): Partial<AgentContext> =>
  inspected ? { slotsBefore: inspected.slotsBefore, home: inspected.home ?? null } : {};

/**
 * Whether the device was booted since the activation, and not into what was activated (SUA-53). Of a system that nobody
 * can name it is not said that it is the one that was wanted.
 */
function isOtherBooted(context: AgentContext, { bootId, bootedVersion }: CleanUpOutput): boolean {
  const { carried, activatedBoot, desired } = context;
  if (carried.status !== 'UPDATE_SUCCESS' || !activatedBoot || bootId === null) return false;
  return bootId !== activatedBoot && bootedVersion !== desired?.version;
}

const isSame = ({ context, event }: Turn): boolean =>
  outputOf<BootedOutput>(event).bootedVersion === context.desired?.version;

/** By the names of the chart's guards. */
export const guards = {
  isAtBoot: ({ event }) => event.type === 'runtime.restored' && event.cause === 'boot',
  isInvalid: ({ event }) => event.type === 'DESIRED_STATE.INVALID',
  isSame,
  isSameInConnected: (turn) => turn.context.origin === 'connected' && isSame(turn),
  /** The current desired state again. */
  isRedelivery: ({ context: { activityId, desired }, event }) =>
    event.type === 'DESIRED_STATE' &&
    event.activityId === activityId &&
    event.version === desired?.version &&
    event.url === desired.url,
  isDue: ({ event }) => event.type === 'PROGRESS' && event.isDue,
  isStreaming: ({ context }) => isStreaming(context),
  isFallback: ({ context }) => context.fallback,
  canFallBack: ({ context }) => isStreaming(context) && context.settings.streamFallback,
  isOtherBundle: ({ context, event }) => {
    const { inspected } = outputOf<DownloadOutput>(event);
    return inspected !== undefined && inspected.version !== context.desired?.version;
  },
  isWantedBundle: ({ context, event }) => outputOf<InspectedBundle>(event).version === context.desired?.version,
  isOutOfRestarts: ({ context }) => context.restarts >= MOST_RESTARTS,
  isRolledBack: ({ context }) => context.rolledBack,
  isSuperseded: ({ context }) => context.next !== null,
} satisfies Record<string, (turn: Turn) => boolean>;

export type Change = (turn: Turn) => Partial<AgentContext>;

/** By the names of the chart's actions. */
export const changes = {
  configure: ({ event }) => (event.type === 'agent.configure' ? { settings: event.settings } : {}),
  forgetActivity: () => ({ activityId: null }),
  noteBooted: ({ event }) => outputOf<BootedOutput>(event),
  adoptFromConnected: (turn) => adopt(turn, 'connected'),
  adoptFromIdle: (turn) => adopt(turn, 'idle'),
  adoptNext: ({ context }) =>
    context.next ? adopt({ context, event: { type: 'DESIRED_STATE', ...context.next } }, 'idle') : {},
  /** Of a command that is taken, or a GET between activities (SUA-13, D-20). */
  adoptId: ({ context, event }) => ({ activityId: idOf(event) ?? context.activityId }),
  noteNext: ({ event }) => {
    if (event.type !== 'DESIRED_STATE') return {};
    const { activityId, version, url } = event;
    return { next: { activityId, version, url } };
  },

  beginDownload: () => NEW_DOWNLOAD,
  noteDownloadProgress: ({ context: { download }, event }) => {
    const { percent, done = 0, total = 0 } = event as ProgressEvent;
    return { download: { total, done, percent: Math.max(download.percent, percent) } };
  },
  noteDownloaded: ({ event }) => {
    const { bytes, path, inspected } = outputOf<DownloadOutput>(event);
    return { bundle: path, download: { total: bytes, done: bytes, percent: 100 }, ...ofBundle(inspected) };
  },
  carryOtherBundle: () => ({ carried: carried.streamRejected() }),
  carryDownloadFailure: ({ event }) => ({ carried: carried.downloadFailed(errorOf(event)) }),
  carryFallbackFailure: ({ event }) => ({ carried: carried.installFailed(downloadFailure(errorOf(event))) }),

  beginInstall: () => ({ install: { percent: 0 } }),
  noteBundle: ({ event }) => ofBundle(outputOf<InspectedBundle>(event)),
  carryRejection: ({ event }) => ({ carried: carried.rejected(errorOf(event)) }),
  beginWriting: () => ({ restarts: 0 }),
  countRestart: ({ context }) => ({ restarts: context.restarts + 1 }),
  noteInstallProgress: ({ context: { install }, event }) => ({
    install: { percent: Math.max(install.percent, (event as ProgressEvent).percent) },
  }),
  noteFallback: () => ({ fallback: true, ...NEW_DOWNLOAD }),
  noteInstalled: ({ event }) => ({ installed: true, target: outputOf<InstallOutput>(event).target }),
  carryInstallFailure: ({ event }) => ({ carried: carried.installFailed(errorOf(event) || NO_ERROR_TEXT) }),
  carryInterruption: () => ({ carried: carried.installFailed('Interrupted') }),

  noteActivated: ({ event }) => ({
    activatedBoot: outputOf<ActivateOutput>(event).bootId,
    carried: carried.activated(),
  }),
  carryActivationFailure: () => ({ carried: carried.activationFailed() }),
  carryInvalid: ({ event }) => ({ carried: carried.identificationFailed(reasonOf(event)) }),

  noteCleanUp: ({ context, event }) => {
    const found = outputOf<CleanUpOutput>(event);
    const bootedVersion = found.bootedVersion ?? context.bootedVersion;
    return isOtherBooted(context, found)
      ? { bootedVersion, carried: carried.notBooted(found.bootedVersion) }
      : { bootedVersion };
  },
  endRollback: () => ({ rolledBack: false }),
  noteRollback: () => ({ rolledBack: true, carried: carried.rolledBack() }),
  noteFailedRollback: ({ event }) => ({ rolledBack: true, carried: carried.rollbackFailed(errorOf(event)) }),
} satisfies Record<string, Change>;
