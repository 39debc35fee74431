import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fakes/runtime.js';

/**
 * Runs a child of this folder on a disk of its own of `megabytes`, and gives back what it reported. Nothing, and the
 * test is skipped, where no disk can be mounted.
 */
export function reportOnSmallDisk(t: TestContext, child: string, megabytes: number): unknown[] | undefined {
  const directory = temporaryFolder(t);
  const mount = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1"`;
  const permitted = spawnSync('unshare', ['-m', 'sh', '-c', mount, 'sh', directory], { encoding: 'utf8' });
  if (permitted.status !== 0) {
    t.skip(`NOT TESTED: a disk that fills up. It needs a mount namespace (unshare -m): ${permitted.stderr ?? ''}`);
    return undefined;
  }
  const file = fileURLToPath(new URL(child, import.meta.url));
  const script = `${mount} && exec "$2" "$3" "$1"`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', script, 'sh', directory, process.execPath, file],
    { timeout: 120_000, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
