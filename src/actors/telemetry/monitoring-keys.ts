/** How others see how the server is doing (spec 7.2). */
import { Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';
import { count, later, peer, text } from './key-types.js';

const port = (description: string) => count(description, { maximum: 65_535, default: 0 });
const host = text('Its address.', { default: '127.0.0.1' });

export const monitoringKeys = peer(
  {
    prometheus_metrics_port: port('Plain HTTP that serves `/metrics` for Prometheus; 0: off.'),
    prometheus_metrics_host: host,
    statsd: Type.Optional(
      peer(
        {
          host: text('host:port that metrics are sent to over UDP.', { default: '' }),
          prefix: text('Stands before each name as it is; end it with a dot.', { default: '' }),
          flush_period: count('Between two sendings; 0: the default.', {
            unit: 'milliseconds',
            maximum: 3_600_000,
            default: serverDefaults.statsd.flushPeriodMs,
          }),
          sample_rate: later('Old; accepted without effect.'),
        },
        'StatsD, with tags as InfluxDB takes them; used only if prometheus_metrics_port is 0.',
      ),
    ),
    profiler_port: port('Plain HTTP that serves profiles at `/debug/pprof/`; 0: off.'),
    profiler_host: host,
    profiling_path: text('File that `/live_profiler` writes, or a folder with a slash at its end.', { default: '' }),
  },
  'How others see how the server is doing.',
);
