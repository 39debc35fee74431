import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportOnSmallDisk } from './small-disk.js';

test('DUR-9 on a full disk durable sources are refused, committed actors go on, nothing acknowledged is lost, and it ends by itself', (t) => {
  const lines = reportOnSmallDisk(t, 'runtime-full-disk-child.js', 4);
  if (!lines) return;
  assert.deepEqual(lines, [
    { told: [true, true] },
    { full: 'ENOSPC' },
    { told: true },
    { log: 'storage_degraded' },
    { degraded: true },
    { acknowledged: [101, 1], notes: ['committed 101', 'durable 1'] },
    { refused: [false, false, false] },
    { stored: 'STORAGE_WRITE_FAILED' },
    { asked: 'ACTOR_BUSY' },
    { told: true },
    { committed: [101, 102], notes: ['committed 101', 'durable 1', 'committed 102'] },
    { stillDegraded: true },
    { log: 'storage_recovered' },
    { degraded: false },
    { acknowledged: [101, 1, 102, 2], notes: ['committed 101', 'durable 1', 'committed 102', 'durable 2'] },
    { told: true },
    { durable: [1, 2, 5], committed: [101, 102] },
    { full: 'ENOSPC' },
    { log: 'storage_degraded' },
    { degraded: true },
    { stopped: true, acknowledged: [] },
    { durable: [1, 2, 5] },
  ]);
});
