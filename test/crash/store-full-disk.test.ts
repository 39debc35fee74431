import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportOnSmallDisk } from './small-disk.js';

test('DUR-9 on a full disk the store keeps its rows, tries again and leaves the state by itself', (t) => {
  const lines = reportOnSmallDisk(t, 'store-full-disk-child.js', 2);
  if (!lines) return;
  const full = 'the store cannot be written: the disk of … has … bytes too little left';
  const told = lines.map((line) => {
    const { degraded } = line as { readonly degraded?: unknown };
    return typeof degraded === 'string'
      ? { degraded: degraded.replace(/of \S+ has \d+ bytes/, 'of … has … bytes') }
      : line;
  });
  assert.deepEqual(told, [
    { append: { stored: true, seq: 1 } },
    { released: 'before' },
    { degraded: full },
    { append: { stored: false, reason: 'degraded' } },
    { readable: ['2', 4_000] },
    { rows: 1_000 },
    { read: ['first'] },
    { degraded: null },
    { released: 'big' },
    { released: 'meanwhile' },
    { released: 'smaller' },
    { append: { stored: true, seq: 2 } },
    { pending: false, timers: 0 },
    { kept: ['2', '1'] },
    { left: 0 },
    { degraded: full },
    { closed: false },
  ]);
});
