import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { openLog } from '../../../src/runtime/append-log/open-log.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { GroupCommit } from '../../../src/runtime/store/group-commit.js';
import { catchUncaught, START, temporaryDirectory, until } from '../store/group-commit-harness.js';
import { logFixture, payload, readTexts, settled, storedSeqs, unbounded } from './append-log-harness.js';

test('DUR-15 a reader is given its entries in order, only once they are flushed, and no others', async (t) => {
  const { commit, clock, log } = await logFixture(t);
  const a = log.reader('a');
  const b = log.reader('b');
  await clock.advance(7);
  assert.deepEqual(log.append(payload('1'), ['a', 'b']), { stored: true, seq: 1 });
  assert.deepEqual(log.append(payload('2'), ['b', 'b']), { stored: true, seq: 2 });
  assert.deepEqual(log.append(payload('3'), ['a']), { stored: true, seq: 3 });
  assert.deepEqual(a.read(10, 1_000), [], 'gathering');
  await turn();
  log.append(payload('4'), ['a']);
  assert.deepEqual(a.read(10, 1_000), [], 'in flight');
  await commit.flushed();
  assert.deepEqual(a.read(2, 1_000), [
    { seq: 1, at: START + 7, payload: payload('1') },
    { seq: 3, at: START + 7, payload: payload('3') },
  ]);
  assert.deepEqual(readTexts(a), ['4']);
  assert.deepEqual(readTexts(a), []);
  assert.deepEqual(readTexts(b), ['1', '2']);
});

test('DUR-15 a read stops before more bytes than asked for, but gives one entry at least', async (t) => {
  const { commit, log } = await logFixture(t);
  const reader = log.reader('a');
  for (const length of [100, 100, 300, 50]) log.append(Buffer.alloc(length), ['a']);
  await commit.flushed();
  const lengths = (bytes: number): number[] => reader.read(10, bytes).map((item) => item.payload.length);
  assert.deepEqual(lengths(200), [100, 100]);
  assert.deepEqual(lengths(200), [300]);
  assert.deepEqual(reader.read(0, 200), []);
  assert.deepEqual(lengths(49), [50]);
});

test('DUR-15 what was not confirmed is read again after a rewind, and a late confirmation still counts', async (t) => {
  const { commit, log } = await logFixture(t);
  const reader = log.reader('a');
  for (let number = 1; number <= 5; number++) log.append(payload(number), ['a']);
  await commit.flushed();
  assert.throws(() => reader.confirm(1), RangeError, 'nothing was read yet');
  assert.equal(reader.read(4, 1_000).length, 4);
  reader.confirm(2);
  reader.rewind();
  assert.equal(reader.read(1, 1_000)[0]?.seq, 3);
  reader.confirm(4);
  assert.equal(reader.position, 4);
  reader.confirm(1);
  assert.equal(reader.position, 4, 'never back');
  assert.deepEqual(readTexts(reader), ['5']);
  assert.throws(() => reader.confirm(6), RangeError);
  assert.deepEqual(reader.pending(), { items: 1, bytes: 65, oldestAt: START });
});

test('DUR-15 listeners are called once for a batch, when it is flushed, and only for their entries', async (t) => {
  const { commit, log } = await logFixture(t);
  const calls: string[] = [];
  const end = log.reader('a').onAvailable(() => calls.push(`a read ${readTexts(log.reader('a'))}`));
  log.reader('b').onAvailable(() => calls.push('b'));
  for (let number = 1; number <= 3; number++) log.append(payload(number), ['a']);
  assert.equal(calls.length, 0);
  await commit.flushed();
  assert.equal(calls.length, 0, 'who waits for the flush goes first');
  await until(() => calls.length === 1);
  assert.deepEqual(calls, ['a read 1,2,3']);
  log.append(payload('4'), ['a', 'b']);
  end();
  await commit.flushed();
  await until(() => calls.length === 2);
  assert.deepEqual(calls, ['a read 1,2,3', 'b']);
  log.reader('a').onAvailable(() => calls.push('something was there already'));
  await until(() => calls.length === 3);
});

test('DUR-15 one listener that throws keeps no other from its call', async (t) => {
  const { log } = await logFixture(t);
  const errors = catchUncaught(t);
  let isCalled = false;
  log.reader('a').onAvailable(() => {
    throw new Error('of a listener');
  });
  log.reader('b').onAvailable(() => {
    isCalled = true;
  });
  log.append(payload('1'), ['a', 'b']);
  await until(() => isCalled);
  await until(() => errors.length === 1);
});

test('DUR-15 an entry goes when all its readers have passed it; readers of others hold nothing back', async (t) => {
  const { commit, log } = await logFixture(t, { readers: ['a', 'b', 'idle'].map(unbounded) });
  log.append(payload('1'), ['a', 'b']);
  log.append(payload('2'), ['b']);
  log.append(payload('3'), ['a']);
  await commit.flushed();
  const a = log.reader('a');
  readTexts(a);
  a.confirm(3);
  await settled(commit);
  assert.deepEqual(storedSeqs(commit), [1, 2]);
  const b = log.reader('b');
  readTexts(b);
  b.confirm(1);
  await settled(commit);
  assert.deepEqual(storedSeqs(commit), [2]);
  b.confirm(2);
  await settled(commit);
  assert.deepEqual(storedSeqs(commit), []);
  assert.equal(log.trimmed, 3);
});

test('DUR-15 an entry for nobody is stored nowhere', async (t) => {
  const { commit, log } = await logFixture(t);
  assert.deepEqual(log.append(payload('1'), []), { stored: true, seq: 0 });
  assert.equal(commit.pending, false);
  assert.throws(() => log.append(payload('1'), ['nobody']), { code: 'STORAGE_READER_UNKNOWN' });
  assert.throws(() => log.reader('nobody'), { code: 'STORAGE_READER_UNKNOWN' });
});

test('DUR-15 many confirmed entries are removed in steps, a bounded number with each batch', async (t) => {
  const { commit, log } = await logFixture(t);
  const count = 7_000;
  for (let number = 1; number <= count; number++) log.append(payload(number), ['a']);
  await commit.flushed();
  const reader = log.reader('a');
  assert.equal(readTexts(reader).length, count);
  await turn();
  const rows = commit.counts.rows;
  reader.confirm(count);
  await turn();
  await commit.flushed();
  assert.ok(commit.counts.rows - rows < 2_200, `${commit.counts.rows - rows} rows in the first batch`);
  await settled(commit, () => log.trimmed === count);
  assert.deepEqual(storedSeqs(commit), []);
  assert.deepEqual(reader.pending(), { items: 0, bytes: 0 });
});

/** Counts what is read back from LMDB. */
class CountingCommit extends GroupCommit {
  reads = 0;

  override writtenRange(...range: Parameters<GroupCommit['writtenRange']>): ReturnType<GroupCommit['writtenRange']> {
    this.reads++;
    return super.writtenRange(...range);
  }

  override get(...row: Parameters<GroupCommit['get']>): ReturnType<GroupCommit['get']> {
    this.reads++;
    return super.get(...row);
  }
}

for (const [tailBytes, readsBack] of [
  [1e6, false],
  [5_000, true],
] as const) {
  test(`DUR-15 with a tail of ${tailBytes} bytes a reader that lags ${readsBack ? 'reads LMDB back' : 'reads memory only'}`, async (t) => {
    const clock = new ManualClock(START);
    const commit = new CountingCommit({ directory: temporaryDirectory(t), clock });
    t.after(() => commit.close());
    const log = await openLog(commit, clock, { name: 'spool', readers: [unbounded('a'), unbounded('b')], tailBytes });
    await commit.flushed();
    commit.reads = 0;
    const a = log.reader('a');
    const b = log.reader('b');
    const expected: string[] = [];
    const texts: string[] = [];
    for (let round = 1; round <= 20; round++) {
      for (let number = 0; number < 50; number++) {
        const text = `${round}/${number}`;
        log.append(payload(text), number % 7 === 0 ? ['a', 'b'] : ['a']);
        if (number % 7 === 0) expected.push(text);
      }
      await commit.flushed();
      const last = a.read(100, 1e6).at(-1);
      if (last) a.confirm(last.seq);
      if (round % 5 === 0) texts.push(...readTexts(b));
    }
    assert.deepEqual(texts, expected);
    assert.equal(commit.reads > 0, readsBack);
  });
}

test('DUR-15 a reader finds its rare entries among many others on disk without holding the loop', async (t) => {
  const { commit, log, reopen } = await logFixture(t);
  log.append(payload('first'), ['b']);
  for (let number = 1; number <= 6_000; number++) log.append(payload(number), ['a']);
  log.append(payload('last'), ['b']);
  await commit.flushed();
  const reader = (await reopen()).reader('b');
  const texts: string[] = [];
  reader.onAvailable(() => texts.push(...readTexts(reader)));
  await until(() => texts.length === 2);
  assert.deepEqual(texts, ['first', 'last']);
  assert.deepEqual(reader.pending().items, 2);
});

test('DUR-15 while the store is degraded nothing is stored, and reading goes on', async (t) => {
  const clock = new ManualClock(START);
  const commit = new GroupCommit({ directory: temporaryDirectory(t), clock, quotaBytes: 1 });
  const log = await openLog(commit, clock, { name: 'spool', readers: [unbounded('a')] });
  assert.equal(log.append(payload('1'), ['a']).stored, true);
  await commit.flushed();
  commit.put('meta', 'held', payload('1'));
  void commit.flushed();
  await turn();
  assert.deepEqual(log.append(payload('2'), ['a']), { stored: false, reason: 'degraded' });
  assert.equal(log.counts.degraded, 1);
  assert.deepEqual(readTexts(log.reader('a')), ['1']);
  log.reader('a').confirm(1);
  const closed = commit.close(1_000);
  await clock.advance(1_000);
  await closed;
});

test('DUR-15 no more than a bounded amount waits for a slow disk', async (t) => {
  const { commit, log } = await logFixture(t);
  const large = Buffer.alloc(16 * 1024 * 1024);
  for (let number = 0; number < 4; number++) assert.equal(log.append(large, ['a']).stored, true);
  assert.deepEqual(log.append(large, ['a']), { stored: false, reason: 'full' });
  await commit.flushed();
  assert.equal(log.append(payload('1'), ['a']).stored, true);
});
