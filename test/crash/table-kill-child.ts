// Writes rows to a table, some a turn, until it is killed. Prints the number of each turn that is on disk.
import { writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../src/runtime/clock.js';
import { GroupCommit } from '../../src/runtime/store/group-commit.js';
import { tablesOf } from '../runtime/table/table-harness.js';
import { TURNS, writeTurn } from './table-kill-setup.js';

const [directory = '', first = '0'] = process.argv.slice(2);
const commit = new GroupCommit({ directory, clock: systemClock });
const table = tablesOf(commit, systemClock).open(TURNS);
let unflushed = 0;
for (let number = Number(first); ; number++) {
  writeTurn(table, number);
  unflushed++;
  commit.afterFlush(() => {
    unflushed--;
    writeSync(1, `${number}\n`);
  });
  do await turn();
  while (unflushed > 50);
}
