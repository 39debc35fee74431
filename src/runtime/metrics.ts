import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { FleetchartError } from './errors.js';
import { Tallies } from './tallies.js';

/** What a metric is called and means; the reference page is written from it. */
export interface MetricOptions<Label extends string = never> {
  /** `snake_case` with its unit at the end (`_total`, `_seconds`, `_bytes`), unless a peer calls it otherwise. */
  readonly name: string;
  /** One sentence for the person who looks at a graph. */
  readonly help: string;
  /** Names of labels, each with few values: never a VIN or an address of a peer. */
  readonly labels?: readonly Label[];
}

export interface GaugeOptions<Label extends string = never> extends MetricOptions<Label> {
  /** Called with the gauge before each collection, to set values that are known anyway. */
  readonly collect?: (gauge: Gauge<Label>) => void;
}

export interface CounterOptions<Label extends string = never> extends MetricOptions<Label> {
  /** For what is counted elsewhere: called before each collection, to tell each series as it stands. */
  readonly collect?: (tell: (labels: Partial<Record<Label, string>>, count: number) => void) => void;
}

export interface TalliesOptions<Label extends string = never> extends MetricOptions<Label> {
  /** What it is called in the text format; the value only grows either way. @default counter */
  readonly type?: 'counter' | 'gauge';
}

export interface HistogramOptions<Label extends string = never> extends MetricOptions<Label> {
  /** Upper bounds of the buckets, ascending. */
  readonly buckets: readonly number[];
}

export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/** One series of a counter or a gauge as it stands. */
export interface Sample {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  /** Whether the value of a gauge only ever grows, so that its growth can be told as well. */
  readonly onlyGrows: boolean;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

interface Known {
  readonly description: MetricDescription;
  /** What was handed out. */
  readonly metric: unknown;
  readonly isTallied: boolean;
  readonly series: Counter<string> | Gauge<string> | Histogram<string>;
}

/** A metric that is asked for twice in different ways, or has an invalid name. */
class MetricError extends FleetchartError {}

/** Buckets for durations in seconds, from 1 ms to 10 s. */
export const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

const VALID_NAME = /^[a-z][a-z0-9_]*$/;

/**
 * The metrics of one process, in a registry of its own: two systems in one process, or two tests, do not meet. Asking
 * again for a metric gives the same one, so that an actor's n-th instance needs no special case.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly known = new Map<string, Known>();

  /** Of the text exposition. */
  readonly contentType: string = this.registry.contentType;

  counter<Label extends string = never>(options: CounterOptions<Label>): Counter<Label> {
    return this.once('counter', options, () => {
      const { collect } = options;
      if (!collect) return itself(new Counter<Label>(this.configuration(options)));
      return itself(
        new Counter<Label>({
          ...this.configuration(options),
          collect() {
            this.reset();
            collect((labels, count) => this.inc(labels, count));
          },
        }),
      );
    });
  }

  gauge<Label extends string = never>(options: GaugeOptions<Label>): Gauge<Label> {
    return this.once('gauge', options, () => {
      const { collect } = options;
      if (!collect) return itself(new Gauge<Label>(this.configuration(options)));
      return itself(
        new Gauge<Label>({
          ...this.configuration(options),
          collect() {
            collect(this);
          },
        }),
      );
    });
  }

  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label> {
    return this.once('histogram', options, () =>
      itself(new Histogram<Label>({ ...this.configuration(options), buckets: [...options.buckets] })),
    );
  }

  /** For hot paths: series that are bound before they are counted, and read when somebody collects. */
  tallies<Label extends string = never>(options: TalliesOptions<Label>): Tallies<Label> {
    const { type = 'counter' } = options;
    return this.once(
      type,
      options,
      () => {
        const metric = new Tallies<Label>(options.labels ?? []);
        const configuration = this.configuration(options);
        const series =
          type === 'counter'
            ? new Counter<Label>({
                ...configuration,
                collect() {
                  this.reset();
                  metric.used((labels, value) => this.inc(labels, value));
                },
              })
            : new Gauge<Label>({
                ...configuration,
                collect() {
                  metric.used((labels, value) => this.set(labels, value));
                },
              });
        return { metric, series };
      },
      true,
    );
  }

  /** Adds memory, CPU, event loop and garbage collection of this process, by Prometheus' usual names. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** What has been registered, by name; the process's own metrics left out. */
  describe(): MetricDescription[] {
    return [...this.known.values()].map(({ description }) => description).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The series of the counters or of the gauges as they stand, the process's own left out. */
  async samples(type: Sample['type']): Promise<Sample[]> {
    const samples: Sample[] = [];
    for (const { description, series, isTallied } of this.known.values()) {
      if (description.type !== type) continue;
      const { values } = await series.get();
      const { name } = description;
      for (const { labels, value } of values) samples.push({ name, type, onlyGrows: isTallied, labels, value });
    }
    return samples;
  }

  private configuration<Label extends string>({ name, help, labels = [] }: MetricOptions<Label>) {
    return { name, help, labelNames: [...labels], registers: [this.registry] };
  }

  private once<M, Label extends string>(
    type: MetricDescription['type'],
    options: MetricOptions<Label>,
    make: () => { readonly metric: M; readonly series: Known['series'] },
    isTallied = false,
  ): M {
    const description = { name: options.name, type, help: options.help, labels: [...(options.labels ?? [])] };
    const known = this.known.get(options.name);
    if (known) {
      const isSame = JSON.stringify(known.description) === JSON.stringify(description);
      if (isSame && known.isTallied === isTallied) return known.metric as M;
      throw new MetricError('METRIC_CONFLICT', `${options.name} is registered already, as something else`);
    }
    if (!VALID_NAME.test(options.name)) throw new MetricError('METRIC_NAME', `${options.name} is not in snake_case`);
    const { metric, series } = make();
    this.known.set(options.name, { description, metric, isTallied, series });
    return metric;
  }
}

/** prom-client's own classes are handed out as they are. */
const itself = <M extends Known['series']>(metric: M): { readonly metric: M; readonly series: Known['series'] } => ({
  metric,
  series: metric,
});
