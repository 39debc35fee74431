import type { DispatcherView } from './actors/dispatch/index.js';
import type { TelemetryFigures } from './actors/telemetry/index.js';
import type { ActorSystem, Clock, HttpRoutes, Overload, TimerHandle } from './runtime/index.js';

export interface OverviewDeps {
  readonly role: 'hub' | 'vehicle';
  readonly version: string;
  readonly system: ActorSystem;
  readonly overload: Overload;
  readonly clock: Clock;
  readonly telemetry?: (() => TelemetryFigures) | undefined;
  readonly dispatchers?: (() => readonly DispatcherView[]) | undefined;
}

/** The rate is that of the last five seconds, whoever asks and how often. */
const SAMPLE_MS = 1_000;
const SAMPLES = 6;

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
  const rate = telemetry && new Rate(clock, () => telemetry().recordsTotal);
  return (app) => {
    app.addHook('onReady', async () => rate?.start());
    app.addHook('onClose', async () => rate?.stop());
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
        ...(figures ? { telemetry: { ...figures, recordsPerSecond: rate?.perSecond() } } : {}),
        ...(dispatchers ? { dispatchers: dispatchers() } : {}),
      };
    });
  };
}

/** How fast a count grows, by samples of its own. */
class Rate {
  private samples: { readonly at: number; readonly count: number }[] = [];
  private timer: TimerHandle | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly count: () => number,
  ) {}

  start(): void {
    this.samples = [...this.samples, { at: this.clock.monotonic(), count: this.count() }].slice(-SAMPLES);
    this.timer = this.clock.setTimeout(() => this.start(), SAMPLE_MS);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  /** To a tenth. */
  perSecond(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at === first.at) return 0;
    return Math.round(((last.count - first.count) * 10_000) / (last.at - first.at)) / 10;
  }
}

/** Types whose actors all sleep are among them. */
function actorsByType(system: ActorSystem): Record<string, { live: number; states: Record<string, number> }> {
  const types: Record<string, { live: number; states: Record<string, number> }> = {};
  for (const type of system.typeNames) types[type] = { live: 0, states: {} };
  for (const [type, states] of system.byState()) {
    const live = [...states.values()].reduce((sum, count) => sum + count, 0);
    types[type] = { live, states: Object.fromEntries(states) };
  }
  return types;
}
