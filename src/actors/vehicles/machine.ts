import { assign, emit, setup } from 'xstate';
import {
  MOST_CONNECTIONS,
  type PresenceContext,
  type PresenceEvent,
  type PresenceInput,
  type PresenceName,
  type PresenceOutput,
  timeOf,
} from './events.js';

type Connected = Extract<PresenceEvent, { type: 'CONNECTED' }>;
type Disconnected = Extract<PresenceEvent, { type: 'DISCONNECTED' }>;
type Restarted = Extract<PresenceEvent, { type: 'HUB_RESTARTED' }>;

/**
 * Whether a vehicle is online (FT-CON-4): while one connection lives, whatever the order in which connections of two
 * networks come and go, and a while after the last. Connections that the hub had before a restart are void.
 */
export const presenceMachine = setup({
  types: {
    context: {} as PresenceContext,
    events: {} as PresenceEvent,
    input: {} as PresenceInput,
    emitted: {} as PresenceOutput,
  },
  actions: {
    addConnection: assign(({ context, event }) => {
      const { connection, timing = context.timing } = event as Connected;
      const others = context.connections.filter(({ id }) => id !== connection.id);
      return {
        timing,
        connections: [...others, connection].slice(-MOST_CONNECTIONS),
        latest: connection,
        connectionsTotal: context.connectionsTotal + 1,
        lastSeenAt: timeOf(event),
      };
    }),
    dropConnection: assign(({ context, event }) => ({
      connections: context.connections.filter(({ id }) => id !== (event as Disconnected).id),
      lastSeenAt: timeOf(event),
    })),
    dropAll: assign({ connections: [] }),
    countSession: assign(({ context, event }) => ({ sessions: context.sessions + 1, since: timeOf(event) })),
    countShortDrop: assign({ shortDrops: ({ context }) => context.shortDrops + 1 }),
    noteOffline: assign(({ event }) => ({ since: timeOf(event) })),
    noteSilence: assign({ silentSince: ({ event }) => (event.type === 'SILENT' ? event.since : null) }),
    noteHeard: assign(({ context, event }) => ({
      silentSince: null,
      lastSeenAt: event.type === 'HEARD' ? Math.max(context.lastSeenAt, event.at) : context.lastSeenAt,
    })),
    noteOutage: assign(({ context, event }) => {
      const { downSince, upAt } = event as Restarted;
      // Of two outages without a return between them, the first began the gap.
      return { outage: { from: context.outage?.from ?? downSince, to: upAt } };
    }),
    forgetOutage: assign({ outage: null }),
    tell: emit(({ context }, { from, to }: { from: PresenceName; to: PresenceName }) => ({
      type: 'presence',
      from,
      to,
      presence: context,
    })),
    beginSilence: emit(({ context, event }) => ({
      type: 'gap',
      vin: context.vin,
      kind: 'silent',
      from: event.type === 'SILENT' ? event.since : timeOf(event),
      to: null,
    })),
    endSilence: emit(({ context, event }) => ({
      type: 'gap',
      vin: context.vin,
      kind: 'silent',
      from: context.silentSince ?? timeOf(event),
      to: event.type === 'HEARD' ? event.at : timeOf(event),
    })),
    reportOutage: emit(({ context, event }) => ({
      type: 'gap',
      vin: context.vin,
      kind: 'outage',
      from: context.outage?.from ?? timeOf(event),
      to: event.type === 'CONNECTED' ? timeOf(event) : (context.outage?.to ?? timeOf(event)),
    })),
  },
  guards: {
    isLast: ({ context, event }) =>
      event.type === 'DISCONNECTED' && context.connections.every(({ id }) => id === event.id),
    isOurs: ({ context, event }) =>
      event.type === 'DISCONNECTED' && context.connections.some(({ id }) => id === event.id),
  },
  delays: {
    offlineAfter: ({ context }) => context.timing.offlineAfterMs,
    restartGrace: ({ context }) => context.timing.restartGraceMs,
  },
}).createMachine({
  id: 'presence',
  context: ({ input }) => ({
    vin: input.vin,
    timing: input.timing,
    connections: [],
    latest: null,
    since: timeOf({ input }),
    lastSeenAt: timeOf({ input }),
    sessions: 0,
    connectionsTotal: 0,
    shortDrops: 0,
    silentSince: null,
    outage: null,
  }),
  initial: 'offline',
  states: {
    offline: {
      meta: { waitsFor: 'the vehicle to connect', until: 'never' },
      on: {
        CONNECTED: {
          target: 'online',
          actions: ['addConnection', 'countSession', tell('offline', 'online')],
        },
      },
    },
    online: {
      on: {
        CONNECTED: { actions: ['addConnection'] },
        DISCONNECTED: [
          { guard: 'isLast', target: 'leaving', actions: ['dropConnection', tell('online', 'leaving')] },
          { guard: 'isOurs', actions: ['dropConnection'] },
        ],
        SILENT: {
          target: 'silent',
          actions: ['noteSilence', 'beginSilence', tell('online', 'silent')],
        },
        HUB_RESTARTED: {
          target: 'returning',
          actions: ['dropAll', 'noteOutage', tell('online', 'returning')],
        },
      },
    },
    silent: {
      meta: { waitsFor: 'a record of the vehicle, which is connected and sends nothing', until: 'never' },
      on: {
        CONNECTED: { actions: ['addConnection'] },
        DISCONNECTED: [
          {
            guard: 'isLast',
            target: 'leaving',
            actions: ['dropConnection', 'endSilence', 'noteHeard', tell('silent', 'leaving')],
          },
          { guard: 'isOurs', actions: ['dropConnection'] },
        ],
        HEARD: {
          target: 'online',
          actions: ['endSilence', 'noteHeard', tell('silent', 'online')],
        },
        HUB_RESTARTED: {
          target: 'returning',
          actions: ['dropAll', 'endSilence', 'noteHeard', 'noteOutage', tell('silent', 'returning')],
        },
      },
    },
    leaving: {
      meta: { waitsFor: 'the vehicle to connect again, over another network perhaps', until: 'offlineAfter' },
      after: {
        offlineAfter: { target: 'offline', actions: ['noteOffline', tell('leaving', 'offline')] },
      },
      on: {
        CONNECTED: {
          target: 'online',
          actions: ['addConnection', 'countShortDrop', tell('leaving', 'online')],
        },
        HUB_RESTARTED: {
          target: 'returning',
          actions: ['dropAll', 'noteOutage', tell('leaving', 'returning')],
        },
      },
    },
    returning: {
      meta: { waitsFor: 'the vehicle to connect again after a restart of the hub', until: 'restartGrace' },
      after: {
        restartGrace: {
          target: 'offline',
          actions: ['reportOutage', 'forgetOutage', 'noteOffline', tell('returning', 'offline')],
        },
      },
      on: {
        CONNECTED: {
          target: 'online',
          actions: ['reportOutage', 'forgetOutage', 'addConnection', tell('returning', 'online')],
        },
        HUB_RESTARTED: { target: 'returning', reenter: true, actions: ['noteOutage'] },
      },
    },
  },
});

function tell(from: PresenceName, to: PresenceName) {
  return { type: 'tell', params: { from, to } } as const;
}
