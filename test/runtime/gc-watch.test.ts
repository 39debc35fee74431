import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../src/runtime/clock.js';
import { GcWatch } from '../../src/runtime/gc-watch.js';

test('rates are those of the last minute, or of the time since the start', async () => {
  const clock = new ManualClock(1_000_000);
  const gc = new GcWatch(clock);
  assert.deepEqual(gc.perSecond(), { count: 0, pauseMs: 0 });
  await clock.advance(2_000);
  for (const ms of [1, 2, 3]) gc.paused(ms);
  assert.deepEqual(gc.perSecond(), { count: 1.5, pauseMs: 3 });
  await clock.advance(58_000);
  gc.paused(6);
  assert.deepEqual(gc.perSecond(), { count: 4 / 60, pauseMs: 0.2 });
  await clock.advance(2_000);
  assert.deepEqual(gc.perSecond(), { count: 1 / 60, pauseMs: 0.1 });
  await clock.advance(600_000);
  assert.deepEqual(gc.perSecond(), { count: 0, pauseMs: 0 });
  assert.deepEqual([gc.count, gc.totalPauseMs], [4, 12]);
});

test('the latest pauses are kept, and no more than that', () => {
  const gc = new GcWatch(new ManualClock(5));
  for (let ms = 1; ms <= 300; ms++) gc.paused(ms);
  assert.equal(gc.pauses.length, 256);
  assert.deepEqual(gc.pauses.at(-1), { at: 5, ms: 300 });
});
