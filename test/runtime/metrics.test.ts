import assert from 'node:assert/strict';
import { test } from 'node:test';
import { register } from 'prom-client';
import { Metrics } from '../../src/runtime/metrics.js';

test('MBX-6 counters, gauges and histograms show in Prometheus’ text format', async () => {
  const metrics = new Metrics();
  metrics.counter({ name: 'turns_total', help: 'Turns.', labels: ['type'] }).inc({ type: 'vehicle' }, 2);
  let depth = 3;
  metrics.gauge({ name: 'mailbox_depth', help: 'Depth.', collect: (gauge) => gauge.set(depth) });
  metrics.histogram({ name: 'turn_seconds', help: 'Time.', buckets: [0.1, 1] }).observe(0.5);
  depth = 4;
  const text = await metrics.text();
  assert.match(text, /^# HELP turns_total Turns\.$/m);
  assert.match(text, /^turns_total\{type="vehicle"\} 2$/m);
  assert.match(text, /^mailbox_depth 4$/m);
  assert.match(text, /^turn_seconds_bucket\{le="0\.1"\} 0$/m);
  assert.match(text, /^turn_seconds_bucket\{le="1"\} 1$/m);
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
});

test('MBX-6 asking again gives the same metric, asking otherwise an error', () => {
  const metrics = new Metrics();
  const options = { name: 'a_total', help: 'A.', labels: ['x'] } as const;
  assert.equal(metrics.counter(options), metrics.counter(options));
  assert.throws(() => metrics.counter({ ...options, help: 'B.' }), { code: 'METRIC_CONFLICT' });
  assert.throws(() => metrics.gauge(options), { code: 'METRIC_CONFLICT' });
  assert.throws(() => metrics.counter({ name: 'Bad-Name', help: '' }), { code: 'METRIC_NAME' });
});

test('MBX-6 two registries do not meet, and the global one stays empty', async () => {
  const [one, two] = [new Metrics(), new Metrics()];
  one.counter({ name: 'a_total', help: 'A.' }).inc();
  two.counter({ name: 'a_total', help: 'A.' });
  assert.match(await two.text(), /^a_total 0$/m);
  assert.equal(register.getMetricsAsArray().length, 0);
});

test('MBX-6 the process’s own metrics come on request; descriptions list ours by name', async () => {
  const metrics = new Metrics();
  metrics.counter({ name: 'b_total', help: 'B.' });
  metrics.gauge({ name: 'a', help: 'A.', labels: ['l'] });
  metrics.collectProcess();
  assert.match(await metrics.text(), /^process_resident_memory_bytes \d+/m);
  assert.deepEqual(metrics.describe(), [
    { name: 'a', type: 'gauge', help: 'A.', labels: ['l'] },
    { name: 'b_total', type: 'counter', help: 'B.', labels: [] },
  ]);
});

test('MBX-6 what is counted elsewhere is a counter, told as it stands however often it is collected', async () => {
  const metrics = new Metrics();
  let count = 3;
  metrics.counter({ name: 'a_total', help: 'A.', labels: ['x'], collect: (tell) => tell({ x: '1' }, count) });
  for (count of [3, 3, 5]) {
    const text = await metrics.text();
    assert.match(text, /^# TYPE a_total counter$/m);
    assert.match(text, new RegExp(`^a_total\\{x="1"\\} ${count}$`, 'm'));
  }
});
