import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fakes/runtime.js';

const CHILD = fileURLToPath(new URL('runtime-restart-child.js', import.meta.url));
const ACTORS = 100_000;

test(`PAS-4 TIM-3 a store of ${ACTORS} sleeping actors starts at once, and all of their timers wake them in bounded memory`, (t) => {
  const directory = temporaryFolder(t);
  const phase = (name: string): Record<string, unknown> => {
    const child = spawnSync(process.execPath, [CHILD, directory, String(ACTORS), name], {
      encoding: 'utf8',
      timeout: 180_000,
    });
    assert.equal(child.status, 0, child.stderr);
    t.diagnostic(child.stdout.trim());
    return JSON.parse(child.stdout) as Record<string, unknown>;
  };
  phase('fill');

  const lazy = phase('lazy');
  assert.equal(lazy['live'], 0, 'nobody is restored at the start');
  assert.deepEqual(lazy['served'], { fired: 0, got: 1 });

  const wake = phase('wake');
  assert.equal(wake['firedOnce'], ACTORS);
  assert.equal(wake['firedOtherwise'], 0);
  assert.equal(wake['liveAtEnd'], 0, 'those that were woken for a timer sleep again');
  assert.ok(Number(wake['mostLive']) < ACTORS / 5, `${wake['mostLive']} were in memory at once`);
  assert.ok(Number(wake['rssMb']) < 1_000, `${wake['rssMb']} MB`);
});
