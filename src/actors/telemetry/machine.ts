import { assign, emit, setup } from 'xstate';
import type { ConnectionContext, ConnectionEvent, ConnectionInput, ConnectionOutput } from './events.js';

/** A vehicle that has not said who it is by then is turned away. */
const HANDSHAKE_MS = 10_000;
/** What is under way when the server stops has this long to be acknowledged. */
const DRAIN_MS = 10_000;

/**
 * The life of one vehicle's connection. Records flow past it (`connection-hot.ts`); only what changes the connection is
 * an event. A connection that the runtime brings back has no socket any more: it is closed, and says so (FT-CON-4).
 */
export const connectionMachine = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput,
    emitted: {} as ConnectionOutput,
  },
  actions: {
    announceConnected: emit(({ context }) => ({ type: 'connectivity', status: 'CONNECTED', connection: context })),
    announceDisconnected: emit(({ context }) => ({
      type: 'connectivity',
      status: 'DISCONNECTED',
      connection: context,
    })),
    closeSocket: emit({ type: 'socket.close', code: 1001, reason: 'the server stops' }),
    closeLimited: emit({ type: 'socket.close', code: 1013, reason: 'over the rate limit for too long' }),
    terminateSocket: emit({ type: 'socket.terminate' }),
    noteClose: assign({ closeCode: ({ event }) => (event.type === 'DISCONNECTED' ? event.code : 1006) }),
  },
}).createMachine({
  id: 'vehicle-connection',
  context: ({ input }) => ({
    connectionId: input.connectionId,
    vin: input.identity.deviceId,
    clientType: input.identity.clientType,
    networkInterface: input.networkInterface,
    clientVersion: input.clientVersion,
    remote: input.remote,
    closeCode: null,
  }),
  initial: 'handshaking',
  states: {
    handshaking: {
      meta: { waitsFor: 'the WebSocket upgrade' },
      after: { [HANDSHAKE_MS]: { target: 'closed', actions: 'terminateSocket' } },
      on: {
        CONNECTED: { target: 'streaming', actions: 'announceConnected' },
        DISCONNECTED: { target: 'closed', actions: 'noteClose' },
        DRAIN: { target: 'closed', actions: 'terminateSocket' },
        'runtime.restored': { target: 'closed', actions: ['noteClose', 'terminateSocket'] },
      },
    },
    streaming: {
      on: {
        LIMIT_EXCEEDED: 'throttled',
        HELD: 'held',
        LIMIT_EXCEEDED_TOO_LONG: { target: 'draining', actions: 'closeLimited' },
        DRAIN: { target: 'draining', actions: 'closeSocket' },
        DISCONNECTED: { target: 'closed', actions: ['noteClose', 'announceDisconnected'] },
        'runtime.restored': { target: 'closed', actions: ['noteClose', 'announceDisconnected', 'terminateSocket'] },
      },
    },
    throttled: {
      meta: { waitsFor: 'the vehicle to send no more than its rate limit', until: 'never' },
      on: {
        WITHIN_LIMIT: 'streaming',
        HELD: 'throttledAndHeld',
        LIMIT_EXCEEDED_TOO_LONG: { target: 'draining', actions: 'closeLimited' },
        DRAIN: { target: 'draining', actions: 'closeSocket' },
        DISCONNECTED: { target: 'closed', actions: ['noteClose', 'announceDisconnected'] },
        'runtime.restored': { target: 'closed', actions: ['noteClose', 'announceDisconnected', 'terminateSocket'] },
      },
    },
    held: {
      meta: { waitsFor: 'room for what it sends: too much is received and not yet on disk', until: 'never' },
      on: {
        LIMIT_EXCEEDED: 'throttledAndHeld',
        READ_AGAIN: 'streaming',
        LIMIT_EXCEEDED_TOO_LONG: { target: 'draining', actions: 'closeLimited' },
        DRAIN: { target: 'draining', actions: 'closeSocket' },
        DISCONNECTED: { target: 'closed', actions: ['noteClose', 'announceDisconnected'] },
        'runtime.restored': { target: 'closed', actions: ['noteClose', 'announceDisconnected', 'terminateSocket'] },
      },
    },
    throttledAndHeld: {
      meta: {
        waitsFor: 'room for what it sends, and the vehicle to send no more than its rate limit',
        until: 'never',
      },
      on: {
        WITHIN_LIMIT: 'held',
        READ_AGAIN: 'throttled',
        LIMIT_EXCEEDED_TOO_LONG: { target: 'draining', actions: 'closeLimited' },
        DRAIN: { target: 'draining', actions: 'closeSocket' },
        DISCONNECTED: { target: 'closed', actions: ['noteClose', 'announceDisconnected'] },
        'runtime.restored': { target: 'closed', actions: ['noteClose', 'announceDisconnected', 'terminateSocket'] },
      },
    },
    draining: {
      meta: { waitsFor: 'the last acknowledgements and the close frame of the vehicle' },
      after: { [DRAIN_MS]: { target: 'closed', actions: ['noteClose', 'announceDisconnected', 'terminateSocket'] } },
      on: {
        DISCONNECTED: { target: 'closed', actions: ['noteClose', 'announceDisconnected'] },
        'runtime.restored': { target: 'closed', actions: ['noteClose', 'announceDisconnected', 'terminateSocket'] },
      },
    },
    closed: { type: 'final' },
  },
});
