// Fills a small disk that stays full: logs give up what they may, and the store goes on in what becomes free.
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { trimWhileDegraded } from '../../src/runtime/append-log/degraded-trim.js';
import { openLog } from '../../src/runtime/append-log/open-log.js';
import { ManualClock } from '../../src/runtime/clock.js';
import { ActorSystem } from '../../src/runtime/system.js';
import { script, scriptedType } from '../fakes/scripted.js';
import { directory, fillDisk, print, until } from './small-disk-child.js';

const RECORD = 1_000;
const clock: ManualClock = new ManualClock(Date.UTC(2026, 0, 1), () => turn());
const line = (fields: object, message: string): void => print({ said: message, ...fields });
const log = { debug: () => {}, info: line, warn: line, error: (_fields: object, message: string) => line({}, message) };

async function open() {
  const system = new ActorSystem({ directory: join(directory, 'store'), clock, log });
  system.register(scriptedType('a', 'committed'));
  const spool = await openLog(system.commit, clock, {
    name: 'spool',
    readers: [
      { name: 'promised', boundBytes: 1e9, overflow: 'reject' },
      { name: 'newest', boundBytes: 1e9, overflow: 'drop-oldest', trim: { priority: 1, keepBytes: 1_000_000 } },
      { name: 'first', boundBytes: 1e9, overflow: 'drop-oldest', trim: { priority: 0, keepBytes: 0 } },
    ],
  });
  trimWhileDegraded({ system, clock, log }, spool);
  await system.start();
  /** Of each reader how many entries it has left, and how many numbers lie between the first and the last. */
  const left = () =>
    spool.readers.map((reader) => {
      const seqs: number[] = [];
      for (let some = reader.read(1_000, 1e9); some.length > 0; some = reader.read(1_000, 1e9)) {
        seqs.push(...some.map(({ seq }) => seq));
      }
      reader.rewind();
      return { name: reader.name, items: seqs.length, span: (seqs.at(-1) ?? 0) - (seqs[0] ?? 1) + 1 };
    });
  return { system, spool, left };
}

let { system, spool, left } = await open();
const append = (count: number, reader: string): void => {
  for (let n = 0; n < count; n++) spool.append(Buffer.alloc(RECORD, 'r'), [reader]);
};
append(100, 'promised');
append(100, 'first');
append(1_900, 'newest');
await system.commit.flushed();
print({ items: Object.fromEntries(left().map(({ name, items }) => [name, items])) });
fillDisk();

append(300, 'newest');
await until(() => system.commit.degraded !== undefined);
const { commit } = system;
for (let n = 0; n < 100; n++) {
  system.spawn(`a/${n}`);
  system.tell(`a/${n}`, script({ n }));
}
await until(() => system.cell('a/99')?.isLive === true);
for (let n = 0; n < 100; n++) system.tell(`a/${n}`, { type: 'END' });
await until(() => !system.cell('a/99'));
const tables = ['snapshots', 'timers', 'inbox', 'outbox'] as const;
print({ rowsOfEnded: tables.filter((table) => commit.isPending(table, '', '\uffff')) });
for (let retry = 0; retry < 5 && commit.degraded; retry++) {
  const { failures } = commit.counts;
  await clock.advance(5_000);
  await until(() => commit.counts.failures > failures || commit.degraded === undefined);
}
await system.settled();
print({ dropped: Object.fromEntries(spool.readers.map(({ name, droppedBy }) => [name, droppedBy.disk > 0])) });
const before = left();
await system.stop(0);

({ system, spool, left } = await open());
const after = left();
const [promised, newest, first] = after;
print({ isStored: JSON.stringify(before) === JSON.stringify(after), promised: promised?.items, first: first?.items });
// What is left of it is the newest, without a gap.
print({ keeps: (newest?.items ?? 0) * RECORD >= 900_000, isWhole: newest?.items === newest?.span });
await system.stop(0);
