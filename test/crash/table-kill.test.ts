import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/runtime/clock.js';
import { GroupCommit } from '../../src/runtime/store/group-commit.js';
import { temporaryDirectory } from '../runtime/store/group-commit-harness.js';
import { tablesOf } from '../runtime/table/table-harness.js';
import { TURNS, turnOf } from './table-kill-setup.js';

const CHILD = fileURLToPath(new URL('table-kill-child.js', import.meta.url));
const KILLS = 10;

/** Runs a child until so many turns are on disk and kills it; returns the last one that it said was. */
async function killAfter(directory: string, first: number, turns: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, directory, `${first}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let flushed = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    flushed = Number(line);
    if (flushed === first + turns) child.kill('SIGKILL');
  }
  return flushed;
}

test(`DUR-16 killed ${KILLS} times, a table keeps whole turns, their indexes and all that was flushed`, async (t) => {
  const directory = temporaryDirectory(t);
  let first = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const flushed = await killAfter(directory, first, 20 + ((kill * 37) % 100));
    const commit = new GroupCommit({ directory, clock: systemClock });
    const found = turnOf(tablesOf(commit, systemClock).open(TURNS));
    assert.ok(flushed >= first && found >= flushed, `turn ${found}, promised ${flushed}`);
    first = found + 1;
    await commit.close();
  }
});
