import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statsdAddress } from '../../../src/protocols/fleet-telemetry/monitoring-settings.js';
import { resolveServerConfig } from '../../../src/protocols/fleet-telemetry/server-config.js';
import type { ServerConfig } from '../../../src/protocols/fleet-telemetry/server-settings.js';

const base: ServerConfig = {
  tls: { server_cert: 'a', server_key: 'b', ca_file: 'c' },
  records: { V: ['logger'] },
};

function settingsOf(config: ServerConfig) {
  const result = resolveServerConfig({ ...base, ...config });
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

const warningsOf = (config: ServerConfig): string[] =>
  resolveServerConfig({ ...base, ...config }).warnings.map(({ code, pointer }) => `${code} ${pointer}`);

function mistakesOf(config: ServerConfig) {
  const result = resolveServerConfig({ ...base, ...config });
  return result.ok ? [] : result.mistakes;
}

describe('monitoring', () => {
  it('spec 7.2 is off where nothing is said, and where ports are 0', () => {
    for (const config of [
      {},
      { monitoring: {} },
      { status_port: 0, monitoring: { prometheus_metrics_port: 0, profiler_port: 0 } },
    ]) {
      assert.deepEqual(settingsOf(config).monitoring, {});
      assert.deepEqual(warningsOf(config), []);
    }
  });

  it('spec 7.2 /status is on all interfaces, metrics and profiler on loopback, unless a host is named', () => {
    const ports = { prometheus_metrics_port: 9090, profiler_port: 4269 };
    assert.deepEqual(settingsOf({ status_port: 8080, monitoring: ports }).monitoring, {
      status: { host: '', port: 8080 },
      prometheus: { host: '127.0.0.1', port: 9090 },
      profiler: { host: '127.0.0.1', port: 4269, path: undefined },
    });
    const named = {
      status_port: 8080,
      fleetchart: { statusHost: '10.0.0.1' },
      monitoring: { ...ports, prometheus_metrics_host: '0.0.0.0', profiler_host: '::1', profiling_path: '/tmp/p' },
    };
    assert.deepEqual(settingsOf(named).monitoring, {
      status: { host: '10.0.0.1', port: 8080 },
      prometheus: { host: '0.0.0.0', port: 9090 },
      profiler: { host: '::1', port: 4269, path: '/tmp/p' },
    });
    assert.deepEqual(warningsOf(named), []);
  });

  it('spec 7.2 statsd is used only without Prometheus; its defaults', () => {
    const statsd = { host: 'stats.example:9125', prefix: 'fleet.' };
    assert.deepEqual(settingsOf({ monitoring: { statsd } }).monitoring.statsd, {
      host: 'stats.example',
      port: 9125,
      prefix: 'fleet.',
      flushPeriodMs: 100,
    });
    const both = { monitoring: { prometheus_metrics_port: 9090, statsd: { ...statsd, flush_period: 5 } } };
    assert.equal(settingsOf(both).monitoring.statsd, undefined);
    assert.deepEqual(warningsOf(both), ['CONFIG_IGNORED /monitoring/statsd']);
    assert.equal(
      settingsOf({ monitoring: { statsd: { ...statsd, flush_period: 5 } } }).monitoring.statsd?.flushPeriodMs,
      5,
    );
  });

  it('spec 7.2 a statsd host may lack its port, and one that is none is refused', () => {
    assert.deepEqual(
      ['a:1', 'a', ':5', '[::1]:7', '[::1]', '', 'a:0', 'a:99999', '::1:7', 'http://a:1', 'a b:1'].map((text) =>
        statsdAddress(text, 8125),
      ),
      [
        { host: 'a', port: 1 },
        { host: 'a', port: 8125 },
        { host: '127.0.0.1', port: 5 },
        { host: '::1', port: 7 },
        { host: '::1', port: 8125 },
        ...Array.from({ length: 6 }, () => undefined),
      ],
    );
    assert.deepEqual(
      mistakesOf({ monitoring: { statsd: { host: 'a:b' } } }).map(({ pointer }) => pointer),
      ['/monitoring/statsd/host'],
    );
    assert.deepEqual(warningsOf({ monitoring: { statsd: {} } }), ['CONFIG_MISSING /monitoring/statsd/host']);
  });

  it('spec 7.2 says what has no effect, and where others reach the profiler', () => {
    assert.deepEqual(warningsOf({ monitoring: { profiling_path: '/tmp/p' } }), [
      'CONFIG_IGNORED /monitoring/profiling_path',
    ]);
    assert.deepEqual(warningsOf({ monitoring: { profiler_port: 1, profiler_host: '0.0.0.0' } }), [
      'CONFIG_VALUE /monitoring/profiler_host',
    ]);
    assert.deepEqual(warningsOf({ fleetchart: { rateLimitCloseAfter: 5 } }), [
      'CONFIG_IGNORED /fleetchart/rateLimitCloseAfter',
    ]);
  });

  it('spec 7.2 two listeners on one port are refused, unless their addresses differ', () => {
    const monitoring = { prometheus_metrics_port: 9090, profiler_port: 9090 };
    assert.deepEqual(
      mistakesOf({ monitoring }).map(({ pointer }) => pointer),
      ['/monitoring/profiler_port'],
    );
    assert.deepEqual(
      mistakesOf({ status_port: 9090, monitoring }).map(({ pointer }) => pointer),
      ['/monitoring/prometheus_metrics_port', '/monitoring/profiler_port'],
    );
    assert.deepEqual(mistakesOf({ monitoring: { ...monitoring, profiler_host: '::1' } }), []);
  });
});

describe('vins_signal_tracking_enabled', () => {
  const vins = (count: number): string[] => Array.from({ length: count }, (_, number) => `VIN${number}`);

  it('spec 7.2 20 are allowed, 21 are not, in the reference’s words; each counts once', () => {
    assert.equal(settingsOf({ vins_signal_tracking_enabled: [...vins(20), 'VIN0'] }).trackedVins.size, 20);
    assert.deepEqual(
      mistakesOf({ vins_signal_tracking_enabled: vins(21) }).map(({ message }) => message),
      ['set the value of `vins_signal_tracking_enabled` less than 20 unique vins'],
    );
    assert.equal(settingsOf({}).trackedVins.size, 0);
  });
});
