import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delayMs, RESTART_BACKOFF } from '../../src/runtime/backoff.js';

test('SUP-5 waits nothing, then 200 ms doubled up to 30 s', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((attempt) => delayMs(attempt, RESTART_BACKOFF, 0.5));
  assert.deepEqual(waits, [0, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  assert.deepEqual(
    waits,
    waits.map((_, attempt) => delayMs(attempt, {}, 0.5)),
  );
});

test('SUP-5 jitter is a fifth either way, past the cap too', () => {
  assert.equal(delayMs(1, {}, 0), 160);
  assert.equal(delayMs(1, {}, 0.999_999), 240);
  assert.equal(delayMs(1_000, {}, 0), 24_000);
  assert.equal(delayMs(1_000, {}, 0.999_999_999), 36_000);
});

test('SUP-5 the wait is a whole number within its bounds for any attempt and draw', () => {
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(), draw, fc.boolean(), (attempt, u, immediate) => {
      const wait = delayMs(attempt, { immediate, firstMs: 50, factor: 3, capMs: 1_000, jitter: 0.5 }, u);
      assert.ok(Number.isInteger(wait));
      assert.ok(wait <= 1_500);
      assert.ok(attempt === 0 && immediate ? wait === 0 : wait >= 25);
    }),
    { seed: 5 },
  );
});
