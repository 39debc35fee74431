import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ExposedMetric, readExposition } from '../fakes/exposition.js';
import { HttpReceiver } from '../fakes/http-receiver.js';
import { eventually, startIngestHub } from '../fakes/ingest-hub.js';
import { type MetricRow, metricsOf, REFERENCE_DISPATCHERS, SERVER_METRICS } from '../fakes/metric-names.js';
import { freePort, Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { RedisServer, withoutRedis } from '../fakes/redis-server.js';

const VIN = 'TRACKED';

async function scrape(port: number): Promise<Map<string, ExposedMetric>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  return readExposition(await response.text());
}

/** What is wrong with a metric as it is exposed, in words. */
function faults(metrics: ReadonlyMap<string, ExposedMetric>, [name, type, labels]: MetricRow): string[] {
  const found = metrics.get(name);
  if (!found) return [`${name} is not exposed`];
  const wrong = found.type === type ? [] : [`${name} is a ${found.type}`];
  if (found.series.length === 0) wrong.push(`${name} has no series`);
  for (const series of found.series) {
    const given = Object.keys(series.labels).sort().join();
    if (given !== [...labels].sort().join()) wrong.push(`${name} has the labels ${given}`);
  }
  return wrong;
}

/** A hub with all of its dispatchers for mqtt and redis, a receiver that is slow for one topic, and metrics of its own. */
async function startHub(t: TestContext) {
  const [broker, redis, receiver, port] = await Promise.all([
    Mosquitto.start(t),
    RedisServer.start(t),
    HttpReceiver.start(t),
    freePort(),
  ]);
  const hub = await startIngestHub(t, {
    records: {
      V: ['mqtt', 'redis', 'file', 'logger'],
      alerts: ['redis', 'file'],
      errors: ['http'],
      connectivity: ['file'],
      blob: ['mqtt'],
    },
    reliable_ack_sources: { V: 'mqtt', alerts: 'redis', errors: 'http' },
    mqtt: { broker: broker.address, topic_base: 'base', qos: 1 },
    redis: { addrs: [`127.0.0.1:${redis.port}`], publish_vin_topics: true, subscriber_set_prefix: 'set' },
    vins_signal_tracking_enabled: [VIN],
    monitoring: { prometheus_metrics_port: port },
    fleetchart: { rateLimitLabels: 'reference', http: { url: receiver.url, maxBatchDelayMs: 1 } },
  });
  return { hub, redis, receiver, port };
}

describe('the metrics of the reference', { skip: withoutMosquitto() || withoutRedis() }, () => {
  it('spec 8.1 FT-MET-2 FT-MET-3 all have its names, types and labels once each kind of record has come', async (t) => {
    const { hub, redis, receiver, port } = await startHub(t);
    const client = redis.client();
    const car = await hub.vehicle(VIN);
    const connected = await scrape(port);
    assert.equal(connected.get('num_connections')?.series[0]?.value, 1, 'at once');

    // V beyond the limit that only counts, each with one signal and acknowledged by mqtt.
    for (let record = 0; record < 101; record++) car.send();
    // Alerts that redis confirms, and one that it cannot publish: the set of subscribers is none.
    car.send({ topic: 'alerts', payload: new Uint8Array() });
    await car.until(() => car.acked.length >= 102, 'the acks');
    await client.set(`set__alerts_{${VIN}}`, 'no sorted set');
    car.send({ topic: 'alerts', txid: 'refused', payload: new Uint8Array() });
    // A record that has no form on MQTT.
    car.send({ topic: 'blob', payload: Buffer.from('anything') });
    // What is acknowledged and not dispatched, and what is answered with an error.
    await car.ask({ topic: 'made up' });
    await car.ask({ topic: 'made up', senderId: 'vehicle_device.OTHER' });
    car.sendBytes(new Uint8Array(4));
    car.sendBytes(Buffer.alloc(1_000_001));
    await car.roundTrip();

    // A confirmation whose connection is gone.
    receiver.answer = () => undefined;
    const other = await hub.vehicle('OTHER');
    other.send({ topic: 'errors', payload: new Uint8Array() });
    await eventually(() => receiver.requests.length === 1, 'the request');
    await other.vanish();
    await eventually(async () => (await hub.metric('num_connections')) === 1, 'the end of the connection');
    receiver.answer = () => ({ status: 204 });
    const [request] = receiver.requests;
    if (request) receiver.reply(request, { status: 204 });

    const dispatchers = REFERENCE_DISPATCHERS.filter((name) => name === 'mqtt' || name === 'redis');
    const table = [...SERVER_METRICS, ...dispatchers.flatMap(metricsOf)];
    let found = await scrape(port);
    await eventually(async () => {
      found = await scrape(port);
      return table.every((row) => faults(found, row).length === 0);
    }, 'the whole table').catch(() => {});
    assert.deepEqual(
      table.flatMap((row) => faults(found, row)),
      [],
    );

    const figure = (name: string, labels: Readonly<Record<string, string>>): number | undefined =>
      found
        .get(name)
        ?.series.find((series) => Object.entries(labels).every(([label, value]) => series.labels[label] === value))
        ?.value;
    assert.equal(figure('record_total', { record_type: 'V' }), 101);
    assert.equal(figure('signal_count', { record_type: 'V' }), 101);
    assert.equal(figure('vin_signal_count', { record_type: 'V', vin: VIN }), 101);
    assert.equal(figure('rate_limit_exceeded_total', { device_id: VIN, txtype: 'V' }), 1);
    assert.equal(figure('reliable_ack', { record_type: 'V', dispatcher: 'mqtt' }), 101);
    assert.equal(figure('mqtt_reliable_ack_total', { record_type: 'V' }), 101);
    assert.equal(figure('mqtt_err', { record_type: 'blob' }), 1);
    assert.equal(figure('redis_err', { record_type: 'alerts' }), 1);
    assert.equal(figure('reliable_ack_miss', { record_type: 'errors', dispatcher: 'http' }), 1);
    assert.equal(figure('record_total', { record_type: 'unmapped' }), 1, 'the one that was acknowledged');
    assert.deepEqual(
      [...found].flatMap(([name, { series }]) =>
        name !== 'vin_signal_count' && series.some(({ labels }) => Object.values(labels).includes('made up'))
          ? [name]
          : [],
      ),
      [],
      'no label that a vehicle made up',
    );
  });
});

describe('the names of the metrics', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));

  it('spec 8.1 every dispatcher that is there registers those of the reference, with their labels', () => {
    // The page is written from the registries of a hub with all of its dispatchers.
    const page = readFileSync(`${root}/docs/reference/metrics.md`, 'utf8');
    const rows = new Map(
      [...page.matchAll(/^\| `([a-z0-9_]+)` \| (\w+) \| (.*?) \|/gm)].map(([, name = '', type = '', labels = '']) => [
        name,
        `${type} ${labels.replaceAll(/[` ]/g, '')}`,
      ]),
    );
    const own = new Map([['rate_limit_exceeded_total', 'counter record_type']]);
    const missing = [...SERVER_METRICS, ...REFERENCE_DISPATCHERS.flatMap(metricsOf)].flatMap(([name, type, labels]) => {
      const expected = own.get(name) ?? `${type} ${labels.join()}`;
      return rows.get(name) === expected ? [] : [`${name}: ${rows.get(name)}, not ${expected}`];
    });
    assert.deepEqual(missing, []);
  });

  it('every metric and label of the dashboard is one of a hub, and every query is filtered by instance', () => {
    const page = readFileSync(`${root}/docs/reference/metrics.md`, 'utf8');
    const labelsOf = new Map(
      [...page.matchAll(/^\| `([a-z0-9_]+)` \| \w+ \| (.*?) \|/gm)].map(([, name = '', labels = '']) => [
        name,
        [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
      ]),
    );
    const dashboard = JSON.parse(readFileSync(`${root}/config/grafana/fleet-telemetry.json`, 'utf8')) as Dashboard;
    const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((each) => ({ title, ...each })));
    assert.ok(targets.length > 30);
    const wrong = targets.flatMap(({ title, expr, legendFormat }) => {
      const names = [...expr.matchAll(/([a-z_][a-z0-9_]*)\{instance=~"\$instance"\}/g)].map(([, name = '']) => name);
      if (names.length === 0) return [`${title}: ${expr} asks for nothing`];
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      return names.flatMap((name) => {
        const labels = labelsOf.get(name);
        if (!labels) return [`${title}: no hub has ${name}`];
        const strange = [...grouped, ...shown].filter((label) => label !== 'instance' && !labels.includes(label));
        return strange.map((label) => `${title}: ${name} has no label ${label}`);
      });
    });
    assert.deepEqual(wrong, []);
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });
});

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}
