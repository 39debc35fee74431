import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CLOSE_MS, DRAIN_MS, drainTime } from '../src/stop-time.js';

it('the spool has 10 s to leave, or what a shorter stop leaves beside the closing', () => {
  assert.equal(DRAIN_MS, 10_000);
  assert.equal(drainTime(DRAIN_MS + CLOSE_MS), DRAIN_MS);
  assert.equal(drainTime(60_000), DRAIN_MS);
  assert.equal(drainTime(5_000), 3_000);
  assert.equal(drainTime(1_000), 500);
  assert.equal(drainTime(0), 0);
});
