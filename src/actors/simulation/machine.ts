import { assign, fromPromise, setup } from 'xstate';
import {
  type ConnectionEnd,
  type ConnectionInput,
  delayMs,
  stampOf,
  type VehicleContext,
  type VehicleEvent,
  type VehicleInput,
  type VehicleTiming,
} from './events.js';

/** The share of a pause that is jitter: a fleet that lost the same server must not come back in step (FT-CLI-5). */
const JITTER = 0.5;

/** The pause before the next try when `failures` went before it. `u` is uniform in [0, 1). */
export function reconnectPauseMs(failures: number, u: number, timing: VehicleTiming): number {
  const { retryMs: firstMs, longestRetryMs: capMs } = timing;
  return delayMs(failures, { immediate: false, firstMs, capMs, jitter: JITTER }, u);
}

/** While the last acknowledgements are awaited no pause is longer, jitter included. */
export const LONGEST_HURRIED_PAUSE_MS = 2_000;

function afterEnd(context: VehicleContext, event: object, end: Omit<ConnectionEnd, 'at'>): Partial<VehicleContext> {
  const stamp = stampOf(event);
  return {
    failures: context.failures + 1,
    pauseMs: reconnectPauseMs(context.failures, stamp?.u ?? 0.5, context.timing),
    lastEnd: { ...end, at: stamp?.at ?? null },
  };
}

function endOf(error: unknown): Omit<ConnectionEnd, 'at'> {
  const { reason, message } = (error ?? {}) as { reason?: unknown; message?: unknown };
  return { reason: typeof reason === 'string' ? reason : 'other', message: String(message ?? error) };
}

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

/**
 * A vehicle of the load generator. The chart moves when its connection does; records and replies flow in the `stream`
 * effect and cost no transition.
 */
export const vehicleMachine = setup({
  types: {} as { context: VehicleContext; events: VehicleEvent; input: VehicleInput },
  actors: {
    /** Opens the connection. */
    connect: fromPromise<void, ConnectionInput>(provided),
    /** Sends records and takes replies until the connection is lost: ends by an error only. */
    stream: fromPromise<never, ConnectionInput>(provided),
  },
  actions: {
    noteEnd: assign(({ context, event }, { error }: { error: unknown }) => afterEnd(context, event, endOf(error))),
    noteTimeout: assign(({ context, event }) =>
      afterEnd(context, event, {
        reason: 'timeout',
        message: `the server did not complete the connection within ${context.timing.connectTimeoutMs} ms`,
      }),
    ),
    noteSteady: assign({ failures: 0 }),
    hurry: assign({
      timing: ({ context: { timing } }) => ({
        ...timing,
        longestRetryMs: Math.min(timing.longestRetryMs, LONGEST_HURRIED_PAUSE_MS / (1 + JITTER)),
      }),
    }),
  },
  delays: {
    connectTimeout: ({ context }) => context.timing.connectTimeoutMs,
    pause: ({ context }) => context.pauseMs,
    steady: ({ context }) => context.timing.steadyAfterMs,
  },
}).createMachine({
  id: 'virtual-vehicle',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({ vin: input.vin, timing: input.timing, failures: 0, pauseMs: 0, lastEnd: null }),
  initial: 'offline',
  on: { HURRY: { actions: 'hurry' } },
  states: {
    offline: {
      meta: { waitsFor: 'its turn in the ramp', until: 'never' },
      on: { CONNECT: 'connecting', STOP: 'stopped' },
    },
    connecting: {
      meta: { waitsFor: 'the server to accept the connection', until: 'connectTimeout' },
      invoke: {
        src: 'connect',
        input: ({ context }) => ({ vin: context.vin }),
        onDone: 'connected',
        onError: {
          target: 'backingOff',
          actions: { type: 'noteEnd', params: ({ event }) => ({ error: event.error }) },
        },
      },
      after: { connectTimeout: { target: 'backingOff', actions: 'noteTimeout' } },
      on: { STOP: 'stopped' },
    },
    connected: {
      initial: 'streaming',
      invoke: {
        src: 'stream',
        input: ({ context }) => ({ vin: context.vin }),
        onError: {
          target: 'backingOff',
          actions: { type: 'noteEnd', params: ({ event }) => ({ error: event.error }) },
        },
      },
      after: { steady: { actions: 'noteSteady' } },
      on: { STOP: 'stopped' },
      states: {
        streaming: { on: { WINDOW_FULL: 'waiting' } },
        waiting: {
          // The stream sends overdue values again on its own (FT-CLI-4), however often it takes.
          meta: { waitsFor: 'acknowledgements: as many records are un-acked as may be', until: 'never' },
          on: { WINDOW_OPEN: 'streaming' },
        },
      },
    },
    backingOff: {
      meta: { waitsFor: 'the next try to connect', until: 'pause' },
      after: { pause: 'connecting' },
      on: { HURRY: { target: 'connecting', actions: 'hurry' }, STOP: 'stopped' },
    },
    stopped: { type: 'final' },
  },
});
