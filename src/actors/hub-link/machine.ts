/**
 * The vehicle's cloud connector: between the local broker and the hub's, each of which may be away.
 *
 * Invariants
 * - HL-1 Whoever asks which thing the vehicle is gets an answer, and at each connection everybody gets one unasked
 *   (THG-2, THG-3, PRV-19): roles of the vehicle wait for it with or without a hub.
 * - HL-2 What the vehicle says to the hub is kept until the hub has acknowledged it, in order; past the bound of the
 *   outbox the oldest is dropped and counted.
 * - HL-3 What the hub says is acknowledged when it is stored, and is not taken on while the local broker is away.
 */
import { emit, fromPromise, setup, stateIn } from 'xstate';
import { HONO } from '../../protocols/ditto/index.js';
import { type HubLinkEvent, type KeepOutput, type LocalOutput, OUTBOX, READER } from './events.js';

const local = (topic: string, payload: string | Uint8Array): LocalOutput => ({
  type: 'mqtt.publish',
  topic,
  payload,
  qos: 1,
  retain: false,
});

export const hubLinkMachine = setup({
  types: {} as {
    context: Record<string, never>;
    events: HubLinkEvent;
    emitted: LocalOutput | KeepOutput;
  },
  actors: {
    /** Carries the outbox to the hub; ends only with the state. */
    forward: fromPromise<void, void>(() => Promise.reject(new Error('no effect was provided'))),
  },
  actions: {
    answer: emit(({ event }) => local(HONO.thingResponse, 'answer' in event ? event.answer : '')),
    keep: emit(({ event }) => ({
      type: 'log.append',
      log: OUTBOX,
      payload: event.type === 'TO.HUB' ? event.entry : new Uint8Array(),
      readers: [READER],
    })),
    hand: emit(({ event }) =>
      event.type === 'TO.VEHICLE' ? local(event.message.topic, event.message.payload) : local('', ''),
    ),
  },
  delays: { pause: 5_000 },
  guards: {
    isHere: stateIn({ vehicle: 'here' }),
    isBoot: ({ event }) => event.type === 'runtime.restored' && event.cause === 'boot',
  },
}).createMachine({
  id: 'hub-link',
  context: {},
  type: 'parallel',
  on: {
    ASKED: { actions: 'answer' },
    'TO.HUB': { actions: 'keep' },
    'TO.VEHICLE': { actions: 'hand' },
  },
  states: {
    vehicle: {
      initial: 'away',
      states: {
        /** Messages of the hub wait in the inbox meanwhile. */
        away: { on: { 'LOCAL.UP': { target: 'here', actions: 'answer' } } },
        here: {
          on: {
            'LOCAL.UP': { actions: 'answer' },
            'LOCAL.DOWN': 'away',
            'runtime.restored': { guard: 'isBoot', target: 'away' },
          },
        },
      },
    },
    hub: {
      initial: 'offline',
      states: {
        /** Messages for the hub wait in the outbox meanwhile. */
        offline: { on: { 'HUB.UP': [{ guard: 'isHere', target: 'online', actions: 'answer' }, { target: 'online' }] } },
        online: {
          invoke: { src: 'forward', onDone: 'retrying', onError: 'retrying' },
          on: {
            'HUB.DOWN': 'offline',
            'runtime.restored': { guard: 'isBoot', target: 'offline' },
          },
        },
        retrying: {
          meta: { waitsFor: 'the next try to carry the outbox on', until: 'pause' },
          after: { pause: 'online' },
          on: { 'HUB.DOWN': 'offline' },
        },
      },
    },
  },
});
