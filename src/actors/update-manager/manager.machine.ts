/**
 * The update manager: one desired state at a time becomes an activity, the others wait (spec 5.7); what the agents, the
 * owner and the cloud say is handed to it.
 *
 * Invariants
 * - MAN-1 At most one activity runs (UM-CNC-1), and every desired state that was taken ends in one terminal feedback.
 * - MAN-2 What waits survives the process, whatever becomes of the running activity at its stop.
 */
import { assign, enqueueActions, setup } from 'xstate';
import { sameThing, type ThingConfig } from '../../protocols/ditto/index.js';
import { type DesiredState, INITIAL_STATE_ID } from '../../protocols/update-agent/index.js';
import {
  type Asker,
  type Backend,
  feedbackPublication,
  inProgress,
  NOT_READABLE,
  type Publication,
  registrationPublication,
  replyPublication,
  thingRequest,
} from '../../protocols/update-manager/index.js';
import {
  INVENTORY,
  LONGEST_QUEUE,
  MANAGER,
  type ManagerContext,
  type ManagerEvent,
  type ManagerOutput,
  MOST_RECENT,
  type OrchestrationSettings,
  type ToldEvent,
  timeOf,
  type WaitingWish,
  WISHES,
  type Wish,
  type WishRow,
  type WithRows,
} from './events.js';

const backendOf = ({ domain, thingsEnabled }: OrchestrationSettings, { thing }: ManagerContext): Backend => ({
  domain,
  isThings: thingsEnabled,
  thing: thing?.thing ?? null,
});

const replies = (asker: Asker | undefined, problem?: string): Publication[] =>
  asker ? replyPublication(asker, problem) : [];

/** A step of the manager: a changed context, and what is emitted, in order. */
interface Step {
  readonly context?: Partial<ManagerContext>;
  readonly outputs?: readonly ManagerOutput[];
}

/** An action for events of one type; without a configuration nothing is done. */
const on = <Type extends ManagerEvent['type']>(
  type: Type,
  take: (
    context: ManagerContext & { readonly settings: OrchestrationSettings },
    event: Extract<ManagerEvent, { type: Type }>,
  ) => Step,
) =>
  enqueueActions<ManagerContext, ManagerEvent, undefined, ManagerEvent, never, never, never, never, ManagerOutput>(
    ({ context, event, enqueue }) => {
      const { settings } = context;
      if (event.type !== type || !settings) return;
      const step = take({ ...context, settings }, event as Extract<ManagerEvent, { type: Type }>);
      if (step.context) enqueue.assign(step.context);
      for (const output of step.outputs ?? []) enqueue.emit(output);
    },
  );

/** Puts a desired state at the end of a queue. */
function waitIn(queue: readonly WaitingWish[], taken: number, { activityId, desiredState, digest }: Wish) {
  const key = String(taken + 1);
  const put: ManagerOutput = { type: 'row.put', table: WISHES, key, row: { desiredState } };
  return { context: { queue: [...queue, { activityId, digest, key }], taken: taken + 1 }, put };
}

const removal = ({ key }: WaitingWish): ManagerOutput => ({ type: 'row.delete', table: WISHES, key });

/** The first desired state that waits: just told, or in the row that came with the event. */
function firstWish({ queue: [first] }: ManagerContext, event: ManagerEvent & WithRows): DesiredState | undefined {
  if (!first) return undefined;
  const { activityId, digest, key } = first;
  if (first.desiredState) return first.desiredState;
  if (event.type === 'DESIRED_STATE' && event.activityId === activityId && event.digest === digest) {
    return event.desiredState;
  }
  const found = event.rows?.flat().find((each) => each.key === key);
  return (found?.row as WishRow | undefined)?.desiredState;
}

const toInventory = (event: ToldEvent): ManagerOutput => ({ type: 'tell', to: INVENTORY, event });

const initialRead = (at: number): ManagerOutput =>
  toInventory({ type: 'READ', activityId: `${INITIAL_STATE_ID}${at}` });

/** What the inventory needs to know of configuration and thing. */
function configureInventory(settings: OrchestrationSettings, context: ManagerContext): ManagerOutput {
  const timeouts = Object.entries(settings.agents).map(([domain, { readTimeoutMs }]) => [domain, readTimeoutMs]);
  const { version, currentStateDelayMs } = settings;
  const backend = backendOf(settings, context);
  const readTimeoutMs = Object.fromEntries(timeouts) as Record<string, number>;
  const event = { type: 'CONFIGURE', settings: { backend, version, currentStateDelayMs, readTimeoutMs } };
  return toInventory(event);
}

/** A terminal feedback for a desired state that never became an activity. */
const refuse = (
  context: ManagerContext & { readonly settings: OrchestrationSettings },
  timestamp: number,
  activityId: string,
  feedback: { readonly status: 'IDENTIFICATION_FAILED' | 'SUPERSEDED'; readonly message?: string },
): Publication[] => feedbackPublication(backendOf(context.settings, context), { activityId, timestamp }, feedback);

const sameConfig = (one: ThingConfig | null, other: ThingConfig): boolean =>
  one !== null &&
  sameThing(one.thing, other.thing) &&
  one.tenantId === other.tenantId &&
  one.policyId === other.policyId;

const isKnownId = ({ current, queue }: ManagerContext, activityId: string): boolean =>
  current?.activityId === activityId || queue.some((wish) => wish.activityId === activityId);

export const managerMachine = setup({
  types: {} as {
    context: ManagerContext;
    events: ManagerEvent;
    input: object;
    emitted: ManagerOutput;
  },
  actions: {
    configure: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'CONFIGURE') return;
      const { settings } = event;
      const thing = settings.thingsEnabled ? context.thing : null;
      enqueue.assign({ settings, thing });
      enqueue.emit(configureInventory(settings, { ...context, thing }));
      if (context.current)
        enqueue.emit({ type: 'tell', to: context.current.address, event: { type: 'CONFIGURE', settings } });
    }),
    acknowledge: on('DESIRED_STATE', (_, { asker }) => ({ outputs: replies(asker) })),
    enqueue: on('DESIRED_STATE', ({ queue, taken }, event) => {
      const { context, put } = waitIn(queue, taken, event);
      return { context, outputs: [put] };
    }),
    reject: on('DESIRED_STATE', (context, event) => {
      // Its id has a terminal feedback to come, and gets no second one.
      if (isKnownId(context, event.activityId)) return {};
      const message = inProgress(context.current?.activityId ?? '');
      return {
        outputs: refuse(context, timeOf(event), event.activityId, { status: 'IDENTIFICATION_FAILED', message }),
      };
    }),
    supersede: on('DESIRED_STATE', (context, event) => {
      const waiting = waitIn([], context.taken, event);
      const ends = context.queue.flatMap((each) => [
        ...refuse(context, timeOf(event), each.activityId, { status: 'SUPERSEDED' }),
        removal(each),
      ]);
      const told: ManagerOutput = { type: 'tell', to: context.current?.address ?? '', event: { type: 'SUPERSEDE' } };
      return { context: waiting.context, outputs: [...ends, waiting.put, told] };
    }),
    rejectUnreadable: on('UNREADABLE', (context, event) => {
      const { activityId, detail: message } = event;
      return { outputs: refuse(context, timeOf(event), activityId, { status: 'IDENTIFICATION_FAILED', message }) };
    }),
    passFeedback: on('FEEDBACK', ({ current }, { domain, feedback }) => ({
      outputs: [{ type: 'tell', to: current?.address ?? '', event: { type: 'FEEDBACK', domain, feedback } }],
    })),
    /** An agent waits for commands of an activity that nobody here knows: it was told elsewhere (spec 14). */
    warnOfUnknown: on('FEEDBACK', (_, { domain, activityId }) => ({
      outputs: [{ type: 'log.warn', message: 'feedback_of_unknown_activity', fields: { domain, activityId } }],
    })),
    passConsent: on('CONSENT', ({ current }, { activityId, isApproved, asker }) => {
      const event = { type: 'CONSENT', activityId, isApproved, ...(asker ? { asker } : {}) };
      return { outputs: [{ type: 'tell', to: current?.address ?? '', event }] };
    }),
    refuseConsent: on('CONSENT', (_, { asker }) => ({
      outputs: replies(asker, 'owner consent handler not available'),
    })),
    refresh: on('REFRESH', (_, { activityId, asker }) => ({
      outputs: [...replies(asker), toInventory({ type: 'READ', activityId })],
    })),
    refuseMessage: on('REFUSED', (_, { asker, problem }) => ({ outputs: replies(asker, problem) })),
    register: on('THING_CONFIG', (context, event) => {
      const { config } = event;
      const known = { ...context, thing: config };
      return {
        context: { thing: config, isRegistered: true },
        outputs: [
          registrationPublication(config.thing, context.settings.domain),
          configureInventory(context.settings, known),
          initialRead(timeOf(event)),
        ],
      };
    }),
    /** The first report after a connection; of a thing, the connector is asked first which it is (UM-CS-5, UM-TH-1). */
    announce: on('BROKER.UP', ({ settings, current }, event) => ({
      context: { isRegistered: false },
      outputs: [
        settings.thingsEnabled ? thingRequest : initialRead(timeOf(event)),
        ...(current ? [{ type: 'tell', to: current.address, event: { type: 'BROKER.UP' } } as const] : []),
      ],
    })),
    noteDone: on('actor.done', ({ current, recent }, event) => {
      const { activityId, status, message, failures } = event.output;
      const endedAt = timeOf(event);
      const started = current === null ? {} : { startedAt: current.startedAt };
      const finished = { activityId, status, message, ...started, endedAt, ...(failures ? { failures } : {}) };
      const fields = { activityId, status, detail: message, lastedMs: endedAt - (current?.startedAt ?? endedAt) };
      return {
        context: { current: null, recent: [finished, ...recent].slice(0, MOST_RECENT) },
        outputs: [{ type: 'log.info', message: 'update_activity_ended', fields }],
      };
    }),
    /** Makes the first of the waiting desired states an activity. */
    startNext: enqueueActions(({ context, event, enqueue }) => {
      const { settings, queue } = context;
      const [wish, ...rest] = queue;
      const desiredState = firstWish(context, event);
      if (!settings || !wish || !desiredState) return;
      const { activityId, digest } = wish;
      const count = context.count + 1;
      const address = `update-activity/${count}`;
      const input = { activityId, settings, backend: backendOf(settings, context) };
      enqueue.assign({ count, current: { address, activityId, digest, startedAt: timeOf(event) }, queue: rest });
      enqueue.emit({ type: 'start', address, input });
      enqueue.emit({ type: 'tell', to: address, event: { type: 'BEGIN', desiredState } });
      enqueue.emit(removal(wish));
      const fields = { activityId, address, waiting: rest.length };
      enqueue.emit({ type: 'log.info', message: 'update_activity_started', fields });
    }),
    /** What a damaged store, or one without room, has lost is answered like what could not be read (MAN-1). */
    giveUpFirst: enqueueActions(({ context, event, enqueue }) => {
      const { settings, queue } = context;
      const [wish, ...rest] = queue;
      if (!settings || !wish) return;
      const { activityId } = wish;
      const feedback = { status: 'IDENTIFICATION_FAILED', message: NOT_READABLE } as const;
      for (const each of refuse({ ...context, settings }, timeOf(event), activityId, feedback)) enqueue.emit(each);
      enqueue.emit({ type: 'log.warn', message: 'desired_state_lost', fields: { activityId } });
      enqueue.emit(removal(wish));
      enqueue.assign({ queue: rest });
      if (rest.length > 0) enqueue.emit({ type: 'tell', to: MANAGER, event: { type: 'NEXT' } });
    }),
    noteStop: assign({
      replyTo: ({ event }) => (event.type === 'STOP' ? (event.replyTo ?? null) : null),
    }),
    stopActivity: on('STOP', ({ current }) => ({
      outputs: current ? [{ type: 'tell', to: current.address, event: { type: 'STOP' } }] : [],
    })),
    answerStop: enqueueActions(({ context, enqueue }) => {
      if (context.replyTo !== null) enqueue.emit({ type: 'reply', to: context.replyTo, value: 'stopped' });
      enqueue.assign({ replyTo: null });
    }),
  },
  guards: {
    isOfOtherThing: ({ context, event }) => {
      const asker = 'asker' in event ? event.asker : undefined;
      if (!asker) return false;
      const thing = context.thing?.thing;
      return !thing || !sameThing(thing, asker.thing);
    },
    isRepeated: ({ context: { current, queue }, event }) =>
      event.type === 'DESIRED_STATE' &&
      [current, ...queue].some((each) => each?.activityId === event.activityId && each.digest === event.digest),
    isRejecting: ({ context }) => context.settings?.onBusy === 'reject',
    isSuperseding: ({ context }) => context.settings?.onBusy === 'supersede',
    isFull: ({ context }) => context.queue.length >= LONGEST_QUEUE,
    isAnswerable: ({ context, event }) =>
      event.type === 'UNREADABLE' && context.settings?.rejectFeedback === true && !isKnownId(context, event.activityId),
    isOfCurrent: ({ context, event }) => event.type === 'FEEDBACK' && context.current?.activityId === event.activityId,
    isIdentified: ({ event }) => event.type === 'FEEDBACK' && event.feedback.status === 'IDENTIFIED',
    isActive: ({ context }) => context.current !== null,
    isWaiting: ({ context }) => context.queue.length > 0,
    isFirstReadable: ({ context, event }) => firstWish(context, event) !== undefined,
    isNewThing: ({ context, event }) =>
      event.type === 'THING_CONFIG' &&
      context.settings?.thingsEnabled === true &&
      !(context.isRegistered && sameConfig(context.thing, event.config)),
    isActivitys: ({ context, event }) => event.type === 'actor.done' && event.address === context.current?.address,
    isSuspending: ({ context }) => context.settings?.onStop === 'suspend',
  },
}).createMachine({
  id: 'update-manager',
  options: { maxIterations: 1_000 },
  context: {
    settings: null,
    thing: null,
    isRegistered: false,
    count: 0,
    current: null,
    queue: [],
    taken: 0,
    recent: [],
    replyTo: null,
  },
  initial: 'idle',
  on: {
    CONFIGURE: { actions: 'configure' },
    UNREADABLE: { guard: 'isAnswerable', actions: 'rejectUnreadable' },
    FEEDBACK: [
      { guard: 'isOfCurrent', actions: 'passFeedback' },
      { guard: 'isIdentified', actions: 'warnOfUnknown' },
    ],
    CONSENT: [{ guard: 'isOfOtherThing' }, { guard: 'isActive', actions: 'passConsent' }, { actions: 'refuseConsent' }],
    REFRESH: [{ guard: 'isOfOtherThing' }, { actions: 'refresh' }],
    REFUSED: [{ guard: 'isOfOtherThing' }, { actions: 'refuseMessage' }],
    THING_CONFIG: { guard: 'isNewThing', actions: 'register' },
    'BROKER.UP': { actions: 'announce' },
    DESIRED_STATE: [
      { guard: 'isOfOtherThing' },
      { guard: 'isRepeated', actions: 'acknowledge' },
      { guard: 'isFull', actions: ['acknowledge', 'reject'] },
      { actions: ['acknowledge', 'enqueue'] },
    ],
    'actor.done': { guard: 'isActivitys', actions: 'noteDone' },
  },
  states: {
    idle: {
      on: {
        DESIRED_STATE: [{ guard: 'isOfOtherThing' }, { target: 'choosing', actions: ['acknowledge', 'enqueue'] }],
        NEXT: 'choosing',
        STOP: { target: 'stopped', actions: 'noteStop' },
      },
    },
    busy: {
      meta: { waitsFor: 'the running activity to end', until: 'never' },
      on: {
        DESIRED_STATE: [
          { guard: 'isOfOtherThing' },
          { guard: 'isRepeated', actions: 'acknowledge' },
          { guard: 'isRejecting', actions: ['acknowledge', 'reject'] },
          { guard: 'isSuperseding', actions: ['acknowledge', 'supersede'] },
          { guard: 'isFull', actions: ['acknowledge', 'reject'] },
          { actions: ['acknowledge', 'enqueue'] },
        ],
        'actor.done': { guard: 'isActivitys', target: 'choosing', actions: 'noteDone' },
        STOP: [
          { guard: 'isSuspending', target: 'stopped', actions: 'noteStop' },
          { target: 'stopping', actions: ['noteStop', 'stopActivity'] },
        ],
      },
    },
    choosing: {
      always: [
        { guard: 'isActive', target: 'busy' },
        { guard: 'isFirstReadable', target: 'busy', actions: 'startNext' },
        { guard: 'isWaiting', target: 'idle', actions: 'giveUpFirst' },
        { target: 'idle' },
      ],
    },
    stopping: {
      meta: { waitsFor: 'the running activity to say how it ended, before the process ends', until: 'never' },
      on: {
        'actor.done': { guard: 'isActivitys', target: 'stopped', actions: 'noteDone' },
        STOP: { actions: 'noteStop' },
        CONFIGURE: { target: 'choosing', actions: 'configure' },
      },
    },
    /** Until the next process says how it is configured. */
    stopped: {
      entry: 'answerStop',
      on: { CONFIGURE: { target: 'choosing', actions: 'configure' } },
    },
  },
});
