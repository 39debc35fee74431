import type { Metrics } from '../../runtime/index.js';
import type { ContainerFacts } from './events.js';

export interface ContainerMeters {
  readonly restarts: { inc(): void };
  readonly failures: { inc(labels: { step: string }): void };
}

/** How many containers there are, and what goes wrong with them. */
export function createMeters(metrics: Metrics, all: () => readonly ContainerFacts[]): ContainerMeters {
  metrics.gauge({
    name: 'containers',
    help: 'Containers of the vehicle, by role and status.',
    labels: ['role', 'status'],
    collect: (gauge) => {
      gauge.reset();
      for (const { role, state } of all()) gauge.inc({ role, status: state.status.toLowerCase() });
    },
  });
  return {
    restarts: metrics.counter({
      name: 'container_restarts_total',
      help: 'Starts of containers by their restart policy.',
    }),
    failures: metrics.counter({
      name: 'container_failures_total',
      help: 'Steps of containers that failed, by step.',
      labels: ['step'],
    }),
  };
}
