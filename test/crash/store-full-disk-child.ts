// Fills a small disk through the store.
import { openLog } from '../../src/runtime/append-log/open-log.js';
import { ManualClock } from '../../src/runtime/clock.js';
import { GroupCommit } from '../../src/runtime/store/group-commit.js';
import { directory, print, until } from './small-disk-child.js';

const clock = new ManualClock(Date.UTC(2026, 5, 1));
const onDegraded = (error: Error | undefined): void => print({ degraded: error ? error.message : null });
const open = (): GroupCommit => new GroupCommit({ directory, clock, onDegraded });
const released = (name: string) => () => print({ released: name });

const failures = (commit: GroupCommit, count: number) => until(() => commit.counts.failures >= count);

let commit = open();
const log = await openLog(commit, clock, {
  name: 'spool',
  readers: [{ name: 'file', boundBytes: 1e9, overflow: 'reject' }],
});
commit.put('meta', 'before', Buffer.from('1'));
print({ append: log.append(Buffer.from('first'), ['file']) });
commit.afterFlush(released('before'));
await commit.flushed();

for (let row = 0; row < 1_000; row++) commit.put('outbox', `big ${row}`, Buffer.alloc(4_000, 'b'));
commit.put('meta', 'before', Buffer.from('2'));
commit.afterFlush(released('big'));
await failures(commit, 1);
print({ append: log.append(Buffer.from('second'), ['file']) });
print({ readable: [commit.get('meta', 'before')?.toString(), commit.get('outbox', 'big 999')?.length] });
print({ rows: [...commit.range('outbox', 'big', 'bih')].length });
print({
  read: log
    .reader('file')
    .read(10, 1_000)
    .map((item) => item.payload.toString()),
});

commit.put('meta', 'meanwhile', Buffer.from('1'));
commit.afterFlush(released('meanwhile'));
await clock.advance(5_000);
await failures(commit, 2);

for (let row = 0; row < 1_000; row++) commit.removeOnce('outbox', `big ${row}`);
commit.afterFlush(released('smaller'));
await clock.advance(5_000);
await commit.flushed();
print({ append: log.append(Buffer.from('third'), ['file']) });
await commit.flushed();
print({ pending: commit.pending, timers: clock.pending });
await commit.close();

commit = open();
print({ kept: [commit.get('meta', 'before')?.toString(), commit.get('meta', 'meanwhile')?.toString()] });
print({ left: [...commit.range('outbox', 'big', 'bih')].length });
for (let row = 0; row < 1_000; row++) commit.put('outbox', `again ${row}`, Buffer.alloc(4_000, 'b'));
commit.afterFlush(released('never'));
await failures(commit, 1);
const closed = commit.close(1_000);
await clock.advance(1_000);
print({ closed: await closed });
