import { fromPromise, setup } from 'xstate';
import { type Change, changes, endOf, guards, initialContext, isStreaming, wantedBundle } from './activity-events.js';
import {
  type ActivateOutput,
  type AgentContext,
  type AgentEvent,
  type AgentInput,
  type BootedOutput,
  type CleanUpInput,
  type CleanUpOutput,
  type CompareInput,
  type DownloadInput,
  type DownloadOutput,
  type InspectedBundle,
  type InspectInput,
  type InstallInput,
  type InstallOutput,
  type MarkInput,
  type PublishOutput,
  timeOf,
  type UndoInput,
} from './events.js';
import { type Report, reports } from './report-events.js';

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

const base = setup({
  types: {} as {
    context: AgentContext;
    events: AgentEvent;
    input: AgentInput;
    emitted: PublishOutput;
    tags: 'busy' | 'extension';
    /** `sua`: the reference's name of the state (SUA-30). */
    meta: { sua?: string; waitsFor?: string; until?: 'never' };
    /** `extension`: the documented diagram has no such edge (SUA-30a). */
    transitionMeta: { extension: true };
  },
  actors: {
    readBootedVersion: fromPromise<BootedOutput>(provided),
    compareVersion: fromPromise<BootedOutput, CompareInput>(provided),
    /** Sends PROGRESS; in stream mode it looks at the bundle only (D-9). */
    download: fromPromise<DownloadOutput, DownloadInput>(provided),
    bundleVersion: fromPromise<InspectedBundle, InspectInput>(provided),
    /** Sends PROGRESS. */
    install: fromPromise<InstallOutput, InstallInput>(provided),
    hold: fromPromise<void, MarkInput>(provided),
    activate: fromPromise<ActivateOutput, MarkInput>(provided),
    cleanUp: fromPromise<CleanUpOutput, CleanUpInput>(provided),
    undo: fromPromise<void, UndoInput>(provided),
  },
  guards,
});

const assigning = (change: Change) => base.assign(({ context, event }) => change({ context, event }));

/** The timestamp is never lower than one before (SUA-6). */
const publishing = (report: Report) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    const timestamp = Math.max(timeOf(event), context.publishedAt);
    enqueue.assign({ publishedAt: timestamp });
    for (const message of report({ context, event }, timestamp)) enqueue.emit({ type: 'mqtt.publish', ...message });
  });

const each = <Name extends string, From, To>(table: Record<Name, From>, to: (from: From) => To): Record<Name, To> =>
  Object.fromEntries(Object.entries<From>(table).map(([name, from]) => [name, to(from)])) as Record<Name, To>;

const agent = base.extend({
  actions: {
    ...each(changes, assigning),
    ...each(reports, publishing),
    /** Logs a command whose id is not the activity's (SUA-13); provided with the effects. */
    compareId: () => {},
  },
});

const FAILED = '#self-update-agent.failed';
const ROLLING_BACK = '#self-update-agent.rollingBack';

/** An edge that the documented diagram does not have. */
const EXTENSION = { extension: true } as const;

const takeCommand = ['compareId', 'adoptId'] as const;

const ROLLBACK = { target: ROLLING_BACK, actions: takeCommand, meta: EXTENSION } as const;
/** D-6: a new desired state abandons the one before. */
const SUPERSEDE = { target: ROLLING_BACK, actions: 'noteNext', meta: EXTENSION } as const;
/** The current one again: a redelivery. */
const REDELIVERY = { guard: 'isRedelivery' } as const;
/** One more after a rollback (D-7). */
const LATE_CLEANUP = { guard: 'isRolledBack', target: 'cleanup', actions: takeCommand, meta: EXTENSION } as const;
/** A dead process had lost its connection (SUA-52). */
const STARTED_AGAIN = {
  guard: 'isAtBoot',
  target: 'uninitialized',
  actions: 'forgetActivity',
} as const;

/**
 * The self-update agent, state for state as documented (SUA §5.3): the nine documented states are the top-level ones.
 * While a step runs (tag `busy`), messages wait in the inbox.
 */
export const selfUpdateMachine = agent.createMachine({
  id: 'self-update-agent',
  options: { maxIterations: 1_000 },
  context: ({ input }) => initialContext(input.settings),
  initial: 'uninitialized',
  on: {
    'agent.configure': { actions: 'configure' },
    GET_STATE: { actions: 'answerGet' },
    'DESIRED_STATE.INVALID': { actions: 'refuse' },
    'CMD.UNKNOWN': { actions: 'refuse' },
  },
  states: {
    uninitialized: {
      initial: 'reading',
      on: { 'runtime.restored': { ...STARTED_AGAIN, target: '.reading' } },
      states: {
        reading: {
          tags: 'busy',
          meta: { sua: 'Uninitialized', waitsFor: 'the installer to say which version is booted' },
          invoke: {
            src: 'readBootedVersion',
            onDone: { target: 'offline', actions: 'noteBooted' },
            onError: 'offline',
          },
        },
        offline: {
          meta: { sua: 'Uninitialized', waitsFor: 'the connection to the broker', until: 'never' },
          on: { 'BROKER.UP': { target: '#self-update-agent.connected', actions: 'publishCurrentState' } },
        },
      },
    },
    connected: {
      meta: { sua: 'Connected' },
      on: {
        DESIRED_STATE: { target: 'identified', actions: 'adoptFromConnected' },
        'DESIRED_STATE.INVALID': { target: 'identified', actions: 'adoptFromConnected' },
        GET_STATE: { target: 'idle', actions: ['adoptId', 'answerGet'] },
        'CMD.CLEANUP': LATE_CLEANUP,
        'BROKER.DOWN': 'uninitialized',
        'runtime.restored': STARTED_AGAIN,
      },
    },
    identified: {
      initial: 'evaluating',
      states: {
        evaluating: {
          tags: 'busy',
          meta: { waitsFor: 'the installer to say which version is booted' },
          entry: 'publishIdentifying',
          always: {
            guard: 'isInvalid',
            target: FAILED,
            actions: ['carryInvalid', 'publishIdentificationFailed'],
          },
          invoke: {
            src: 'compareVersion',
            input: ({ context }) => ({ activityId: context.activityId, lastKnown: context.bootedVersion }),
            onDone: [
              {
                guard: 'isSameInConnected',
                target: '#self-update-agent.connected',
                actions: ['noteBooted', 'publishSkipped'],
                meta: EXTENSION,
              },
              {
                guard: 'isSame',
                target: '#self-update-agent.idle',
                actions: ['noteBooted', 'publishSkipped'],
                meta: EXTENSION,
              },
              { target: 'waiting', actions: ['noteBooted', 'publishIdentified'] },
            ],
            onError: {
              target: FAILED,
              actions: ['carryInvalid', 'publishIdentificationFailed'],
            },
          },
        },
        waiting: {
          meta: { sua: 'Downloading', waitsFor: 'the command DOWNLOAD', until: 'never' },
          entry: 'beginDownload',
          on: {
            'CMD.DOWNLOAD': { target: '#self-update-agent.downloading', actions: takeCommand },
            'CMD.ROLLBACK': ROLLBACK,
            DESIRED_STATE: [{ ...REDELIVERY, actions: ['publishIdentifying', 'publishIdentified'] }, SUPERSEDE],
          },
        },
      },
    },
    downloading: {
      initial: 'transferring',
      states: {
        transferring: {
          tags: 'busy',
          meta: { sua: 'Downloading', waitsFor: 'the bundle', until: 'never' },
          invoke: {
            src: 'download',
            input: ({ context }) => ({
              activityId: context.activityId,
              url: context.desired?.url ?? '',
              version: context.desired?.version ?? '',
              isStream: isStreaming(context),
              ...(context.desired?.pins ? { pins: context.desired.pins } : {}),
            }),
            onDone: [
              {
                guard: 'isOtherBundle',
                target: FAILED,
                actions: ['carryOtherBundle', 'publishDownloadFailed'],
              },
              { target: 'downloaded', actions: ['noteDownloaded', 'publishDownloaded'] },
            ],
            onError: [
              {
                guard: 'isFallback',
                target: FAILED,
                actions: ['carryFallbackFailure', 'publishInstallFailed'],
              },
              {
                target: FAILED,
                actions: ['carryDownloadFailure', 'publishDownloadFailed'],
              },
            ],
          },
          on: {
            PROGRESS: [
              { guard: 'isDue', actions: ['noteDownloadProgress', 'publishDownloading'] },
              { actions: 'noteDownloadProgress' },
            ],
            'CMD.ROLLBACK': ROLLBACK,
          },
        },
        downloaded: {
          meta: { sua: 'Installing', waitsFor: 'the command UPDATE', until: 'never' },
          entry: 'beginInstall',
          always: { guard: 'isFallback', target: '#self-update-agent.updating', meta: EXTENSION },
          on: {
            'CMD.UPDATE': [
              { guard: 'isStreaming', target: '#self-update-agent.updating.writing', actions: takeCommand },
              { target: '#self-update-agent.updating', actions: takeCommand },
            ],
            'CMD.ROLLBACK': ROLLBACK,
            DESIRED_STATE: [REDELIVERY, SUPERSEDE],
          },
        },
      },
    },
    updating: {
      initial: 'checking',
      states: {
        checking: {
          tags: 'busy',
          meta: { sua: 'Installing', waitsFor: 'the installer to look at the bundle' },
          entry: 'publishVersionChecking',
          invoke: {
            src: 'bundleVersion',
            input: ({ context }) => wantedBundle(context),
            onDone: [
              { guard: 'isWantedBundle', target: 'writing', actions: 'noteBundle' },
              { target: FAILED, actions: ['carryRejection', 'publishRejected'] },
            ],
            onError: { target: FAILED, actions: ['carryRejection', 'publishRejected'] },
          },
        },
        writing: {
          tags: 'busy',
          meta: { sua: 'Installing', waitsFor: 'the installer to write the slot', until: 'never' },
          entry: 'beginWriting',
          invoke: {
            src: 'install',
            input: ({ context }) => ({ ...wantedBundle(context), slotsBefore: context.slotsBefore }),
            onDone: { target: 'holding', actions: ['noteInstalled', 'publishInstalled', 'publishEmpty'] },
            onError: [
              {
                guard: 'canFallBack',
                target: '#self-update-agent.downloading',
                actions: ['noteFallback', 'publishInstallFailedFallback'],
                meta: EXTENSION,
              },
              { target: FAILED, actions: ['carryInstallFailure', 'publishInstallFailed'] },
            ],
          },
          on: {
            PROGRESS: [
              { guard: 'isDue', actions: ['noteInstallProgress', 'publishInstalling'] },
              { actions: 'noteInstallProgress' },
            ],
            'runtime.restored': [
              {
                guard: 'isOutOfRestarts',
                target: FAILED,
                actions: ['carryInterruption', 'publishInstallFailed'],
              },
              { actions: 'countRestart' },
            ],
          },
        },
        holding: {
          tags: 'busy',
          meta: { sua: 'Installed', waitsFor: 'the running system to be marked active' },
          invoke: {
            src: 'hold',
            input: ({ context }) => ({ slot: context.home }),
            onDone: 'updated',
            onError: 'updated',
          },
        },
        updated: {
          meta: { sua: 'Installed', waitsFor: 'the command ACTIVATE', until: 'never' },
          on: {
            'CMD.ACTIVATE': { target: '#self-update-agent.activate', actions: takeCommand },
            'CMD.ROLLBACK': ROLLBACK,
            DESIRED_STATE: [REDELIVERY, SUPERSEDE],
          },
        },
      },
    },
    activate: {
      initial: 'marking',
      states: {
        marking: {
          tags: 'busy',
          meta: { sua: 'Activating', waitsFor: 'the new system to be marked active' },
          entry: 'publishActivating',
          invoke: {
            src: 'activate',
            input: ({ context }) => ({ slot: context.target }),
            onDone: { target: 'activated', actions: ['noteActivated', 'publishActivated'] },
            onError: {
              target: FAILED,
              actions: ['carryActivationFailure', 'publishActivationFailed'],
            },
          },
        },
        activated: {
          meta: { sua: 'Activating', waitsFor: 'the command CLEANUP, mostly after a reboot', until: 'never' },
          on: {
            'CMD.CLEANUP': { target: '#self-update-agent.cleanup', actions: takeCommand },
            'CMD.ROLLBACK': ROLLBACK,
            DESIRED_STATE: [REDELIVERY, SUPERSEDE],
          },
        },
      },
    },
    failed: {
      meta: { sua: 'Failed', waitsFor: 'the command CLEANUP', until: 'never' },
      on: {
        'CMD.CLEANUP': { target: 'cleanup', actions: takeCommand },
        'CMD.ROLLBACK': ROLLBACK,
        DESIRED_STATE: SUPERSEDE,
      },
    },
    cleanup: {
      tags: 'busy',
      meta: { sua: 'Cleaning', waitsFor: 'the bundle to be deleted' },
      invoke: {
        src: 'cleanUp',
        input: ({ context }) => endOf(context),
        onDone: { target: 'idle', actions: ['noteCleanUp', 'endRollback', 'publishCleaned', 'publishEnded'] },
        onError: { target: 'idle', actions: ['endRollback', 'publishCleaned', 'publishEnded'] },
      },
    },
    idle: {
      meta: { sua: 'Idle' },
      on: {
        DESIRED_STATE: { target: 'identified', actions: 'adoptFromIdle' },
        'DESIRED_STATE.INVALID': { target: 'identified', actions: 'adoptFromIdle' },
        GET_STATE: { actions: ['adoptId', 'answerGet'] },
        'CMD.CLEANUP': LATE_CLEANUP,
        'BROKER.DOWN': 'uninitialized',
        'runtime.restored': STARTED_AGAIN,
      },
    },
    rollingBack: {
      tags: ['busy', 'extension'],
      meta: { waitsFor: 'what was done to be undone' },
      invoke: {
        src: 'undo',
        input: ({ context }) => ({
          isInstalled: context.installed,
          slot: context.home,
          isSuperseded: context.next !== null,
        }),
        onDone: [
          { guard: 'isSuperseded', target: 'identified', actions: 'adoptNext', meta: EXTENSION },
          { target: 'idle', actions: ['noteRollback', 'publishRolledBack'], meta: EXTENSION },
        ],
        onError: [
          { guard: 'isSuperseded', target: 'identified', actions: 'adoptNext', meta: EXTENSION },
          { target: 'idle', actions: ['noteFailedRollback', 'publishRollbackFailed'], meta: EXTENSION },
        ],
      },
    },
  },
});
