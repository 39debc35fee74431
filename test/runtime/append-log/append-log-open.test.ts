import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from '../../../src/runtime/append-log/open-log.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { GroupCommit } from '../../../src/runtime/store/group-commit.js';
import { turnsOfLoop } from '../../fakes/runtime.js';
import { openStore, START, temporaryDirectory } from '../store/group-commit-harness.js';
import { logFixture, OVERHEAD, payload, readTexts, settled, storedSeqs, unbounded } from './append-log-harness.js';

test('DUR-15 after a restart each reader goes on behind its position, and what it had only read comes again', async (t) => {
  const directory = temporaryDirectory(t);
  const clock = new ManualClock(START);
  const options = { name: 'spool', readers: [unbounded('a'), unbounded('b')] };
  let commit = new GroupCommit({ directory, clock });
  let log = await openLog(commit, clock, options);
  for (let number = 1; number <= 4; number++) log.append(payload(number), number === 3 ? ['b'] : ['a', 'b']);
  await commit.flushed();
  readTexts(log.reader('a'));
  log.reader('a').confirm(2);
  await commit.close();

  commit = new GroupCommit({ directory, clock });
  t.after(() => commit.close());
  log = await openLog(commit, clock, options);
  assert.equal(log.reader('a').position, 2);
  assert.deepEqual(log.reader('a').pending(), { items: 1, bytes: OVERHEAD + 1, oldestAt: START });
  assert.deepEqual(readTexts(log.reader('a')), ['4']);
  assert.deepEqual(readTexts(log.reader('b')), ['1', '2', '3', '4']);
  assert.deepEqual(log.append(payload('5'), ['a']), { stored: true, seq: 5 });
  log.reader('b').confirm(4);
  await settled(commit, () => storedSeqs(commit).join() === '4,5');
});

test('DUR-15 the number of an entry is never used again, even when the log was empty', async (t) => {
  const { commit, clock, log, reopen } = await logFixture(t);
  for (let number = 1; number <= 3; number++) log.append(payload(number), ['a']);
  await commit.flushed();
  readTexts(log.reader('a'));
  log.reader('a').confirm(3);
  await settled(commit, () => storedSeqs(commit).length === 0);
  const again = await reopen();
  assert.equal(again.lastSeq, 3);
  assert.deepEqual(again.append(payload('4'), ['b']), { stored: true, seq: 4 });
  await commit.flushed();
  readTexts(again.reader('b'));
  again.reader('b').confirm(4);
  await settled(commit, () => storedSeqs(commit).length === 0);
  const crashed = await openLog(commit, clock, { name: 'spool', readers: [unbounded('a'), unbounded('b')] });
  assert.equal(crashed.lastSeq, 4, 'known from the positions alone');
  const without = await reopen({ readers: [unbounded('a')] });
  await settled(commit, () => storedSeqs(commit).length === 0);
  assert.deepEqual(without.append(payload('5'), ['a']), { stored: true, seq: 5 });
  await commit.flushed();
  assert.deepEqual(readTexts(without.reader('a')), ['5']);
});

test('DUR-15 what only a removed reader waits for is removed and told; a new reader starts at the end', async (t) => {
  const { commit, log, reopen } = await logFixture(t, { readers: ['a', 'gone', 'done'].map(unbounded) });
  log.append(payload('1'), ['gone']);
  log.append(payload('2'), ['a', 'gone', 'done']);
  log.append(payload('3'), ['gone']);
  await commit.flushed();
  readTexts(log.reader('gone'));
  log.reader('gone').confirm(1);
  readTexts(log.reader('done'));
  log.reader('done').confirm(2);
  await settled(commit);

  const second = await reopen({ readers: ['new', 'a'].map(unbounded) });
  assert.deepEqual(second.leftovers, [{ reader: 'gone', items: 1, bytes: OVERHEAD + 1 }]);
  await settled(commit, () => storedSeqs(commit).join() === '2');
  assert.deepEqual(readTexts(second.reader('new')), []);
  assert.deepEqual(readTexts(second.reader('a')), ['2']);
  assert.equal(second.append(payload('4'), ['new']).stored, true);

  const third = await reopen({ readers: ['gone', 'new', 'a'].map(unbounded) });
  assert.deepEqual(third.leftovers, []);
  assert.deepEqual(readTexts(third.reader('gone')), [], 'back, and new again');
  assert.deepEqual(readTexts(third.reader('new')), ['4']);
  assert.deepEqual(readTexts(third.reader('a')), ['2']);
});

test('DUR-15 many leftovers are removed in steps while the log is in use', async (t) => {
  const { commit, log, reopen } = await logFixture(t);
  let bytes = 0;
  for (let number = 1; number <= 5_000; number++) {
    log.append(payload(number), number % 1_000 === 0 ? ['a', 'b'] : ['b']);
    if (number % 1_000 !== 0) bytes += OVERHEAD + String(number).length;
  }
  await commit.flushed();
  const again = await reopen({ readers: [unbounded('a')] });
  assert.deepEqual(again.leftovers, [{ reader: 'b', items: 4_995, bytes }]);
  await settled(commit, () => storedSeqs(commit).length === 5);
  assert.deepEqual(readTexts(again.reader('a')), ['1000', '2000', '3000', '4000', '5000']);
});

test('DUR-15 a log that is opened again before its entries are flushed gives them out once they are', async (t) => {
  const { commit, clock } = openStore(t);
  const options = { name: 'spool', readers: [unbounded('a')] };
  const first = await openLog(commit, clock, options);
  await commit.flushed();
  for (let number = 1; number <= 3; number++) first.append(payload(number), ['a']);
  const opening = openLog(commit, clock, options);
  first.close();
  const again = await opening;
  const seen = commit.pending ? readTexts(again.reader('a')) : [];
  assert.deepEqual(seen, []);
  assert.equal(again.reader('a').pending().items, 3);
  await commit.flushed();
  assert.deepEqual(readTexts(again.reader('a')), ['1', '2', '3']);
});

test('DUR-15 what a producer repeats is dropped, over restarts too', async (t) => {
  const { commit, log, reopen } = await logFixture(t);
  const from = (producer: string, sequence: number) => ({ producer, sequence });
  assert.equal(log.append(payload('1'), ['a'], from('car', 1)).stored, true);
  assert.deepEqual(log.append(payload('1'), ['a'], from('car', 1)), { stored: false, reason: 'duplicate' });
  assert.equal(log.append(payload('5'), ['a'], from('car', 5)).stored, true);
  assert.deepEqual(log.append(payload('4'), ['a'], from('car', 4)), { stored: false, reason: 'duplicate' });
  assert.equal(log.append(payload('1'), ['a'], from('bus', 1)).stored, true);
  await commit.flushed();
  const again = await reopen();
  assert.deepEqual(again.append(payload('5'), ['a'], from('car', 5)), { stored: false, reason: 'duplicate' });
  assert.equal(again.append(payload('6'), ['a'], from('car', 6)).stored, true);
  await commit.flushed();
  assert.deepEqual(readTexts(again.reader('a')), ['1', '5', '1', '6']);
});

test('DUR-15 a producer whose entry was refused may send it again', async (t) => {
  const { commit, log } = await logFixture(t, {
    readers: [{ name: 'a', boundBytes: 1e6, boundItems: 1, overflow: 'reject' }],
  });
  const from = { producer: 'car', sequence: 2 };
  assert.equal(log.append(payload('1'), ['a'], { ...from, sequence: 1 }).stored, true);
  assert.deepEqual(log.append(payload('2'), ['a'], from), { stored: false, reason: 'full', reader: 'a' });
  await commit.flushed();
  readTexts(log.reader('a'));
  log.reader('a').confirm(1);
  assert.equal(log.append(payload('2'), ['a'], from).stored, true);
});

test('DUR-15 of more producers than fit, those silent for longest are forgotten, on disk too', async (t) => {
  const { commit, clock, log, reopen } = await logFixture(t, { mostProducers: 3 });
  const send = async (producer: string, sequence = 1): Promise<boolean> => {
    await clock.advance(1);
    return log.append(payload(producer), ['a'], { producer, sequence }).stored;
  };
  for (const producer of ['1', '2', '3']) await send(producer);
  await send('1', 2);
  await send('4');
  assert.equal(log.producers, 3);
  assert.equal(await send('1', 2), false);
  assert.equal(await send('3'), false);
  assert.equal(await send('4'), false);
  await commit.flushed();
  assert.equal([...commit.range('positions', 'spool/producer/', 'spool/producer0')].length, 3);
  const again = await reopen({ mostProducers: 2 });
  assert.equal(again.producers, 2);
  assert.equal(again.append(payload('3'), ['a'], { producer: '3', sequence: 1 }).stored, true, 'silent for longest');
});

test('DUR-15 logs of one store do not touch each other', async (t) => {
  const { commit, clock, log } = await logFixture(t);
  const other = await openLog(commit, clock, { name: 'spool-2', readers: [unbounded('a')] });
  log.append(payload('1'), ['a']);
  other.append(payload('2'), ['a']);
  await commit.flushed();
  assert.deepEqual(readTexts(log.reader('a')), ['1']);
  assert.deepEqual(readTexts(other.reader('a')), ['2']);
  other.close();
  assert.throws(() => other.append(payload('3'), ['a']), { code: 'STORAGE_CLOSED' });
});

test('DUR-10 a row in another format is counted and kept, the rest is read and removed', async (t) => {
  const { commit, log, reopen } = await logFixture(t);
  log.append(payload('1'), ['a']);
  log.append(payload('2'), ['a']);
  await commit.flushed();
  const [first] = commit.range('log', 'spool/', 'spool0');
  commit.put('log', first?.[0] ?? '', Buffer.from('what is this, if not an entry'));
  const again = await reopen();
  assert.equal(again.unreadable, 1);
  assert.deepEqual(readTexts(again.reader('a')), ['2']);
  again.reader('a').confirm(2);
  again.append(payload('3'), ['a']);
  await commit.flushed();
  assert.deepEqual(readTexts(again.reader('a')), ['3']);
  again.reader('a').confirm(3);
  await settled(commit, () => storedSeqs(commit).join() === '1');
  const later = await reopen({ readers: [unbounded('a')] });
  await turnsOfLoop(10);
  assert.equal(later.unreadable, 1);
  assert.deepEqual(storedSeqs(commit), [1], 'kept for the version that can read it');
});

test('DUR-15 options that contradict themselves are refused', async (t) => {
  const { commit, clock } = openStore(t);
  const open = (name: string, ...readers: string[]) =>
    openLog(commit, clock, { name, readers: readers.map(unbounded) });
  await assert.rejects(open('a/b', 'x'), { code: 'STORAGE_LOG_INVALID' });
  await assert.rejects(open('', 'x'), { code: 'STORAGE_LOG_INVALID' });
  await assert.rejects(open('a', 'x', 'x'), { code: 'STORAGE_LOG_INVALID' });
  await assert.rejects(open('a', ...Array.from({ length: 33 }, (_, reader) => `${reader}`)), {
    code: 'STORAGE_LOG_INVALID',
  });
  const log = await open('a', ...Array.from({ length: 32 }, (_, reader) => `${reader}`));
  log.append(payload('1'), ['31', '0']);
  await commit.flushed();
  assert.deepEqual(readTexts(log.reader('31')), ['1']);
  assert.deepEqual(readTexts(log.reader('30')), []);
});
