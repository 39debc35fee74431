import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../runtime/store/group-commit-harness.js';

const CHILD = fileURLToPath(new URL('store-full-disk-child.js', import.meta.url));
const MOUNT = 'mount -t tmpfs -o size=2m tmpfs "$1"';

test('DUR-9 on a full disk the store keeps its rows, tries again and leaves the state by itself', (t) => {
  const directory = temporaryDirectory(t);
  const permitted = spawnSync('unshare', ['-m', 'sh', '-c', MOUNT, 'sh', directory]);
  if (permitted.status !== 0) {
    t.skip(`NOT TESTED: a disk that fills up. It needs a mount namespace (unshare -m): ${permitted.stderr ?? ''}`);
    return;
  }
  const script = `${MOUNT} && exec "$2" "$3" "$1"`;
  const child = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', directory, process.execPath, CHILD], {
    timeout: 120_000,
  });
  assert.equal(child.status, 0, child.stderr.toString());
  const lines = child.stdout.toString().trim().split('\n');
  const full = 'the store cannot be written: Commit failed (see commitError for details)';
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
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
    ],
  );
});
