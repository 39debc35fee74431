import type { Metrics } from '../../runtime/index.js';
import type { PresenceName } from './events.js';
import { GAP_KINDS, type Gap } from './gaps.js';
import type { KeptVehicles } from './kept-vehicles.js';

export interface VehicleMetricsDeps {
  readonly metrics: Metrics;
  /** Vehicles by the state that they are in. */
  readonly states: ReadonlyMap<PresenceName, number>;
  readonly kept: { readonly vehicles: KeptVehicles; readonly records: () => number } | undefined;
  /** Records that wait to be read for it, and those that were passed over. */
  readonly backlog: () => { readonly items: number; readonly dropped: number };
}

/** Counts vehicles; what is known anyway is read when somebody collects. */
export class VehicleMetrics {
  private readonly gaps;
  private readonly missing;

  constructor({ metrics, states, kept, backlog }: VehicleMetricsDeps) {
    metrics.gauge({
      name: 'vehicles',
      help: 'Vehicles by presence.',
      labels: ['state'],
      collect: (gauge) => {
        for (const [state, count] of states) gauge.set({ state }, count);
      },
    });
    this.gaps = metrics.counter({
      name: 'vehicle_gaps_total',
      help: 'Gaps in what came from vehicles, by kind; those that follow each other closely are one.',
      labels: ['kind'],
    });
    for (const kind of GAP_KINDS) this.gaps.inc({ kind }, 0);
    this.missing = metrics.counter({
      name: 'vehicle_missing_records_total',
      help: "Records that the counters of vehicles' transaction ids say were made and that did not come.",
    });
    if (!kept) return;
    const { vehicles, records } = kept;
    const gauge = (name: string, help: string, value: () => number): void => {
      metrics.gauge({ name, help, collect: (metric) => metric.set(value()) });
    };
    const counter = (name: string, help: string, value: () => number): void => {
      metrics.counter({ name, help, collect: (tell) => tell({}, value()) });
    };
    gauge('last_values_vehicles', 'Vehicles whose last values are kept.', () => vehicles.size);
    counter('last_values_records_total', 'Records read for last values.', records);
    gauge('last_values_pending_records', 'Records that wait to be read for last values.', () => backlog().items);
    counter(
      'last_values_dropped_total',
      'Records passed over for last values because too many waited.',
      () => backlog().dropped,
    );
    counter(
      'last_values_refused_total',
      'Writes of last values that the store had no room for; see maxVehicles.',
      () => vehicles.refused,
    );
  }

  gap(gap: Gap, isNew: boolean): void {
    if (isNew) this.gaps.inc({ kind: gap.kind });
    if (gap.kind === 'missing') this.missing.inc(gap.records ?? 0);
  }
}
