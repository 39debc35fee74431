import {
  type MonitoringAddress,
  type MonitoringSection,
  type MonitoringSettings,
  type ProfilerSettings,
  type StatsdSettings,
  statsdAddress,
} from './monitoring-settings.js';
import type { Findings } from './server-findings.js';
import { type ServerConfig, serverDefaults } from './server-settings.js';

/** `monitoring` and `status_port` (spec 7.2). A port of 0 is off. */
export function monitoring(config: ServerConfig, findings: Findings): MonitoringSettings {
  const section = config.monitoring ?? {};
  const status = address(config.fleetchart?.statusHost ?? '', config.status_port);
  const prometheus = address(section.prometheus_metrics_host || LOOPBACK, section.prometheus_metrics_port);
  const statsd = statsdOf(section, prometheus !== undefined, findings);
  const profiler = profilerOf(section, findings);
  checkPorts({ '/status_port': status, [PROMETHEUS]: prometheus, [PROFILER]: profiler }, findings);
  return {
    ...(status ? { status } : {}),
    ...(prometheus ? { prometheus } : {}),
    ...(statsd ? { statsd } : {}),
    ...(profiler ? { profiler } : {}),
  };
}

/** The vehicles whose signals are counted one by one; the bound keeps the number of series small. */
export function trackedVins({ vins_signal_tracking_enabled = [] }: ServerConfig, { mistakes }: Findings): Set<string> {
  const vins = new Set(vins_signal_tracking_enabled);
  const most = serverDefaults.mostTrackedVins;
  if (vins.size > most) {
    mistakes.push({
      code: 'CONFIG_VALUE',
      pointer: '/vins_signal_tracking_enabled',
      message: `set the value of \`vins_signal_tracking_enabled\` less than ${most} unique vins`,
      hint: `${most} may be named, ${vins.size} are`,
    });
  }
  return vins;
}

const LOOPBACK = '127.0.0.1';
const PROMETHEUS = '/monitoring/prometheus_metrics_port';
const PROFILER = '/monitoring/profiler_port';

const address = (host: string, port = 0): MonitoringAddress | undefined => (port > 0 ? { host, port } : undefined);

function statsdOf(
  { statsd }: MonitoringSection,
  hasPrometheus: boolean,
  { mistakes, warnings }: Findings,
): StatsdSettings | undefined {
  if (statsd === undefined) return undefined;
  const pointer = '/monitoring/statsd';
  const hint = 'for example 127.0.0.1:8125';
  if (statsd.sample_rate !== undefined) {
    warnings.push({
      code: 'CONFIG_IGNORED',
      pointer: `${pointer}/sample_rate`,
      message: 'an old key without effect',
    });
  }
  if (hasPrometheus) {
    const message = 'not used, because prometheus_metrics_port is set';
    warnings.push({ code: 'CONFIG_IGNORED', pointer, message });
    return undefined;
  }
  const { host = '', prefix = '', flush_period: flushPeriodMs = 0 } = statsd;
  if (host === '') {
    const message = 'missing: nothing is sent';
    warnings.push({ code: 'CONFIG_MISSING', pointer: `${pointer}/host`, message, hint });
    return undefined;
  }
  const to = statsdAddress(host, serverDefaults.statsd.port);
  if (to === undefined) {
    const message = `expected host:port, got ${JSON.stringify(host)}`;
    mistakes.push({ code: 'CONFIG_VALUE', pointer: `${pointer}/host`, message, hint });
    return undefined;
  }
  return { ...to, prefix, flushPeriodMs: flushPeriodMs || serverDefaults.statsd.flushPeriodMs };
}

function profilerOf(section: MonitoringSection, { warnings }: Findings): ProfilerSettings | undefined {
  const at = address(section.profiler_host || LOOPBACK, section.profiler_port);
  const path = section.profiling_path || undefined;
  if (at === undefined) {
    if (path !== undefined) {
      const message = 'without effect: profiler_port is 0';
      warnings.push({ code: 'CONFIG_IGNORED', pointer: '/monitoring/profiling_path', message });
    }
    return undefined;
  }
  if (!/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(at.host)) {
    warnings.push({
      code: 'CONFIG_VALUE',
      pointer: '/monitoring/profiler_host',
      message: 'whoever reaches it can slow the server down and see how it is built',
      hint: 'use 127.0.0.1',
    });
  }
  return { ...at, path };
}

function checkPorts(listeners: Readonly<Record<string, MonitoringAddress | undefined>>, { mistakes }: Findings): void {
  const taken = new Map<number, { readonly pointer: string; readonly host: string }>();
  for (const [pointer, listener] of Object.entries(listeners)) {
    if (listener === undefined) continue;
    const { host, port } = listener;
    const other = taken.get(port);
    if (other && (other.host === host || [other.host, host].some((each) => each === '' || each === '0.0.0.0'))) {
      mistakes.push({
        code: 'CONFIG_CONFLICT',
        pointer,
        message: `port ${port} is that of ${other.pointer}, too`,
        hint: 'give each a port of its own',
        dependsOn: [other.pointer],
      });
    } else taken.set(port, { pointer, host });
  }
}
