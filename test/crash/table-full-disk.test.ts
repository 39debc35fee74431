import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../runtime/store/group-commit-harness.js';

const CHILD = fileURLToPath(new URL('table-full-disk-child.js', import.meta.url));
const MOUNT = 'mount -t tmpfs -o size=2m tmpfs "$1"';

test('DUR-9 DUR-16 on a full disk a table goes on in memory, and on disk once there is room', (t) => {
  const directory = temporaryDirectory(t);
  const permitted = spawnSync('unshare', ['-m', 'sh', '-c', MOUNT, 'sh', directory]);
  if (permitted.status !== 0) {
    t.skip(`NOT TESTED: a disk that fills up. It needs a mount namespace (unshare -m): ${permitted.stderr ?? ''}`);
    return;
  }
  const script = `${MOUNT} && exec "$2" "$3" "$1"`;
  const child = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', directory, process.execPath, CHILD], {
    timeout: 60_000,
  });
  assert.equal(child.status, 0, child.stderr.toString());
  assert.deepEqual(
    child.stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { degraded: true },
      { size: 1_001, read: 4_000, put: true },
      { degraded: false },
      { kept: ['before', 'meanwhile'], bytes: true },
    ],
  );
});
