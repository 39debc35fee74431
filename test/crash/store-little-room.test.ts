import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportOnSmallDisk } from './small-disk.js';

test('DUR-9 a disk that others fill keeps a store from nothing that it has room for, and from no more for ever', (t) => {
  const lines = reportOnSmallDisk(t, 'store-little-room-child.js', 32);
  if (!lines) return;
  assert.deepEqual(lines, [
    { full: 'ENOSPC' },
    { kept: 'what the free pages of the file hold' },
    { degraded: true },
    { degraded: false },
    { kept: 'many rows, once others have made room' },
    { full: 'ENOSPC' },
    { degraded: true },
    { degraded: false },
    { kept: 'what a log has made room for' },
    { closed: true },
  ]);
});
