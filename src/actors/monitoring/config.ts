import { type TProperties, Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';

/** An object of the reference's file: keys match in any case, unknown ones warn (spec 7.1). */
const peer = <P extends TProperties>(properties: P, description: string) =>
  Type.Object(properties, { additionalProperties: false, peer: 'fleet-telemetry', description });
const text = (description: string, byDefault = '') => Type.Optional(Type.String({ description, default: byDefault }));
const port = (description: string) =>
  Type.Optional(Type.Integer({ description, minimum: 0, maximum: 65_535, default: 0 }));
const LOOPBACK = '127.0.0.1';

/** The reference's section `monitoring`, key for key. */
export const MonitoringSchema = peer(
  {
    prometheus_metrics_port: port('Plain HTTP that serves `/metrics` for Prometheus; 0: off.'),
    prometheus_metrics_host: text('Its address.', LOOPBACK),
    statsd: Type.Optional(
      peer(
        {
          host: text('host:port that metrics are sent to over UDP.'),
          prefix: text('Stands before each name as it is; end it with a dot.'),
          flush_period: Type.Optional(
            Type.Integer({
              description: 'Between two sendings; 0: the default.',
              unit: 'milliseconds',
              minimum: 0,
              maximum: 3_600_000,
              default: serverDefaults.statsd.flushPeriodMs,
            }),
          ),
          sample_rate: Type.Optional(Type.Unknown({ description: 'Old; accepted without effect.' })),
        },
        'StatsD, with tags as InfluxDB takes them; used only if prometheus_metrics_port is 0.',
      ),
    ),
    profiler_port: port('Plain HTTP that serves profiles at `/debug/pprof/`; 0: off.'),
    profiler_host: text('Its address.', LOOPBACK),
    profiling_path: text('File that `/live_profiler` writes, or a folder with a slash at its end.'),
  },
  'How others see how the server is doing.',
);
