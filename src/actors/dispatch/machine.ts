import { assign, fromPromise, setup, stateIn } from 'xstate';
import {
  type CloseInput,
  type DestinationInput,
  type DispatcherContext,
  type DispatcherEvent,
  type DispatcherInput,
  type DispatcherTiming,
  delayMs,
  type Failure,
  failureOf,
  stampOf,
} from './events.js';

/**
 * The pause before try number `failures` + 1: exponential up to the longest one, ± 20 % so that dispatchers which lost
 * the same broker do not come back in step.
 */
export function retryPauseMs(failures: number, u: number, timing: DispatcherTiming): number {
  return delayMs(failures, { immediate: false, firstMs: timing.retryMs, capMs: timing.longestRetryMs }, u);
}

/** One more try failed: the pause grows and the reason is kept for people. */
function afterFailure(context: DispatcherContext, event: object, failure: Failure) {
  const stamp = stampOf(event);
  return {
    failures: context.failures + 1,
    pauseMs: retryPauseMs(context.failures, stamp?.u ?? 0.5, context.timing),
    lastError: { ...failure, at: stamp?.at ?? null },
  };
}

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

/**
 * One destination of records. The chart moves when the destination comes or goes or falls behind; records flow in the
 * `pump` effect and cost no transition. What is not delivered stays in the spool, so no state here can lose a record.
 */
export const dispatcherMachine = setup({
  types: {} as {
    context: DispatcherContext;
    events: DispatcherEvent;
    input: DispatcherInput;
  },
  actors: {
    /** Opens the destination, closing what was open before. */
    connect: fromPromise<void, DestinationInput>(provided),
    /** Delivers from the spool until the destination is lost: ends by an error only. */
    pump: fromPromise<never, DestinationInput>(provided),
    /** Ends when nothing of the spool is left to deliver. */
    drained: fromPromise<void, DestinationInput>(provided),
    close: fromPromise<void, CloseInput>(provided),
  },
  actions: {
    noteFailure: assign(({ context, event }, { error }: { error: unknown }) =>
      afterFailure(context, event, failureOf(error)),
    ),
    noteTimeout: assign(({ context, event }) =>
      afterFailure(context, event, {
        code: 'DISPATCH_CONNECT_TIMEOUT',
        message: `the destination did not accept a connection within ${context.timing.connectTimeoutMs} ms`,
      }),
    ),
    noteSteady: assign({ failures: 0 }),
    noteDeadline: assign(({ context, event }) => ({
      drainMs: (event.type === 'dispatcher.stop' ? event.deadlineMs : undefined) ?? context.timing.drainMs,
    })),
  },
  guards: {
    isDraining: stateIn({ delivering: 'draining' }),
  },
  delays: {
    connectTimeout: ({ context }) => context.timing.connectTimeoutMs,
    pause: ({ context }) => context.pauseMs,
    steady: ({ context }) => context.timing.steadyAfterMs,
    drainDeadline: ({ context }) => context.drainMs,
    closeDeadline: ({ context }) => context.timing.closeMs,
  },
}).createMachine({
  id: 'dispatcher',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({
    name: input.name,
    timing: input.timing,
    failures: 0,
    pauseMs: 0,
    drainMs: input.timing.drainMs,
    lastError: null,
  }),
  initial: 'connecting',
  states: {
    connecting: {
      meta: { waitsFor: 'the destination to accept a connection', until: 'connectTimeout' },
      invoke: {
        src: 'connect',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'delivering',
        onError: {
          target: 'broken',
          actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) },
        },
      },
      after: { connectTimeout: { target: 'broken', actions: 'noteTimeout' } },
      on: {
        'dispatcher.stop': 'closing',
      },
    },
    delivering: {
      initial: 'ready',
      invoke: {
        id: 'pump',
        src: 'pump',
        input: ({ context }) => ({ name: context.name }),
        onError: [
          { guard: 'isDraining', target: 'closing' },
          { target: 'broken', actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) } },
        ],
      },
      on: {
        'dispatcher.stop': { target: '.draining', actions: 'noteDeadline' },
      },
      states: {
        ready: {
          after: { steady: { actions: 'noteSteady' } },
          on: { BACKLOG_HIGH: 'saturated' },
        },
        saturated: {
          meta: { waitsFor: 'the destination to catch up: its part of the spool is nearly full', until: 'never' },
          on: { BACKLOG_LOW: 'ready' },
        },
        recovering: {
          meta: { waitsFor: 'the destination to take what gathered while it was away', until: 'never' },
          on: { BACKLOG_LOW: 'ready' },
        },
        draining: {
          meta: { waitsFor: 'the rest of the spool to be delivered before the stop', until: 'drainDeadline' },
          invoke: {
            src: 'drained',
            input: ({ context }) => ({ name: context.name }),
            onDone: '#dispatcher.closing',
            onError: '#dispatcher.closing',
          },
          after: { drainDeadline: '#dispatcher.closing' },
          on: { 'dispatcher.stop': {} },
        },
      },
    },
    broken: {
      initial: 'pausing',
      on: {
        'dispatcher.stop': 'closing',
      },
      states: {
        pausing: {
          meta: { waitsFor: 'the next try to reach the destination', until: 'pause' },
          after: { pause: 'reconnecting' },
          on: { 'dispatcher.retry': 'reconnecting' },
        },
        reconnecting: {
          meta: { waitsFor: 'the destination to accept a connection', until: 'connectTimeout' },
          invoke: {
            src: 'connect',
            input: ({ context }) => ({ name: context.name }),
            onDone: '#dispatcher.delivering.recovering',
            onError: {
              target: 'pausing',
              actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) },
            },
          },
          after: { connectTimeout: { target: 'pausing', actions: 'noteTimeout' } },
        },
      },
    },
    closing: {
      meta: { waitsFor: 'the destination to close', until: 'closeDeadline' },
      invoke: {
        src: 'close',
        input: ({ context }) => ({ name: context.name, deadlineMs: context.timing.closeMs }),
        onDone: 'stopped',
        onError: 'stopped',
      },
      after: { closeDeadline: 'stopped' },
    },
    stopped: { type: 'final' },
  },
});
