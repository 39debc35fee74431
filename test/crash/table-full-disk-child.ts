// Fills a small disk with the rows of a table and prints what happens, one JSON line each. The parent judges.
import { setImmediate as turn } from 'node:timers/promises';
import { ManualClock } from '../../src/runtime/clock.js';
import { GroupCommit } from '../../src/runtime/store/group-commit.js';
import { tablesOf } from '../runtime/table/table-harness.js';

const directory = process.argv[2] ?? '';
const print = (line: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
process.on('unhandledRejection', (error) => print({ unhandled: String(error) }));
process.on('uncaughtException', (error) => print({ uncaught: String(error) }));

const clock = new ManualClock(Date.UTC(2026, 5, 1));
const onDegraded = (error: Error | undefined): void => print({ degraded: error !== undefined });
const open = () => {
  const commit = new GroupCommit({ directory, clock, onDegraded });
  const options = { name: 'rows', mostRows: 2_000, mostBytes: 1e9, overflow: 'reject' } as const;
  return { commit, table: tablesOf(commit, clock).open<{ text: string }>(options) };
};

const { commit, table } = open();
table.put('before', { text: '1' });
await commit.flushed();
for (let row = 0; row < 1_000; row++) table.put(`big ${row}`, { text: 'b'.repeat(4_000) });
while (commit.counts.failures === 0) await turn();
print({ size: table.size, read: table.get('big 999')?.text.length, put: table.put('meanwhile', { text: '2' }) });
for (let row = 0; row < 1_000; row++) table.remove(`big ${row}`);
await clock.advance(5_000);
await commit.flushed();
await commit.close();
const again = open();
print({ kept: Array.from(again.table.range(), ([key]) => key), bytes: again.table.bytes === table.bytes });
await again.commit.close();
