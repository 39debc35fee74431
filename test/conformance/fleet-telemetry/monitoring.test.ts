import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createMonitoring, type MonitoringDeps } from '../../../src/actors/monitoring/index.js';
import { Metrics, silentLogger, systemClock } from '../../../src/runtime/index.js';
import { eventually, startIngestHub } from '../../fakes/ingest-hub.js';
import { freePort } from '../../fakes/mosquitto.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const textOf = async (url: string): Promise<readonly [number, string]> => {
  const response = await fetch(url);
  return [response.status, await response.text()];
};

describe('status_port', () => {
  it('spec 8.2 GET /status is ok, everything else 404', async (t) => {
    const port = await freePort();
    const hub = await startIngestHub(t, { status_port: port, fleetchart: { statusHost: '127.0.0.1' } });
    assert.deepEqual(await textOf(`http://127.0.0.1:${port}/status`), [200, 'ok']);
    assert.equal((await textOf(`http://127.0.0.1:${port}/`))[0], 404);
    assert.equal((await textOf(`http://127.0.0.1:${port}/status/more`))[0], 404);
    assert.equal((await textOf(`http://127.0.0.1:${port}/metrics`))[0], 404);
    await hub.logged('status_server_configured', { port });
    assert.equal(hub.hub.urls()['status'], `http://127.0.0.1:${port}/status`);
    await hub.stop();
    await assert.rejects(fetch(`http://127.0.0.1:${port}/status`));
  });

  it('spec 8.2 a load balancer is told of a stop before the listener is gone', async (t) => {
    let isStopping = false;
    const settings = { status: { host: '127.0.0.1', port: await freePort() } };
    const deps = { settings, metrics: new Metrics(), clock: systemClock, logger: silentLogger() };
    const monitoring = createMonitoring({ ...deps, isStopping: () => isStopping } satisfies MonitoringDeps);
    const [status] = monitoring.children;
    await status?.start(() => {});
    t.after(async () => {
      await status?.stop(0);
      await monitoring.close();
    });
    const url = monitoring.urls()['status'] ?? '';
    assert.deepEqual(await textOf(url), [200, 'ok']);
    isStopping = true;
    assert.deepEqual(await textOf(url), [503, 'stopping']);
  });

  it('a port that is taken keeps the server from starting, and the message names the key', async (t) => {
    const port = await freePort();
    await startIngestHub(t, { status_port: port, fleetchart: { statusHost: '127.0.0.1' } });
    const second = startIngestHub(t, { monitoring: { prometheus_metrics_port: port } });
    await assert.rejects(second, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'MONITORING_ADDRESS_IN_USE');
      assert.match(error.message, /set telemetry\.monitoring\.prometheus_metrics_port to another/);
      return true;
    });
  });
});

describe('monitoring', () => {
  it('spec 8.1 Prometheus has a port of its own, on loopback, without anything else', async (t) => {
    const port = await freePort();
    const hub = await startIngestHub(t, { monitoring: { prometheus_metrics_port: port } });
    const [status, text] = await textOf(`http://127.0.0.1:${port}/metrics`);
    assert.equal(status, 200);
    for (const name of [
      'uptime_sec',
      'num_connections',
      'memory_heap',
      'gc_total_pause',
      'process_cpu_seconds_total',
    ]) {
      assert.match(text, new RegExp(`^${name} [0-9]`, 'm'));
    }
    assert.equal((await textOf(`http://127.0.0.1:${port}/`))[0], 404);
    assert.equal(hub.hub.urls()['metrics'], `http://127.0.0.1:${port}/metrics`);
  });

  it('FT-MET-3 num_connections is that of the moment', async (t) => {
    const hub = await startIngestHub(t);
    assert.equal(await hub.metric('num_connections'), 0);
    const car = await hub.vehicle();
    assert.equal(await hub.metric('num_connections'), 1);
    await car.close();
    await eventually(async () => (await hub.metric('num_connections')) === 0, 'the end of the connection');
  });

  it('spec 8.1 StatsD gets counters by their growth and the tags of InfluxDB, the last ones at the stop', async (t) => {
    const socket = createSocket('udp4');
    const lines: string[] = [];
    socket.on('message', (datagram) => lines.push(...datagram.toString().split('\n')));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    t.after(() => socket.close());
    const host = `127.0.0.1:${socket.address().port}`;
    const hub = await startIngestHub(t, { monitoring: { statsd: { host, prefix: 'fleet_', flush_period: 20 } } });
    await hub.logged('new_statsd_client', { address: host, flush_period: 20 });
    const car = await hub.vehicle();
    for (let record = 0; record < 5; record++) await car.ask();
    await hub.stop();
    const total = (name: string): number =>
      lines.reduce(
        (sum, line) => sum + (line.startsWith(`${name}:`) ? Number.parseFloat(line.split(':')[1] ?? '') : 0),
        0,
      );
    await eventually(() => total('fleet_record_total,record_type=V') === 5, 'all records');
    await eventually(() => total('fleet_signal_count,record_type=V') === 5, 'all signals');
    assert.ok(lines.some((line) => /^fleet_signal_count,record_type=V:\+\d+\|g$/.test(line)));
    assert.ok(lines.some((line) => /^fleet_num_connections:\d+\|g$/.test(line)));
    const form = /^fleet_[a-z0-9_]+(,[a-z_]+=[^,=:|\s]+)*:(\d+(\.\d+)?(e[+-]\d+)?\|c|[+]?\d+(\.\d+)?(e[+-]\d+)?\|g)$/;
    assert.deepEqual(
      lines.filter((line) => !form.test(line)),
      [],
    );
  });

  it('spec 8.2 the profiler listens where it is told to, and /live_profiler writes its file', async (t) => {
    const port = await freePort();
    const file = join(temporaryFolder(t), 'live.cpuprofile');
    const hub = await startIngestHub(t, { monitoring: { profiler_port: port, profiling_path: file } });
    const url = `http://127.0.0.1:${port}`;
    await hub.logged('profiler_started', { port });
    assert.equal((await textOf(`${url}/debug/pprof/`))[0], 200);
    assert.equal((await textOf(`${url}/gc_stats`))[0], 200);
    assert.equal((await textOf(`${url}/live_profiler?mode=off`))[0], 304);
    assert.deepEqual(await textOf(`${url}/live_profiler?mode=on`), [200, '{"result":"mode on"}']);
    await (await hub.vehicle()).ask();
    // What is not switched off is written when the server stops.
    await hub.stop();
    assert.ok(Array.isArray((JSON.parse(readFileSync(file, 'utf8')) as { nodes: unknown }).nodes));
  });
});
