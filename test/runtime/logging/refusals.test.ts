import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../src/runtime/clock.js';
import { createLogger } from '../../../src/runtime/logging/log.js';
import { Refusals } from '../../../src/runtime/logging/refusals.js';
import { Metrics } from '../../../src/runtime/metrics.js';

function setUp(limits: { capacity?: number; linesPerMinute?: number } = {}) {
  const lines: Array<Record<string, unknown>> = [];
  const logger = createLogger({ destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const clock = new ManualClock();
  const metrics = new Metrics();
  const refusals = new Refusals({ boundary: 'edge', metrics, logger, clock, ...limits });
  return { refusals, clock, metrics, lines };
}

test('REF-1 every refusal is counted under its reason', async () => {
  const { refusals, metrics } = setUp();
  for (let n = 0; n < 5; n++) refusals.refuse('10.0.0.1', 'too_large');
  refusals.refuse('10.0.0.2', 'garbage');
  const text = await metrics.text();
  assert.match(text, /^edge_rejected_total\{reason="too_large"\} 5$/m);
  assert.match(text, /^edge_rejected_total\{reason="garbage"\} 1$/m);
});

test('REF-2 a peer and reason is logged once a minute, with what was left out', async () => {
  const { refusals, clock, lines } = setUp();
  for (let n = 0; n < 4; n++) refusals.refuse('10.0.0.1', 'garbage', { bytes: n });
  refusals.refuse('10.0.0.1', 'too_large');
  refusals.refuse('10.0.0.2', 'garbage');
  assert.equal(lines.length, 3);
  assert.deepEqual([lines[0]?.['peer'], lines[0]?.['reason'], lines[0]?.['bytes']], ['10.0.0.1', 'garbage', 0]);
  await clock.advance(59_999);
  refusals.refuse('10.0.0.1', 'garbage');
  assert.equal(lines.length, 3);
  await clock.advance(1);
  refusals.refuse('10.0.0.1', 'garbage');
  assert.equal(lines[3]?.['repeated'], 4);
  assert.equal(lines[3]?.['msg'], 'input refused');
});

test('REF-3 a peer with many names fills neither memory nor log nor metrics', async () => {
  const { refusals, clock, metrics, lines } = setUp({ capacity: 10, linesPerMinute: 20 });
  for (let n = 0; n < 1_000; n++) refusals.refuse(`peer-${n}-${'x'.repeat(10_000)}`, `reason_${n}`);
  assert.equal(lines.length, 21);
  assert.equal(lines[20]?.['msg'], 'too many refusals, not logged until the next minute');
  assert.ok(JSON.stringify(lines).length < 10_000);
  const series = (await metrics.text()).match(/^edge_rejected_total\{/gm);
  assert.equal(series?.length, 65);
  await clock.advance(60_000);
  refusals.refuse('one', 'late');
  assert.equal(lines.length, 22);
});

test('REF-3 the pair whose line is the oldest is forgotten first', () => {
  const { refusals, lines } = setUp({ capacity: 2 });
  for (const peer of ['a', 'b', 'c']) refusals.refuse(peer, 'r');
  refusals.refuse('c', 'r');
  refusals.refuse('b', 'r');
  assert.equal(lines.length, 3);
  refusals.refuse('a', 'r');
  assert.equal(lines.length, 4);
});
