import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import {
  type Asker,
  commandFilter,
  DEFINITIONS,
  DEVICE_QUESTION,
  type Device,
  deadState,
  FACTORY,
  type FeatureRequest,
  failure,
  METRICS,
  modification,
  problemWith,
  refusal,
  SOFTWARE_UPDATABLE,
  sameDevice,
  success,
  thingIdOf,
} from '../../protocols/container-features/index.js';
import {
  type BridgeContext,
  type BridgeEmitted,
  type BridgeEvent,
  type BridgeInput,
  isBoot,
  METRICS_ACTOR,
  publish,
  type Survey,
  UPDATABLE,
} from './events.js';

/** Things whose containers are remembered: a vehicle changes its device seldom. */
const MOST_THINGS = 8;

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

/** The features that the present thing may have. */
const rememberedOf = ({ device, remembered }: BridgeContext): readonly string[] =>
  (device && remembered[thingIdOf(device.thing)]) ?? [];

/** The containers that have a feature of the present thing. */
const shownOf = (context: BridgeContext): readonly string[] =>
  rememberedOf(context).filter((id) => !context.gone.includes(id));

function remember({ remembered }: BridgeContext, device: Device, ids: readonly string[]): BridgeContext['remembered'] {
  const id = thingIdOf(device.thing);
  const others = Object.entries(remembered).filter(([thing]) => thing !== id);
  return Object.fromEntries([...others.slice(1 - MOST_THINGS), [id, [...new Set(ids)]]]);
}

const hasFactory = ({ features }: BridgeInput): boolean => features.includes(FACTORY);
const hasUpdatable = ({ features }: BridgeInput): boolean => features.includes(SOFTWARE_UPDATABLE);

const problemOf = (context: BridgeContext, request: FeatureRequest) =>
  context.device
    ? problemWith(request, { ...context.device, features: context.features, containers: shownOf(context) })
    : undefined;

/** Whether the answer to an operation still has where to go. */
const isOf = ({ device }: BridgeContext, { thingId }: Pick<Asker, 'thingId'>): boolean =>
  device !== null && thingIdOf(device.thing) === thingId;

/**
 * Shows the containers of this vehicle as features of a thing in the cloud (THG). A cloud connector on the same broker
 * says which thing; nobody is asked for anything before its features are there.
 */
export const bridgeMachine = setup({
  types: {} as {
    context: BridgeContext;
    events: BridgeEvent;
    input: BridgeInput;
    emitted: BridgeEmitted;
  },
  actors: {
    survey: fromPromise<Survey>(provided),
  },
  actions: {
    configure: assign(({ event }) => (event.type === 'CONFIGURE' ? { features: event.features } : {})),
    forgetDevice: enqueueActions(({ enqueue }) => {
      enqueue.assign({ device: null });
      enqueue.emit({ type: 'tell', to: METRICS_ACTOR, event: { type: 'DEVICE.GONE' } });
      enqueue.emit({ type: 'tell', to: UPDATABLE, event: { type: 'DEVICE.CHANGED', device: null } });
    }),
    ask: enqueueActions(({ enqueue }) => enqueue.emit(publish(DEVICE_QUESTION))),
    leaveThing: enqueueActions(({ context, enqueue }) => {
      if (!context.device) return;
      enqueue.emit({ type: 'mqtt.unsubscribe', filter: commandFilter(context.device.thing) });
      enqueue.emit({ type: 'tell', to: METRICS_ACTOR, event: { type: 'DEVICE.GONE' } });
    }),
    adopt: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'DEVICE.NAMED') return;
      const { device } = event;
      enqueue.assign({ device });
      enqueue.emit({ type: 'tell', to: UPDATABLE, event: { type: 'DEVICE.CHANGED', device } });
    }),
    /** THG-6: features, then the containers that are gone, then the topic that makes requests possible. */
    register: enqueueActions(({ context, enqueue }, { ids }: Survey) => {
      const { device, features } = context;
      if (!device) return;
      const define = (feature: typeof FACTORY | typeof METRICS): void => {
        enqueue.emit(publish(modification(device, feature, { definition: [DEFINITIONS[feature]] })));
      };
      if (hasFactory(context)) {
        for (const id of ids) enqueue.emit({ type: 'things.project', device, of: 'container', id, part: 'feature' });
        const gone = rememberedOf(context).filter((id) => !ids.includes(id));
        for (const id of gone) enqueue.emit({ type: 'things.project', device, of: 'gone', id });
        define(FACTORY);
        enqueue.assign({ remembered: remember(context, device, [...ids, ...gone]), gone });
      }
      if (hasUpdatable(context)) enqueue.emit({ type: 'things.project', device, of: 'software-updatable' });
      if (features.includes(METRICS)) define(METRICS);
      enqueue.emit({ type: 'mqtt.subscribe', filter: commandFilter(device.thing) });
    }),
    showChange: enqueueActions(({ context, event, enqueue }) => {
      const { device } = context;
      if (event.type !== 'CONTAINER.CHANGED' || !device) return;
      const { id, change } = event;
      const project = (part: 'state' | 'name' | 'config'): void =>
        enqueue.emit({ type: 'things.project', device, of: 'container', id, part });
      if (hasFactory(context)) project(change === 'renamed' ? 'name' : change === 'updated' ? 'config' : 'state');
    }),
    showNew: enqueueActions(({ context, event, enqueue }) => {
      const { device } = context;
      if (event.type !== 'CONTAINER.CHANGED' || !device) return;
      const { id } = event;
      if (hasFactory(context)) {
        enqueue.emit({ type: 'things.project', device, of: 'container', id, part: 'feature' });
        enqueue.emit({ type: 'things.project', device, of: 'container', id, part: 'state' });
        enqueue.assign({
          remembered: remember(context, device, [...rememberedOf(context), id]),
          gone: context.gone.filter((other) => other !== id),
        });
      }
      if (hasUpdatable(context)) enqueue.emit({ type: 'things.project', device, of: 'dependencies' });
    }),
    showGone: enqueueActions(({ context, event, enqueue }) => {
      const { device } = context;
      if (event.type !== 'CONTAINER.CHANGED' || !device) return;
      const { id } = event;
      if (hasFactory(context) && shownOf(context).includes(id)) {
        enqueue.emit(publish(deadState(device, id)));
        enqueue.emit({ type: 'things.project', device, of: 'gone', id });
        enqueue.assign({ gone: [...context.gone, id] });
      }
      if (hasUpdatable(context)) enqueue.emit({ type: 'things.project', device, of: 'dependencies', without: id });
    }),
    /** What has come back meanwhile has a feature again. */
    forget: assign(({ context, event }) => {
      if (event.type !== 'DELETED' || !context.gone.includes(event.id)) return {};
      const { thingId, id } = event;
      const rest = (context.remembered[thingId] ?? []).filter((other) => other !== id);
      return {
        remembered: { ...context.remembered, [thingId]: rest },
        gone: context.gone.filter((other) => other !== id),
      };
    }),
    refuse: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'REQUEST') return;
      const problem = problemOf(context, event.request);
      const answer = problem && refusal(event.request.asker, problem);
      if (answer) enqueue.emit(publish(answer));
    }),
    answerUnreadable: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'REQUEST.UNREADABLE' && event.answer) enqueue.emit(publish(event.answer));
    }),
    passOn: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'REQUEST' || !event.request.result.ok || !context.device) return;
      const { asker, result } = event.request;
      const { operation } = result;
      const { device } = context;
      switch (operation.operation) {
        case 'metrics': {
          const { periodMs, filter } = operation;
          const request = { type: 'METRICS.REQUESTED', device, asker, periodMs, filter } as const;
          enqueue.emit({ type: 'tell', to: METRICS_ACTOR, event: request });
          break;
        }
        case 'install':
        case 'remove':
          enqueue.emit({ type: 'tell', to: UPDATABLE, event: { type: 'ACTION.REQUESTED', action: operation, asker } });
          break;
        default:
          enqueue.emit({ type: 'things.operate', asker, operation });
      }
    }),
    answer: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'OPERATED') return;
      const { asker, value, failure: problem } = event;
      const answer = problem ? failure(asker, problem) : success(asker, value);
      if (answer) enqueue.emit(publish(answer));
    }),
  },
  guards: {
    isSameDevice: ({ context, event }) =>
      event.type === 'DEVICE.NAMED' && context.device !== null && sameDevice(context.device, event.device),
    isGone: ({ event }) => event.type === 'CONTAINER.CHANGED' && event.change === 'removed',
    /** Also one whose beginning was missed. */
    isNew: ({ context, event }) =>
      event.type === 'CONTAINER.CHANGED' &&
      (event.change === 'created' || (hasFactory(context) && !shownOf(context).includes(event.id))),
    isRefused: ({ context, event }) => event.type === 'REQUEST' && problemOf(context, event.request) !== undefined,
    isForThis: ({ context, event }) => event.type === 'OPERATED' && isOf(context, event.asker),
    isToThis: ({ context, event }) => event.type === 'REQUEST.UNREADABLE' && isOf(context, event),
    isBoot: ({ event }) => isBoot(event),
  },
}).createMachine({
  id: 'things-bridge',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({ features: input.features, device: null, remembered: {}, gone: [] }),
  initial: 'lost',
  on: {
    CONFIGURE: { actions: 'configure' },
    'TWIN.CHANGED': {},
    DELETED: { actions: 'forget' },
    'BROKER.UP': { target: '.asking', reenter: true, actions: ['forgetDevice', 'ask'] },
    'BROKER.DOWN': { target: '.lost', actions: 'forgetDevice' },
    'runtime.restored': { guard: 'isBoot', target: '.lost', actions: 'forgetDevice' },
  },
  states: {
    lost: {
      meta: { waitsFor: 'the connection to the broker', until: 'never' },
    },
    asking: {
      meta: { waitsFor: 'a cloud connector to say which device this is', until: 'never' },
      on: { 'DEVICE.NAMED': { target: 'registering', actions: 'adopt' } },
    },
    registering: {
      meta: { waitsFor: 'the list of containers' },
      invoke: {
        src: 'survey',
        onDone: { target: 'known', actions: { type: 'register', params: ({ event }) => event.output } },
        onError: { target: 'asking', actions: 'forgetDevice' },
      },
      on: {
        'DEVICE.NAMED': [{ guard: 'isSameDevice' }, { target: 'registering', reenter: true, actions: 'adopt' }],
        // The list is taken anew.
        'CONTAINER.CHANGED': { target: 'registering', reenter: true },
      },
    },
    known: {
      on: {
        'DEVICE.NAMED': [{ guard: 'isSameDevice' }, { target: 'registering', actions: ['leaveThing', 'adopt'] }],
        'CONTAINER.CHANGED': [
          { guard: 'isGone', actions: 'showGone' },
          { guard: 'isNew', actions: 'showNew' },
          { actions: 'showChange' },
        ],
        REQUEST: [{ guard: 'isRefused', actions: 'refuse' }, { actions: 'passOn' }],
        'REQUEST.UNREADABLE': { guard: 'isToThis', actions: 'answerUnreadable' },
        OPERATED: { guard: 'isForThis', actions: 'answer' },
      },
    },
  },
});
