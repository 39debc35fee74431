import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import {
  failure,
  isFailure,
  type OperationPhase,
  type OperationStatus,
  type Software,
  type SoftwareModule,
  statusPublications,
  success,
} from '../../protocols/container-features/index.js';
import {
  type Fetched,
  type FetchInput,
  type Installed,
  type InstallInput,
  isBoot,
  type PublishOutput,
  publish,
  type RemoveInput,
  type UpdatableContext,
  type UpdatableEvent,
} from './events.js';

/** Actions that wait for the one under way. */
const MOST_QUEUED = 32;

const IDLE = {
  current: null,
  index: 0,
  secretContainers: '[]',
  installed: [],
  removed: [],
  failed: [],
  rejected: [],
  isRepeated: false,
} as const;

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

const moduleOf = ({ current, index }: UpdatableContext): SoftwareModule | undefined =>
  current?.operation === 'install' ? current.modules[index] : undefined;

const softwareOf = ({ current, index }: UpdatableContext): Software | undefined =>
  current?.operation === 'remove' ? current.software[index] : undefined;

const LONGEST_MESSAGE = 4_096;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What came is not what was announced, or no container can be made of it (THG-18). */
const isRejection = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'THINGS_REJECTED';

type Status = Omit<OperationStatus, 'correlationId' | 'message'> & { readonly message?: string };

function statusOf({ current }: UpdatableContext, status: Status): OperationStatus {
  return { correlationId: current?.correlationId ?? '', message: '', ...status };
}

const ofModule = (context: UpdatableContext, status: OperationPhase, message?: string): OperationStatus => {
  const { name = '', version = '' } = moduleOf(context) ?? {};
  return statusOf(context, {
    status,
    softwareModule: { name, version },
    ...(message === undefined ? {} : { message }),
  });
};

const ofSoftware = (context: UpdatableContext, status: OperationPhase): OperationStatus => {
  const software = softwareOf(context);
  return statusOf(context, { status, software: software ? [software] : [] });
};

interface Failed {
  readonly context: UpdatableContext;
  readonly event: { readonly error: unknown };
}

/** The modules behind it have their turn all the same, and nothing is taken back (THG-19). */
const moduleEnded = (status: 'FINISHED_ERROR' | 'FINISHED_REJECTED') =>
  ({
    target: 'next',
    actions: [
      {
        type: 'say',
        params: ({ context, event }: Failed) => [ofModule(context, status, messageOf(event.error))],
      },
      'advance',
    ],
  }) as const;

const moduleFailed = moduleEnded('FINISHED_ERROR');
const moduleRejected = {
  ...moduleEnded('FINISHED_REJECTED'),
  guard: { type: 'isRejection', params: ({ event }: Failed) => ({ error: event.error }) },
} as const;

/** Rejected, failed, succeeded: those that there are (THG-20). */
function resultsOf(context: UpdatableContext): OperationStatus[] {
  const { rejected, failed, removed } = context;
  const result = (status: OperationPhase, software: readonly Software[], message = ''): OperationStatus[] =>
    software.length === 0 ? [] : [statusOf(context, { status, software, message })];
  return [
    ...result('FINISHED_REJECTED', rejected, 'not removed, as another one could not be'),
    ...result(
      'FINISHED_ERROR',
      failed.map(({ software }) => software),
      failed
        .map(({ message }) => message)
        .join(', ')
        .slice(0, LONGEST_MESSAGE),
    ),
    ...result('FINISHED_SUCCESS', removed),
  ];
}

/**
 * Installs containers from descriptors and removes them, one action at a time and in the order in which they came
 * (THG-16 to THG-20). Each step is published as it begins; one that the end of a process cut off is done again.
 */
export const updatableMachine = setup({
  types: {} as {
    context: UpdatableContext;
    events: UpdatableEvent;
    input: object;
    emitted: PublishOutput;
  },
  actors: {
    /** Fails with `THINGS_REJECTED` for what cannot be used. */
    fetch: fromPromise<Fetched, FetchInput>(provided),
    install: fromPromise<Installed, InstallInput>(provided),
    start: fromPromise<void, Installed>(provided),
    remove: fromPromise<void, RemoveInput>(provided),
  },
  actions: {
    noteDevice: assign(({ event }) => (event.type === 'DEVICE.CHANGED' ? { device: event.device } : {})),
    enlist: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'ACTION.REQUESTED') return;
      enqueue.assign({ queue: [...context.queue, event.action] });
      const answer = success(event.asker);
      if (answer) enqueue.emit(publish(answer));
    }),
    refuse: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'ACTION.REQUESTED') return;
      const message = `${MOST_QUEUED} actions wait to be carried out already`;
      const answer = failure(event.asker, { status: 500, message });
      if (answer) enqueue.emit(publish(answer));
    }),
    take: assign(({ context }) => ({ ...IDLE, current: context.queue[0] ?? null, queue: context.queue.slice(1) })),
    clear: assign(IDLE),
    advance: assign(({ context }) => ({
      index: context.index + 1,
      secretContainers: '[]',
      installed: [],
      isRepeated: false,
    })),
    keepConfigs: assign((_, { secretContainers }: Fetched) => ({ secretContainers })),
    keepInstalled: assign((_, { ids }: Installed) => ({ installed: ids, secretContainers: '[]' })),
    noteRepeated: assign({ isRepeated: true }),
    noteRemoved: assign(({ context }) => {
      const software = softwareOf(context);
      return software ? { removed: [...context.removed, software] } : {};
    }),
    noteFailed: assign(({ context }, { error }: { error: unknown }) => {
      const software = softwareOf(context);
      const { current } = context;
      if (!software || current?.operation !== 'remove') return {};
      const failed = [...context.failed, { software, message: messageOf(error) }];
      if (current.isForced) return { failed };
      return { failed, rejected: current.software.slice(context.index + 1), index: current.software.length };
    }),
    say: enqueueActions(({ context, enqueue }, statuses: readonly OperationStatus[]) => {
      for (const status of statuses) {
        enqueue.assign({ lastOperation: status, ...(isFailure(status) ? { lastFailedOperation: status } : {}) });
        const { device } = context;
        for (const each of device ? statusPublications(device, status) : []) enqueue.emit(publish(each));
      }
    }),
  },
  guards: {
    isFull: ({ context }) => context.queue.length >= MOST_QUEUED,
    isInstall: ({ context }) => context.queue[0]?.operation === 'install',
    isRemoval: ({ context }) => context.queue[0]?.operation === 'remove',
    hasModule: ({ context }) => moduleOf(context) !== undefined,
    hasSoftware: ({ context }) => softwareOf(context) !== undefined,
    isRejection: (_, { error }: { error: unknown }) => isRejection(error),
    isBoot: ({ event }) => isBoot(event),
  },
}).createMachine({
  id: 'software-updatable',
  options: { maxIterations: 1_000 },
  context: { device: null, lastOperation: null, lastFailedOperation: null, queue: [], ...IDLE },
  initial: 'idle',
  on: {
    'DEVICE.CHANGED': { actions: 'noteDevice' },
    'ACTION.REQUESTED': [{ guard: 'isFull', actions: 'refuse' }, { actions: 'enlist' }],
  },
  states: {
    idle: {
      always: [
        { guard: 'isInstall', target: 'installing', actions: 'take' },
        { guard: 'isRemoval', target: 'removing', actions: 'take' },
      ],
    },
    installing: {
      initial: 'next',
      states: {
        next: {
          always: [
            {
              guard: 'hasModule',
              target: 'downloading',
              actions: {
                type: 'say',
                params: ({ context }) => [ofModule(context, 'STARTED'), ofModule(context, 'DOWNLOADING')],
              },
            },
            { target: '#software-updatable.idle', actions: 'clear' },
          ],
        },
        downloading: {
          meta: { waitsFor: 'the descriptors of a module' },
          invoke: {
            src: 'fetch',
            input: ({ context }) => ({ module: moduleOf(context) ?? { name: '', version: '', artifacts: [] } }),
            onDone: {
              target: 'creating',
              actions: [
                { type: 'keepConfigs', params: ({ event }) => event.output },
                {
                  type: 'say',
                  params: ({ context }) => [ofModule(context, 'DOWNLOADED'), ofModule(context, 'INSTALLING')],
                },
              ],
            },
            onError: [moduleRejected, moduleFailed],
          },
        },
        creating: {
          meta: { waitsFor: 'the images and containers of a module' },
          invoke: {
            src: 'install',
            input: ({ context }) => ({ secretContainers: context.secretContainers }),
            onDone: {
              target: 'starting',
              actions: [
                { type: 'keepInstalled', params: ({ event }) => event.output },
                { type: 'say', params: ({ context }) => [ofModule(context, 'INSTALLED')] },
              ],
            },
            onError: moduleFailed,
          },
        },
        starting: {
          meta: { waitsFor: 'the containers of a module to be started' },
          invoke: {
            src: 'start',
            input: ({ context }) => ({ ids: context.installed }),
            onDone: {
              target: 'next',
              actions: [{ type: 'say', params: ({ context }) => [ofModule(context, 'FINISHED_SUCCESS')] }, 'advance'],
            },
            onError: moduleFailed,
          },
        },
      },
    },
    removing: {
      initial: 'next',
      states: {
        next: {
          always: [
            {
              guard: 'hasSoftware',
              target: 'one',
              actions: { type: 'say', params: ({ context }) => [ofSoftware(context, 'REMOVING')] },
            },
            {
              target: '#software-updatable.idle',
              actions: [{ type: 'say', params: ({ context }) => resultsOf(context) }, 'clear'],
            },
          ],
        },
        one: {
          meta: { waitsFor: 'a container to be removed' },
          invoke: {
            src: 'remove',
            input: ({ context }) => ({ id: softwareOf(context)?.name ?? '', mayBeGone: context.isRepeated }),
            onDone: {
              target: 'next',
              actions: [
                'noteRemoved',
                { type: 'say', params: ({ context }) => [ofSoftware(context, 'REMOVED')] },
                'advance',
              ],
            },
            onError: {
              target: 'next',
              actions: [{ type: 'noteFailed', params: ({ event }) => ({ error: event.error }) }, 'advance'],
            },
          },
          on: {
            // The step is begun anew, knowing that it may have been done.
            'runtime.restored': { guard: 'isBoot', target: 'one', reenter: true, actions: 'noteRepeated' },
          },
        },
      },
    },
  },
});
