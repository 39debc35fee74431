import type { Metrics } from '../../../runtime/index.js';
import { DURATION_BUCKETS } from '../../../runtime/metrics.js';
import type { EngineEvent } from '../engine.js';

/** Upper bounds for pulls of images, seconds. */
const PULL_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800];

/** Counts what the link to a container engine carries. */
export class EngineLinkMetrics {
  private readonly losses;
  private readonly events;
  private readonly comparisons;
  private readonly corrections;
  private readonly calls;
  private readonly callSeconds;
  private readonly pullSeconds;

  constructor(
    metrics: Metrics,
    figures: () => { readonly isReady: boolean; readonly containers: number; readonly orphans: number },
  ) {
    const gauge = (name: string, help: string, value: () => number): void => {
      metrics.gauge({ name, help, collect: (metric) => metric.set(value()) });
    };
    gauge('engine_link_ready', 'Whether the link has its container engine.', () => Number(figures().isReady));
    gauge('engine_containers', 'Containers with our labels at the last comparison.', () => figures().containers);
    gauge('engine_orphans', 'Of them, those that nobody here knows.', () => figures().orphans);
    this.losses = metrics.counter({ name: 'engine_link_losses_total', help: 'How often the engine was lost.' });
    this.events = metrics.counter({
      name: 'engine_events_total',
      help: 'Events of containers with our labels.',
      labels: ['change'],
    });
    this.comparisons = metrics.counter({ name: 'engine_comparisons_total', help: 'Listings of the containers.' });
    this.corrections = metrics.counter({
      name: 'engine_corrections_total',
      help: 'Differences that a comparison found and no event had told.',
    });
    this.calls = metrics.counter({
      name: 'engine_calls_total',
      help: 'Calls of the engine, by their result: ok or the code of the error.',
      labels: ['call', 'result'],
    });
    this.callSeconds = metrics.histogram({
      name: 'engine_call_seconds',
      help: 'How long calls of the engine took; pulls are counted apart.',
      labels: ['call'],
      buckets: DURATION_BUCKETS,
    });
    this.pullSeconds = metrics.histogram({
      name: 'engine_pull_seconds',
      help: 'How long pulls of images took.',
      buckets: PULL_BUCKETS,
    });
  }

  lost(): void {
    this.losses.inc();
  }

  event(change: EngineEvent['change']): void {
    this.events.inc({ change });
  }

  compared(corrections: number): void {
    this.comparisons.inc();
    this.corrections.inc(corrections);
  }

  called(call: string, result: string, seconds?: number): void {
    this.calls.inc({ call, result });
    if (seconds === undefined) return;
    if (call === 'pull') this.pullSeconds.observe(seconds);
    else this.callSeconds.observe({ call }, seconds);
  }
}
