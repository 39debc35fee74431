import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admit, createRateLimit, SHADOW_RATE_LIMIT } from '../../../src/protocols/fleet-telemetry/index.js';
import { Random } from '../../protocols/fleet-telemetry/random.js';

test('FT-RL-1 of five messages within the interval, a limit of two admits the first two', () => {
  const state = createRateLimit({ limit: 2, intervalMs: 30_000 });
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((nowMs) => admit(state, nowMs)),
    [true, true, false, false, false],
  );
});

test('FT-RL-1 the interval slides: a message is admitted once the oldest of the last N is a whole interval ago', () => {
  const state = createRateLimit({ limit: 2, intervalMs: 1000 });
  const decisions = [0, 400, 999, 1000, 1001, 1399, 1400, 2000].map((nowMs) => [nowMs, admit(state, nowMs)]);
  assert.deepEqual(decisions, [
    [0, true],
    [400, true],
    [999, false],
    [1000, true],
    [1001, false],
    [1399, false],
    [1400, true],
    [2000, true],
  ]);
});

test('FT-RL-1 the ring decides like a plain list of the admitted times', () => {
  const random = new Random(45);
  for (const limit of [1, 2, 3, 10]) {
    const state = createRateLimit({ limit, intervalMs: 100 });
    const admitted: number[] = [];
    let nowMs = 1_700_000_000_000;
    for (let i = 0; i < 2000; i++) {
      nowMs += random.below(60);
      const oldest = admitted.at(-limit);
      const expected = oldest === undefined || nowMs - oldest >= 100;
      if (expected) admitted.push(nowMs);
      assert.equal(admit(state, nowMs), expected);
    }
  }
});

test('FT-RL-2 an interval of 0 admits everything, like the reference', () => {
  const state = createRateLimit({ limit: 2, intervalMs: 0 });
  assert.deepEqual(
    [0, 0, 0, 0, 0].map((nowMs) => admit(state, nowMs)),
    [true, true, true, true, true],
  );
});

test('FT-RL-3 a limit below one cannot be made', () => {
  for (const limit of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => createRateLimit({ limit, intervalMs: 1000 }), RangeError);
  }
});

test('FT-RL-4 the shadow limit is 100 in 60 seconds', () => {
  const state = createRateLimit(SHADOW_RATE_LIMIT);
  for (let i = 0; i < 100; i++) assert.equal(admit(state, i), true);
  assert.equal(admit(state, 59_999), false);
  assert.equal(admit(state, 60_000), true);
});

test('FT-RL-6 a clock that is set back shuts nobody out for longer than an interval', () => {
  const state = createRateLimit({ limit: 2, intervalMs: 1000 });
  for (const nowMs of [10_000_000, 10_000_100]) admit(state, nowMs);
  assert.equal(admit(state, 5_000_000), true);
  assert.equal(admit(state, 5_000_001), true);
  assert.equal(admit(state, 5_000_002), false);
  assert.equal(admit(state, 5_001_000), true);
});
