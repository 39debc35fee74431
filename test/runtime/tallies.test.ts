import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../src/runtime/metrics.js';

test('MBX-6 a series is bound once, counts by itself and shows from its first use', async () => {
  const metrics = new Metrics();
  const tallies = metrics.tallies({ name: 'a_total', help: 'A.', labels: ['x', 'y'] });
  const tally = tallies.with({ x: '1', y: '2' });
  assert.equal(tallies.with({ y: '2', x: '1' }), tally);
  assert.doesNotMatch(await metrics.text(), /^a_total\{/m);
  tally.inc();
  tally.add(4);
  tallies.with({ x: '1', y: '' }).inc();
  for (let collected = 0; collected < 2; collected++) {
    const text = await metrics.text();
    assert.match(text, /^# TYPE a_total counter$/m);
    assert.match(text, /^a_total\{x="1",y="2"\} 5$/m);
    assert.match(text, /^a_total\{x="1",y=""\} 1$/m);
  }
});

test('MBX-6 a gauge that only grows, and a series without labels', async () => {
  const metrics = new Metrics();
  metrics
    .tallies({ name: 'signals', help: 'S.', labels: ['x'], type: 'gauge' })
    .with({ x: '1' })
    .add(3);
  metrics.tallies({ name: 'b_total', help: 'B.' }).with({}).inc();
  const text = await metrics.text();
  assert.match(text, /^# TYPE signals gauge$/m);
  assert.match(text, /^signals\{x="1"\} 3$/m);
  assert.match(text, /^b_total 1$/m);
});

test('MBX-6 asking again gives the same, asking for what is counted otherwise an error', () => {
  const metrics = new Metrics();
  const options = { name: 'a_total', help: 'A.', labels: ['x'] } as const;
  assert.equal(metrics.tallies(options), metrics.tallies(options));
  assert.throws(() => metrics.counter(options), { code: 'METRIC_CONFLICT' });
  assert.throws(() => metrics.tallies({ ...options, type: 'gauge' }), { code: 'METRIC_CONFLICT' });
});

test('MBX-6 samples are the series of one type, the process’s own left out', async () => {
  const metrics = new Metrics();
  metrics.collectProcess();
  metrics
    .tallies({ name: 'a_total', help: 'A.', labels: ['x'] })
    .with({ x: '1' })
    .add(2);
  metrics.counter({ name: 'b_total', help: 'B.' }).inc();
  metrics.gauge({ name: 'depth', help: 'D.', collect: (gauge) => gauge.set(7) });
  metrics.tallies({ name: 'grown', help: 'G.', type: 'gauge' }).with({}).inc();
  metrics.histogram({ name: 'h_seconds', help: 'H.', buckets: [1] }).observe(1);
  assert.deepEqual(await metrics.samples('counter'), [
    { name: 'a_total', type: 'counter', onlyGrows: true, labels: { x: '1' }, value: 2 },
    { name: 'b_total', type: 'counter', onlyGrows: false, labels: {}, value: 1 },
  ]);
  assert.deepEqual(
    (await metrics.samples('gauge')).map(({ name, onlyGrows, value }) => [name, onlyGrows, value]),
    [
      ['depth', false, 7],
      ['grown', true, 1],
    ],
  );
});
