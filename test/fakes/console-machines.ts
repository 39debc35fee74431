import { assign, fromPromise, setup } from 'xstate';

type DispatcherEvent =
  | { type: 'CONNECTED' }
  | { type: 'LINK_LOST'; reason?: string }
  | { type: 'BOUND_REACHED' }
  | { type: 'DRAINED' }
  | { type: 'PROBE_ANSWERED' }
  | { type: 'RECORDS_CONFIRMED'; count?: number }
  | { type: 'STOP' };

/** A destination of records: nested states, delays, guards and a wait. */
export const dispatcherMachine = setup({
  types: { events: {} as DispatcherEvent, context: {} as { attempts: number; password: string } },
  actors: { connect: fromPromise(() => new Promise(() => undefined)) },
  guards: { mayRetry: ({ context }) => context.attempts < 5 },
  actions: { count: assign({ attempts: ({ context }) => context.attempts + 1 }) },
  delays: { retryDelay: 60_000 },
}).createMachine({
  id: 'dispatcher',
  description: 'Brings the records of one spool to one destination, in order.',
  context: { attempts: 0, password: '[redacted]' },
  initial: 'connecting',
  on: { STOP: '.stopped' },
  states: {
    connecting: {
      meta: { waitsFor: 'the broker to accept the connection' },
      invoke: { src: 'connect', onDone: 'ready', onError: 'broken' },
      on: { CONNECTED: 'ready' },
      after: { 10000: 'broken' },
    },
    ready: {
      initial: 'idle',
      on: { LINK_LOST: 'broken' },
      states: {
        idle: { on: { RECORDS_CONFIRMED: 'sending' } },
        sending: {
          on: {
            RECORDS_CONFIRMED: { actions: 'count' },
            DRAINED: 'idle',
            BOUND_REACHED: '#dispatcher.saturated',
          },
        },
      },
    },
    saturated: {
      meta: { waitsFor: 'half of the spool to drain' },
      on: { DRAINED: 'ready.sending', LINK_LOST: { target: 'broken', actions: 'count' } },
    },
    broken: {
      entry: 'count',
      after: { retryDelay: [{ guard: 'mayRetry', target: 'recovering' }, { target: 'stopped' }] },
    },
    recovering: {
      meta: { waitsFor: 'an answer to the probe' },
      on: { PROBE_ANSWERED: 'connecting', LINK_LOST: 'broken' },
      after: { 30000: 'broken' },
    },
    stopped: { type: 'final' },
  },
});

type ConnectionEvent =
  | { type: 'OPENED' }
  | { type: 'RATE_EXCEEDED' }
  | { type: 'RATE_KEPT' }
  | { type: 'DRAIN' }
  | { type: 'SOCKET_CLOSED' };

/** A vehicle's connection. */
export const connectionMachine = setup({ types: { events: {} as ConnectionEvent } }).createMachine({
  id: 'vehicle-connection',
  initial: 'handshaking',
  on: { SOCKET_CLOSED: '.closed' },
  states: {
    handshaking: {
      meta: { waitsFor: "the vehicle's first record" },
      on: { OPENED: 'streaming' },
      after: { 30000: 'closed' },
    },
    streaming: { on: { RATE_EXCEEDED: 'throttled', DRAIN: 'draining' } },
    throttled: { on: { RATE_KEPT: 'streaming', DRAIN: 'draining' }, after: { 10000: 'streaming' } },
    draining: { meta: { waitsFor: 'the last records to be stored' }, after: { 5000: 'closed' } },
    closed: { type: 'final' },
  },
});

type UpdateEvent =
  | { type: 'IDENTIFY' }
  | { type: 'DOWNLOAD' }
  | { type: 'CHUNK' }
  | { type: 'CONSENT_GIVEN' }
  | { type: 'CONSENT_REFUSED' }
  | { type: 'PAUSE' }
  | { type: 'RESUME' }
  | { type: 'ACTIVATED' }
  | { type: 'ROLLED_BACK' }
  | { type: 'CANCEL' };

/** An update with parallel regions, history and transitions across levels. */
export const updateMachine = setup({
  types: { events: {} as UpdateEvent },
  actors: { identify: fromPromise(async () => undefined), install: fromPromise(() => new Promise(() => undefined)) },
  guards: { needsConsent: () => true, isCritical: () => false },
}).createMachine({
  id: 'update-activity',
  initial: 'identifying',
  on: { CANCEL: { target: '.failed', guard: 'isCritical' } },
  states: {
    identifying: { invoke: { src: 'identify', id: 'identify', onDone: 'preparing', onError: 'failed' } },
    preparing: {
      type: 'parallel',
      onDone: 'updating',
      states: {
        bundle: {
          initial: 'downloading',
          states: {
            downloading: { on: { CHUNK: {}, DOWNLOAD: 'verified' }, after: { 3600000: '#update-activity.failed' } },
            verified: { type: 'final' },
          },
        },
        consent: {
          initial: 'asking',
          states: {
            asking: {
              meta: { waitsFor: "the owner's consent" },
              on: { CONSENT_GIVEN: 'given', CONSENT_REFUSED: '#update-activity.failed' },
            },
            given: { type: 'final' },
          },
        },
      },
    },
    paused: { on: { RESUME: 'updating.before' }, after: { 86400000: 'failed' } },
    updating: {
      initial: 'installing',
      on: { PAUSE: 'paused' },
      states: {
        installing: { invoke: { src: 'install', id: 'install', onDone: 'activating', onError: 'rollingBack' } },
        activating: {
          meta: { waitsFor: 'the new slot to boot' },
          on: { ACTIVATED: '#update-activity.completed' },
          after: { 600000: 'rollingBack' },
        },
        before: { type: 'history' },
        rollingBack: { on: { ROLLED_BACK: '#update-activity.failed' } },
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
  },
});
