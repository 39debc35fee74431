// Others fill the disk of a store that has room of its own, or can make some.
import { openLog } from '../../src/runtime/append-log/open-log.js';
import { ManualClock } from '../../src/runtime/clock.js';
import { GroupCommit } from '../../src/runtime/store/group-commit.js';
import { directory, fillDisk, freeDisk, print, until } from './small-disk-child.js';

const clock = new ManualClock(Date.UTC(2026, 5, 1));
const onDegraded = (error: Error | undefined): void => print({ degraded: error !== undefined });
const commit = new GroupCommit({ directory, clock, onDegraded });
const tries = (count: number) => until(() => commit.counts.failures >= count);

for (let row = 0; row < 1_000; row++) commit.put('outbox', `row ${row}`, Buffer.alloc(4_000, 'b'));
await commit.flushed();
for (let row = 0; row < 1_000; row++) commit.remove('outbox', `row ${row}`);
await commit.flushed();
fillDisk(400_000);
for (let row = 0; row < 300; row++) commit.put('outbox', `row ${row}`, Buffer.alloc(4_000, 'b'));
await commit.flushed();
print({ kept: 'what the free pages of the file hold' });

for (let row = 0; row < 3_000; row++) commit.put('outbox', `row ${row}`, Buffer.alloc(2_000, 'b'));
await tries(1);
freeDisk();
await clock.advance(5_000);
await commit.flushed();
print({ kept: 'many rows, once others have made room' });

const log = await openLog(commit, clock, {
  name: 'buffer',
  readers: [{ name: 'r', boundBytes: 1e9, overflow: 'drop-oldest', trim: { priority: 1, keepBytes: 0 } }],
});
commit.keepReserve();
for (let entry = 0; entry < 1_000; entry++) log.append(Buffer.alloc(4_000, 'c'), ['r']);
await commit.flushed();
fillDisk();
for (let row = 0; row < 100; row++) commit.put('rows', `row ${row}`, Buffer.alloc(500, 'd'));
const before = commit.counts.failures;
await tries(before + 1);
for (const reader of log.trimmable()) reader.trim(4_000_000);
await clock.advance(5_000);
await commit.flushed();
print({ kept: 'what a log has made room for' });
print({ closed: await commit.close(1_000) });
