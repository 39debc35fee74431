import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from '../../../src/actors/simulation/histogram.js';
import { seededIds } from '../../../src/runtime/index.js';

test('percentiles are those of the values, to 3 %, over eight orders of magnitude', () => {
  const { uniform } = seededIds('histogram');
  const values = Array.from({ length: 20_000 }, () => 10 ** (8 * uniform() - 3));
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  values.sort((a, b) => a - b);
  for (const share of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(share * values.length) - 1] as number;
    const found = histogram.percentile(share);
    assert.ok(found >= exact * 0.999 - 0.001 && found <= exact * 1.033 + 0.001, `${share}: ${found} for ${exact}`);
  }
  assert.equal(histogram.summary().max, values.at(-1));
  assert.equal(histogram.summary().count, values.length);
});

test('an empty histogram, odd values and a reset', () => {
  const histogram = new LatencyHistogram();
  const empty = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
  assert.deepEqual(histogram.summary(), empty);
  histogram.record(-1);
  histogram.record(0);
  histogram.record(1e12);
  assert.equal(histogram.count, 3);
  assert.equal(histogram.percentile(0.5), 0);
  assert.ok(histogram.percentile(1) > 2_000_000);
  histogram.reset();
  assert.deepEqual(histogram.summary(), empty);
});

test('one value is every percentile', () => {
  const histogram = new LatencyHistogram();
  histogram.record(12.345);
  const { p50, p999, mean, max } = histogram.summary();
  assert.deepEqual([p50, p999, mean, max], [12.345, 12.345, 12.345, 12.345]);
});
