import { assign, emit, fromPromise, setup } from 'xstate';
import {
  type Comparison,
  delayMs,
  type EngineLinkCommand,
  type EngineLinkContext,
  type EngineLinkEffectInput,
  type EngineLinkInput,
  type EngineLinkOutput,
  type EngineLinkTiming,
  type Failure,
  type FoundEngine,
  failureOf,
  stampOf,
} from './events.js';

/** The pause before try number `failures` + 1: exponential up to the longest one, ± 20 %. */
export function enginePauseMs(failures: number, u: number, timing: EngineLinkTiming): number {
  return delayMs(failures, { immediate: false, firstMs: timing.firstPauseMs, capMs: timing.longestPauseMs }, u);
}

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

const ofError = ({ event }: { event: { error: unknown } }): Failure => failureOf(event.error);
const late: Failure = { code: 'ENGINE_TIMEOUT', message: 'the container engine did not answer in time' };

/** What a try that failed leads to. */
const failed = <Params>(params: Params) =>
  ({
    target: '#engine-link.lost.pausing',
    actions: [
      { type: 'noteFailure', params },
      { type: 'tellFailure', params },
    ],
  }) as const;

/** What the loss of the engine leads to. */
const lost = <Params>(params: Params) =>
  ({
    target: '#engine-link.lost.pausing',
    actions: [
      { type: 'noteFailure', params },
      { type: 'tellLoss', params },
    ],
  }) as const;

/** What an engine that answers leads to. */
const found = ({ event }: { event: { output: FoundEngine } }) => ({ engine: event.output });
const up = {
  target: '#engine-link.ready',
  actions: [
    { type: 'noteEngine', params: found },
    { type: 'tellUp', params: found },
  ],
} as const;

const connection = 'a container engine to answer';
const effectInput = ({ context }: { context: EngineLinkContext }): EngineLinkEffectInput => ({ name: context.name });

/**
 * What stands between the containers here and the engine that runs them (POD-28). While it is ready, its events say
 * what to look at again, and comparisons find what no event told: after each connection, and from time to time. Once
 * chosen, an engine is kept: containers of one are unknown to another.
 */
export const engineLinkMachine = setup({
  types: {} as {
    context: EngineLinkContext;
    events: EngineLinkCommand;
    input: EngineLinkInput;
    emitted: EngineLinkOutput;
  },
  actors: {
    /** Chooses the engine, the first time, and asks whether it answers. */
    connect: fromPromise<FoundEngine, EngineLinkEffectInput>(provided),
    /** Hears events while the engine is there: ends by an error only. */
    watch: fromPromise<never, EngineLinkEffectInput>(provided),
    /** Lists the containers and tells those who are concerned. */
    compare: fromPromise<Comparison, EngineLinkEffectInput>(provided),
  },
  actions: {
    noteFailure: assign(({ context, event }, failure: Failure) => {
      const stamp = stampOf(event);
      return {
        failures: context.failures + 1,
        pauseMs: enginePauseMs(context.failures, stamp?.u ?? 0.5, context.timing),
        lastError: { ...failure, at: stamp?.at ?? null },
      };
    }),
    noteSince: assign({ since: ({ event }) => stampOf(event)?.at ?? null }),
    noteEngine: assign({ engine: (_, { engine }: { engine: FoundEngine }) => engine }),
    noteComparison: assign({ comparison: (_, { comparison }: { comparison: Comparison }) => comparison }),
    noteSteady: assign({ failures: 0 }),
    tellUp: emit((_, { engine }: { engine: FoundEngine }) => ({ type: 'link.up', engine }) as const),
    tellLoss: emit((_, failure: Failure) => ({ type: 'link.down', ...failure }) as const),
    tellFailure: emit((_, failure: Failure) => ({ type: 'link.failed', ...failure }) as const),
  },
  delays: {
    connectTimeout: ({ context }) => context.timing.connectTimeoutMs,
    compareTimeout: ({ context }) => context.timing.compareTimeoutMs,
    relist: ({ context }) => context.timing.relistMs,
    pause: ({ context }) => context.pauseMs,
    steady: ({ context }) => context.timing.steadyAfterMs,
  },
}).createMachine({
  id: 'engine-link',
  context: ({ input }) => ({
    name: input.name,
    timing: input.timing,
    engine: null,
    comparison: null,
    failures: 0,
    pauseMs: 0,
    lastError: null,
    since: null,
  }),
  initial: 'connecting',
  on: { 'link.stop': '.stopped' },
  states: {
    connecting: {
      entry: 'noteSince',
      meta: { waitsFor: connection, until: 'connectTimeout' },
      invoke: {
        src: 'connect',
        input: effectInput,
        onDone: up,
        onError: failed(ofError),
      },
      after: { connectTimeout: failed(late) },
    },
    ready: {
      entry: 'noteSince',
      initial: 'subscribing',
      invoke: { src: 'watch', input: effectInput, onError: lost(ofError) },
      after: { steady: { actions: 'noteSteady' } },
      states: {
        subscribing: {
          meta: { waitsFor: 'the events of the engine', until: 'connectTimeout' },
          on: { 'link.watching': 'comparing' },
          after: { connectTimeout: lost(late) },
        },
        comparing: {
          meta: { waitsFor: 'the list of its containers', until: 'compareTimeout' },
          invoke: {
            src: 'compare',
            input: effectInput,
            onDone: {
              target: 'watching',
              actions: { type: 'noteComparison', params: ({ event }) => ({ comparison: event.output }) },
            },
            onError: lost(ofError),
          },
          after: { compareTimeout: lost(late) },
        },
        watching: {
          meta: { waitsFor: 'the next comparison; events are heard meanwhile', until: 'relist' },
          after: { relist: 'comparing' },
        },
      },
    },
    lost: {
      entry: 'noteSince',
      initial: 'pausing',
      states: {
        pausing: {
          meta: { waitsFor: 'the next try to reach the engine', until: 'pause', because: 'lastError' },
          after: { pause: 'reconnecting' },
          on: { 'link.retry': 'reconnecting' },
        },
        reconnecting: {
          meta: { waitsFor: connection, until: 'connectTimeout' },
          invoke: {
            src: 'connect',
            input: effectInput,
            onDone: up,
            onError: failed(ofError),
          },
          after: { connectTimeout: failed(late) },
        },
      },
    },
    stopped: { type: 'final' },
  },
});
