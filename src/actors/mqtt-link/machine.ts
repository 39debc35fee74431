import { assign, fromPromise, setup } from 'xstate';
import {
  type CloseLinkInput,
  delayMs,
  type Failure,
  failureOf,
  type LinkCommand,
  type LinkContext,
  type LinkEffectInput,
  type LinkInput,
  type LinkTiming,
  stampOf,
} from './events.js';

/** The pause before try number `failures` + 1: exponential up to the longest one, ± 20 %. */
export function linkPauseMs(failures: number, u: number, timing: LinkTiming): number {
  return delayMs(failures, { immediate: false, firstMs: timing.firstPauseMs, capMs: timing.longestPauseMs }, u);
}

function afterFailure(context: LinkContext, event: object, failure: Failure) {
  const stamp = stampOf(event);
  return {
    failures: context.failures + 1,
    pauseMs: linkPauseMs(context.failures, stamp?.u ?? 0.5, context.timing),
    lastError: { ...failure, at: stamp?.at ?? null },
  };
}

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

const connection = 'the broker to accept the client and its subscriptions';

/** What the loss of the connection, or a try to get one, leads to. */
const lost = [
  {
    guard: { type: 'isInboxFull', params: ({ event }: { event: { error: unknown } }) => ({ error: event.error }) },
    target: '#mqtt-link.offline.full',
  },
  {
    target: '#mqtt-link.offline.pausing',
    actions: { type: 'noteFailure', params: ({ event }: { event: { error: unknown } }) => ({ error: event.error }) },
  },
] as const;

/**
 * The MQTT client of one role. The chart moves when the broker comes or goes; messages flow in the `serve` effect and
 * cost no transition. A lost broker never ends it (UM-CON-3, SUA-4): publications wait in the outbox, in order.
 */
export const linkMachine = setup({
  types: {} as {
    context: LinkContext;
    events: LinkCommand;
    input: LinkInput;
  },
  actors: {
    /** Connects, subscribes and says that the broker is there; closes what was open before. */
    connect: fromPromise<void, LinkEffectInput>(provided),
    /** Runs while the connection lasts: ends by an error only. */
    serve: fromPromise<never, LinkEffectInput>(provided),
    /** Ends when half of the stored messages have been taken. */
    halfEmpty: fromPromise<void, LinkEffectInput>(provided),
    close: fromPromise<void, CloseLinkInput>(provided),
  },
  actions: {
    noteFailure: assign(({ context, event }, { error }: { error: unknown }) =>
      afterFailure(context, event, failureOf(error)),
    ),
    noteTimeout: assign(({ context, event }) =>
      afterFailure(context, event, {
        code: 'MQTT_CONNECT_TIMEOUT',
        message: `the broker did not answer within ${context.timing.connectTimeoutMs} ms`,
      }),
    ),
    noteSteady: assign({ failures: 0 }),
    noteDeadline: assign(({ context, event }) => ({
      closeMs: Math.min(
        (event.type === 'link.stop' ? event.deadlineMs : undefined) ?? context.timing.closeMs,
        context.timing.closeMs,
      ),
    })),
  },
  guards: {
    isInboxFull: (_, { error }: { error: unknown }) => failureOf(error).code === 'MQTT_INBOX_FULL',
  },
  delays: {
    connectTimeout: ({ context }) => context.timing.connectTimeoutMs,
    pause: ({ context }) => context.pauseMs,
    steady: ({ context }) => context.timing.steadyAfterMs,
    closeDeadline: ({ context }) => context.closeMs,
  },
}).createMachine({
  id: 'mqtt-link',
  context: ({ input }) => ({
    name: input.name,
    timing: input.timing,
    failures: 0,
    pauseMs: 0,
    closeMs: input.timing.closeMs,
    lastError: null,
  }),
  initial: 'connecting',
  on: {
    'link.stop': { target: '.stopping', actions: 'noteDeadline' },
  },
  states: {
    connecting: {
      meta: { waitsFor: connection, until: 'connectTimeout' },
      invoke: {
        src: 'connect',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'online',
        onError: lost,
      },
      after: { connectTimeout: { target: 'offline', actions: 'noteTimeout' } },
    },
    online: {
      invoke: {
        src: 'serve',
        input: ({ context }) => ({ name: context.name }),
        onError: lost,
      },
      after: { steady: { actions: 'noteSteady' } },
    },
    offline: {
      initial: 'pausing',
      states: {
        pausing: {
          meta: {
            waitsFor: 'the next try to reach the broker; publications wait until then',
            until: 'pause',
            because: 'lastError',
          },
          after: { pause: 'reconnecting' },
          on: { 'link.retry': 'reconnecting' },
        },
        reconnecting: {
          meta: { waitsFor: connection, until: 'connectTimeout' },
          invoke: {
            src: 'connect',
            input: ({ context }) => ({ name: context.name }),
            onDone: '#mqtt-link.online',
            onError: lost,
          },
          after: { connectTimeout: { target: 'pausing', actions: 'noteTimeout' } },
        },
        full: {
          meta: { waitsFor: 'half of the stored messages to be taken; the broker keeps the rest', until: 'never' },
          invoke: {
            src: 'halfEmpty',
            input: ({ context }) => ({ name: context.name }),
            onDone: 'reconnecting',
            onError: 'reconnecting',
          },
        },
      },
    },
    stopping: {
      meta: { waitsFor: 'publications under way to be acknowledged', until: 'closeDeadline' },
      invoke: {
        src: 'close',
        input: ({ context }) => ({ name: context.name, deadlineMs: context.closeMs }),
        onDone: 'stopped',
        onError: 'stopped',
      },
      after: { closeDeadline: 'stopped' },
      on: { 'link.stop': {} },
    },
    stopped: { type: 'final' },
  },
});
