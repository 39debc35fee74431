/** The `monitoring` section of the reference's file. */
export interface MonitoringSection {
  readonly prometheus_metrics_port?: number;
  readonly prometheus_metrics_host?: string;
  readonly statsd?: {
    /** `host:port`. */
    readonly host?: string;
    readonly prefix?: string;
    /** Milliseconds. */
    readonly flush_period?: number;
    readonly sample_rate?: unknown;
  };
  readonly profiler_port?: number;
  readonly profiler_host?: string;
  readonly profiling_path?: string;
}

/** An empty host means all interfaces. */
export interface MonitoringAddress {
  readonly host: string;
  readonly port: number;
}

/** What tells others how the server is doing (spec 8); each absent where it is off. */
export interface MonitoringSettings {
  readonly status?: MonitoringAddress;
  readonly prometheus?: MonitoringAddress;
  readonly statsd?: StatsdSettings;
  readonly profiler?: ProfilerSettings;
}

export interface StatsdSettings extends MonitoringAddress {
  /** Stands before each name, with nothing between. */
  readonly prefix: string;
  readonly flushPeriodMs: number;
}

export interface ProfilerSettings extends MonitoringAddress {
  /** Where `/live_profiler` writes: a file, or a folder if it ends in a slash; undefined: it is off. */
  readonly path: string | undefined;
}

/** A `host:port` or a host alone; IPv6 in brackets where there is a port. */
export function statsdAddress(text: string, defaultPort: number): MonitoringAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s,]*))(?::(\d{1,5}))?$/.exec(text);
  if (!match || text === '') return undefined;
  const [, bracketed, plain = '', digits] = match;
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  return { host: host === '' ? '127.0.0.1' : host, port };
}
