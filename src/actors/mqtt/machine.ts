import { assign, fromPromise, setup } from 'xstate';
import {
  type BrokerAddress,
  type BrokerCommand,
  type BrokerContext,
  type BrokerInput,
  type CloseBrokerInput,
  failureOf,
  stampOf,
} from './events.js';

const timeOf = (event: object): number | null => stampOf(event)?.at ?? null;

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

/** The embedded MQTT broker. What flows through it costs no transition. */
export const brokerMachine = setup({
  types: {} as {
    context: BrokerContext;
    events: BrokerCommand;
    input: BrokerInput;
  },
  actors: {
    /** Opens the listener, closing what was open before. */
    listen: fromPromise<BrokerAddress>(provided),
    /** Runs while the listener is open; ends by an error only. */
    serve: fromPromise<never>(provided),
    close: fromPromise<void, CloseBrokerInput>(provided),
  },
  actions: {
    noteAddress: assign((_, { address }: { address: BrokerAddress }) => ({ address, lastError: null })),
    noteFailure: assign(({ event }, { error }: { error: unknown }) => ({
      address: null,
      lastError: { ...failureOf(error), at: timeOf(event) },
    })),
    noteTimeout: assign(({ context, event }) => ({
      address: null,
      lastError: {
        code: 'BROKER_OPEN_TIMEOUT',
        message: `the listener did not open within ${context.timing.openTimeoutMs} ms`,
        at: timeOf(event),
      },
    })),
    noteDeadline: assign(({ context, event }) => ({
      closeMs: (event.type === 'broker.stop' ? event.deadlineMs : undefined) ?? context.timing.closeMs,
    })),
  },
  delays: {
    openTimeout: ({ context }) => context.timing.openTimeoutMs,
    retry: ({ context }) => context.timing.retryMs,
    closeDeadline: ({ context }) => context.closeMs,
  },
}).createMachine({
  id: 'broker',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({
    timing: input.timing,
    address: null,
    closeMs: input.timing.closeMs,
    lastError: null,
  }),
  initial: 'starting',
  on: {
    'broker.stop': { target: '.stopping', actions: 'noteDeadline' },
  },
  states: {
    starting: {
      meta: { waitsFor: 'the listener to open', until: 'openTimeout' },
      invoke: {
        src: 'listen',
        onDone: {
          target: 'listening',
          actions: { type: 'noteAddress', params: ({ event }) => ({ address: event.output }) },
        },
        onError: {
          target: 'failed',
          actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) },
        },
      },
      after: { openTimeout: { target: 'failed', actions: 'noteTimeout' } },
    },
    listening: {
      invoke: {
        src: 'serve',
        onError: {
          target: 'failed',
          actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) },
        },
      },
    },
    failed: {
      meta: { waitsFor: 'what lastError names to be put right; it tries again by itself', until: 'retry' },
      after: { retry: 'starting' },
      on: { 'broker.retry': 'starting' },
    },
    stopping: {
      meta: { waitsFor: 'the clients to be disconnected', until: 'closeDeadline' },
      invoke: {
        src: 'close',
        input: ({ context }) => ({ deadlineMs: context.closeMs }),
        onDone: 'stopped',
        onError: 'stopped',
      },
      after: { closeDeadline: 'stopped' },
      on: { 'broker.stop': {} },
    },
    stopped: { type: 'final' },
  },
});
