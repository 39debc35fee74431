import type { MonitoringAddress, MonitoringSettings } from '../../protocols/fleet-telemetry/monitoring-settings.js';
import { type PlainAnswer, PlainServer, type PlainServerOptions } from '../../runtime/http/plain-server.js';
import { type Child, type Clock, GcWatch, type Logger, type Metrics } from '../../runtime/index.js';
import { type ListenerKeys, listenError } from './errors.js';
import { LiveProfiler } from './profiler/live-profiler.js';
import { ProfilerPages } from './profiler/profiler-pages.js';
import { StatsdSender } from './statsd/statsd-sender.js';
import { measureUsage } from './usage-metrics.js';

export interface MonitoringDeps {
  readonly settings: MonitoringSettings;
  /** What stands before its keys where they are from, for what is said of them. @default 'telemetry.' */
  readonly keyPrefix?: string | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the process is being stopped: a load balancer is to look elsewhere then. */
  readonly isStopping: () => boolean;
}

export interface Monitoring {
  /** What is configured, to start before and stop after what it tells of. */
  readonly children: readonly Child[];
  /** Of what listens, by its name. */
  urls(): Readonly<Record<string, string | undefined>>;
  close(): Promise<void>;
}

/** What tells others how the server is doing (section 8), on ports of its own and in the reference's forms. */
export function createMonitoring(deps: MonitoringDeps): Monitoring {
  const { settings, metrics, clock, logger } = deps;
  const gc = new GcWatch(clock);
  measureUsage({ metrics, clock, gc });
  gc.start();
  const status = settings.status && new Listener(statusServer(deps, settings.status));
  const prometheus = settings.prometheus && new Listener(metricsServer(deps, settings.prometheus));
  const profiler = settings.profiler && new Listener(profilerServer(deps, settings.profiler, gc));
  const statsd = settings.statsd && new StatsdSender({ settings: settings.statsd, metrics, clock, logger });
  return {
    children: [status, prometheus, statsd, profiler].filter((child) => child !== undefined),
    urls: () => ({
      status: status?.url('/status'),
      metrics: prometheus?.url('/metrics'),
      profiler: profiler?.url('/debug/pprof/'),
    }),
    close: async () => gc.stop(),
  };
}

interface ListenerOptions {
  readonly server: PlainServerOptions;
  readonly keys: ListenerKeys;
  /** Called when it listens. */
  readonly started: (port: number) => void;
  readonly before?: () => Promise<void>;
  readonly after?: () => Promise<void>;
}

/** For answers that are under way when a listener stops; a profile that takes longer ends with what it has. */
const STOP_MS = 1_000;

/** A plain server as a supervisor's child. */
class Listener implements Child {
  readonly name: string;
  readonly kind = 'service';
  private port: number | undefined;
  private server: PlainServer | undefined;

  constructor(private readonly options: ListenerOptions) {
    this.name = options.server.name;
  }

  url(path: string): string | undefined {
    const { host } = this.options.server;
    const name = host === '' || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
    return this.port === undefined
      ? undefined
      : `http://${name.includes(':') ? `[${name}]` : name}:${this.port}${path}`;
  }

  readonly start = async (): Promise<void> => {
    const { server, keys, started, before } = this.options;
    this.server = new PlainServer(server);
    try {
      this.port = await this.server.start();
    } catch (error) {
      throw listenError(error, keys);
    }
    await before?.();
    started(this.port);
  };

  readonly stop = async (deadlineMs: number): Promise<void> => {
    this.port = undefined;
    await this.server?.stop(Math.min(deadlineMs, STOP_MS));
    await this.options.after?.();
  };
}

function statusServer(deps: MonitoringDeps, address: MonitoringAddress): ListenerOptions {
  const { keyPrefix = 'telemetry.', clock, logger, isStopping } = deps;
  const answer = ({ path }: { path: string }): PlainAnswer => {
    if (path !== '/status') return { status: 404, body: '404 page not found\n' };
    return isStopping() ? { status: 503, body: 'stopping' } : { status: 200, body: 'ok' };
  };
  return {
    server: { ...address, name: 'status', answer, clock, logger },
    keys: { ...address, hostKey: `${keyPrefix}fleetchart.statusHost`, portKey: `${keyPrefix}status_port` },
    started: (port) => logger.info({ port }, 'status_server_configured'),
  };
}

function metricsServer(deps: MonitoringDeps, address: MonitoringAddress): ListenerOptions {
  const { keyPrefix = 'telemetry.', metrics, clock, logger } = deps;
  const section = `${keyPrefix}monitoring.prometheus_metrics_`;
  const answer = async ({ path }: { path: string }): Promise<PlainAnswer> => {
    if (path !== '/metrics') return { status: 404, body: '404 page not found\n' };
    return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.text() };
  };
  return {
    server: { ...address, name: 'metrics', answer, clock, logger },
    keys: { ...address, hostKey: `${section}host`, portKey: `${section}port` },
    started: (port) => logger.info({ port }, 'metrics_server_started'),
  };
}

function profilerServer(
  deps: MonitoringDeps,
  { path, ...address }: NonNullable<MonitoringSettings['profiler']>,
  gc: GcWatch,
): ListenerOptions {
  const { keyPrefix = 'telemetry.', clock, logger } = deps;
  const live = path === undefined ? undefined : new LiveProfiler({ path, clock, logger });
  const pages = new ProfilerPages({ clock, gc, live });
  return {
    server: { ...address, name: 'profiler', answer: pages.answer, clock, logger },
    keys: {
      ...address,
      hostKey: `${keyPrefix}monitoring.profiler_host`,
      portKey: `${keyPrefix}monitoring.profiler_port`,
    },
    before: () => pages.start(),
    after: async () => {
      pages.stop();
      await live?.stop();
    },
    started: (port) => logger.info({ port }, 'profiler_started'),
  };
}
