import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runStateOf } from '../../../../src/actors/engines/process/run-state.js';
import { temporaryFolder } from '../../../fakes/runtime.js';

const BOOT = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
/** Of no process: there is none of this number, nor was there at this time. */
const NOBODY = '4194305 1';

/** Of a container whose process and wrapper ended without a word. */
function abandoned(root: string, name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'run'), `${BOOT} ${NOBODY} ${NOBODY}\n`);
  return folder;
}

test('ENG-6 the end of a process that nobody saw is written down when it is looked at', async (t) => {
  const folder = abandoned(temporaryFolder(t), 'c1');
  const first = await runStateOf(folder);
  assert.equal(first.status, 'exited');
  assert.deepEqual(await runStateOf(folder), first);
});

test('ENG-6 a container that is removed while it is looked at leaves nothing', async (t) => {
  const root = temporaryFolder(t);
  for (let turns = 0; turns < 60; turns++) {
    const folder = abandoned(root, `c${turns}`);
    const looking = runStateOf(folder);
    // At every point of the look, whichever that is.
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    rmSync(folder, { recursive: true, maxRetries: 10 });
    const { status } = await looking;
    assert.match(status, /^(?:created|exited)$/);
    assert.ok(!existsSync(folder), `removed after ${turns} turns`);
  }
});
