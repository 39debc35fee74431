import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fakes/runtime.js';

const CHILD = fileURLToPath(new URL('runtime-full-disk-child.js', import.meta.url));
const MOUNT = 'mount -t tmpfs -o size=4m tmpfs "$1"';

test('DUR-9 on a full disk durable sources are refused, committed actors go on, nothing acknowledged is lost, and it ends by itself', (t) => {
  const directory = temporaryFolder(t);
  const permitted = spawnSync('unshare', ['-m', 'sh', '-c', MOUNT, 'sh', directory]);
  if (permitted.status !== 0) {
    t.skip(`NOT TESTED: a disk that fills up. It needs a mount namespace (unshare -m): ${permitted.stderr ?? ''}`);
    return;
  }
  const script = `${MOUNT} && exec "$2" "$3" "$1"`;
  const child = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', directory, process.execPath, CHILD], {
    timeout: 120_000,
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stderr);
  assert.deepEqual(
    child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
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
    ],
  );
});
