import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import { type Measured, metricsReport, success } from '../../protocols/container-features/index.js';
import {
  isBoot,
  type MetricsContext,
  type MetricsEvent,
  type PublishOutput,
  publish,
  type Sampled,
  type SampleInput,
  timeOf,
} from './events.js';

/** Containers that were started and not sampled since; the others have no CPU share in the next report. */
const MOST_STARTED = 1_000;
/** Samples that wait for the next report, the newest: of containers that are gone they wait in vain. */
const MOST_SAMPLES = 2_000;
/** For all containers; their figures are left out of a report that is made without them. */
const SAMPLE_MS = 30_000;

const OFF = { device: null, periodMs: 0, filter: [], samples: {}, started: [], dueAt: 0, waitMs: 0 } as const;

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

/** What is left until the next report; no clock that was set makes that longer than a period. */
const waitOf = (dueAt: number, periodMs: number, now: number): number => Math.max(0, Math.min(dueAt - now, periodMs));

/** The report after one that was due at `dueAt`: those that were missed are left out. */
const dueAfter = (dueAt: number, periodMs: number, now: number): number =>
  dueAt + periodMs > now ? dueAt + periodMs : now + periodMs;

/**
 * Reports figures of running containers to whoever asked for them last (THG-21 to THG-24). A CPU share is that of the
 * time between two samples: the first are taken at the request, or when a container starts.
 */
export const metricsMachine = setup({
  types: {} as {
    context: MetricsContext;
    events: MetricsEvent;
    input: object;
    emitted: PublishOutput;
  },
  actors: {
    sample: fromPromise<Sampled, SampleInput>(provided),
  },
  actions: {
    begin: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'METRICS.REQUESTED') return;
      const { device, periodMs, filter } = event;
      enqueue.assign({ ...OFF, device, periodMs, filter, dueAt: timeOf(event) + periodMs });
    }),
    accept: enqueueActions(({ event, enqueue }) => {
      const answer = event.type === 'METRICS.REQUESTED' ? success(event.asker) : undefined;
      if (answer) enqueue.emit(publish(answer));
    }),
    forget: assign(OFF),
    noteStarted: assign(({ context, event }) => {
      if (event.type !== 'CONTAINER.CHANGED') return {};
      const others = context.started.filter((id) => id !== event.id);
      return { started: [...others, event.id].slice(-MOST_STARTED) };
    }),
    keep: assign(({ context }, { samples, ids }: Sampled) => {
      const taken = new Map(samples.map(({ id, sample }) => [id, sample]));
      const others = Object.entries(context.samples).filter(([id]) => !taken.has(id));
      return {
        samples: Object.fromEntries([...others, ...taken].slice(-MOST_SAMPLES)),
        started: context.started.filter((id) => !ids.includes(id)),
      };
    }),
    giveUpStarted: assign({ started: [] }),
    report: enqueueActions(({ context, event, enqueue }, { samples, machineMemoryBytes }: Sampled) => {
      const { device, filter, started } = context;
      if (!device) return;
      const measured = samples.map(({ id, sample, hasNetwork }): Measured => {
        // The counters of a container began anew with it.
        const previous = started.includes(id) ? undefined : context.samples[id];
        return { id, sample, hasNetwork, ...(previous ? { previous } : {}) };
      });
      const report = metricsReport(device, measured, { filter, machineMemoryBytes, at: timeOf(event) });
      if (report) enqueue.emit(publish(report));
      enqueue.assign({ samples: Object.fromEntries(samples.map(({ id, sample }) => [id, sample])), started: [] });
    }),
    waitOn: assign(({ context, event }) => ({ waitMs: waitOf(context.dueAt, context.periodMs, timeOf(event)) })),
    waitForNext: assign(({ context, event }) => {
      const now = timeOf(event);
      const dueAt = dueAfter(context.dueAt, context.periodMs, now);
      return { dueAt, waitMs: waitOf(dueAt, context.periodMs, now) };
    }),
  },
  guards: {
    isOff: ({ event }) => event.type === 'METRICS.REQUESTED' && event.periodMs === 0,
    isStart: ({ event }) => event.type === 'CONTAINER.CHANGED' && event.change === 'running',
    hasStarted: ({ context }) => context.started.length > 0,
    isBoot: ({ event }) => isBoot(event),
  },
  delays: {
    wait: ({ context }) => context.waitMs,
    sampleTime: SAMPLE_MS,
  },
}).createMachine({
  id: 'metrics',
  context: OFF,
  initial: 'off',
  on: {
    'METRICS.REQUESTED': [
      { guard: 'isOff', target: '.off', actions: ['forget', 'accept'] },
      { target: '.reporting', reenter: true, actions: ['begin', 'accept'] },
    ],
  },
  states: {
    off: {},
    reporting: {
      initial: 'beginning',
      on: {
        'DEVICE.GONE': { target: 'off', actions: 'forget' },
        // Not asked for any more (THG-21).
        'runtime.restored': { guard: 'isBoot', target: 'off', actions: 'forget' },
        'CONTAINER.CHANGED': { guard: 'isStart', actions: 'noteStarted' },
      },
      states: {
        beginning: {
          meta: { waitsFor: 'first samples of the containers that run', until: 'sampleTime' },
          invoke: {
            src: 'sample',
            input: { ids: null },
            onDone: {
              target: 'waiting',
              actions: [{ type: 'keep', params: ({ event }) => event.output }, 'waitOn'],
            },
            onError: { target: 'waiting', actions: 'waitOn' },
          },
          after: { sampleTime: { target: 'waiting', actions: 'waitOn' } },
        },
        waiting: {
          meta: { waitsFor: 'the time of the next report', until: 'wait' },
          always: { guard: 'hasStarted', target: 'catchingUp' },
          after: { wait: 'measuring' },
        },
        catchingUp: {
          meta: { waitsFor: 'first samples of containers that were started', until: 'sampleTime' },
          invoke: {
            src: 'sample',
            input: ({ context }) => ({ ids: context.started }),
            onDone: {
              target: 'waiting',
              actions: [{ type: 'keep', params: ({ event }) => event.output }, 'waitOn'],
            },
            onError: { target: 'waiting', actions: ['giveUpStarted', 'waitOn'] },
          },
          after: { sampleTime: { target: 'waiting', actions: ['giveUpStarted', 'waitOn'] } },
        },
        measuring: {
          meta: { waitsFor: 'samples of the containers that run', until: 'sampleTime' },
          invoke: {
            src: 'sample',
            input: { ids: null },
            onDone: {
              target: 'waiting',
              actions: [{ type: 'report', params: ({ event }) => event.output }, 'waitForNext'],
            },
            onError: { target: 'waiting', actions: 'waitForNext' },
          },
          after: { sampleTime: { target: 'waiting', actions: 'waitForNext' } },
        },
      },
    },
  },
});
