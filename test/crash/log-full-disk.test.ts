import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportOnSmallDisk } from './small-disk.js';

test('DUR-9 on a disk that stays full logs drop what they may, lowest priority and oldest first, and the store goes on', (t) => {
  const lines = reportOnSmallDisk(t, 'log-full-disk-child.js', 7);
  if (!lines) return;
  const trimmed = { said: 'log_trimmed', log: 'spool' };
  assert.deepEqual(lines, [
    { items: { promised: 100, newest: 1_900, first: 100 } },
    { full: 'ENOSPC' },
    { said: 'storage_degraded' },
    { ...trimmed, reader: 'first', heldBytes: 106_400, keptBytes: 0 },
    { ...trimmed, reader: 'newest', heldBytes: 2_340_800, keptBytes: 1_000_000 },
    { rowsOfEnded: [] },
    { said: 'storage_recovered' },
    { dropped: { promised: false, newest: true, first: true } },
    { isStored: true, promised: 100, first: 0 },
    { keeps: true, isWhole: true },
  ]);
});
