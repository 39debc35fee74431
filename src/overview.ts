import type { DispatcherView } from './actors/dispatch/index.js';
import type { TelemetryFigures } from './actors/telemetry/index.js';
import type { ActorSystem, Clock, HttpRoutes, Overload } from './runtime/index.js';

export interface OverviewDeps {
  readonly role: 'hub' | 'vehicle';
  readonly version: string;
  readonly system: ActorSystem;
  readonly overload: Overload;
  readonly clock: Clock;
  readonly telemetry?: (() => TelemetryFigures) | undefined;
  readonly dispatchers?: (() => readonly DispatcherView[]) | undefined;
}

/** How long the rate is measured over, at least. */
const RATE_WINDOW_MS = 900;

/** `GET /api/v1/overview`: what the first page of the console shows. */
export function overviewRoutes({
  role,
  version,
  system,
  overload,
  clock,
  telemetry,
  dispatchers,
}: OverviewDeps): HttpRoutes {
  const startedAt = clock.now();
  let measured = { at: clock.monotonic(), records: 0, perSecond: 0 };
  const recordsPerSecond = (records: number): number => {
    const at = clock.monotonic();
    if (at - measured.at >= RATE_WINDOW_MS) {
      measured = { at, records, perSecond: ((records - measured.records) * 1000) / (at - measured.at) };
    }
    return Math.round(measured.perSecond * 10) / 10;
  };
  return (app) => {
    app.get('/api/v1/overview', async () => {
      const figures = telemetry?.();
      return {
        role,
        version,
        startedAt,
        uptimeS: Math.round((clock.now() - startedAt) / 1000),
        overload: overload.view,
        actors: {
          live: system.liveCount,
          parked: system.parkedCount,
          byType: overload.sheds('metrics') ? {} : actorsByType(system),
        },
        storage: { sizeBytes: system.commit.sizeBytes(), degraded: system.commit.degraded?.message ?? null },
        ...(figures ? { telemetry: { ...figures, recordsPerSecond: recordsPerSecond(figures.recordsTotal) } } : {}),
        ...(dispatchers ? { dispatchers: dispatchers() } : {}),
      };
    });
  };
}

function actorsByType(system: ActorSystem): Record<string, { live: number; states: Record<string, number> }> {
  const types: Record<string, { live: number; states: Record<string, number> }> = {};
  for (const [type, states] of system.byState()) {
    const live = [...states.values()].reduce((sum, count) => sum + count, 0);
    types[type] = { live, states: Object.fromEntries(states) };
  }
  return types;
}
