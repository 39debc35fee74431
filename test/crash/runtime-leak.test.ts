import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('runtime-leak-child.js', import.meta.url));
const ACTORS = 10_000;
/** Two thousand actors, the smallest number here, have some 10 MB; a heap differs by this for other reasons. */
const NOISE_KB = 1_500;

test(`RT-3 PAS-1 INS-1 ${ACTORS} actors leave heap, timers and counts where they were, whatever their lives were`, (t) => {
  const child = spawnSync(process.execPath, ['--expose-gc', CHILD, String(ACTORS)], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  assert.equal(child.status, 0, child.stderr);
  const lives = child.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; heapKb: number });
  assert.equal(lives.length, 7);
  for (const { name, heapKb, ...left } of lives) {
    t.diagnostic(`${name}: ${heapKb} kB of heap are left`);
    assert.ok(heapKb < NOISE_KB, `${name}: ${heapKb} kB of heap are left`);
    for (const [what, count] of Object.entries(left)) assert.equal(count, 0, `${name}: ${what}`);
  }
});
