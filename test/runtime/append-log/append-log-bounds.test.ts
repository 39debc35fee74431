import assert from 'node:assert/strict';
import { test } from 'node:test';
import { START } from '../store/group-commit-harness.js';
import { logFixture, OVERHEAD, payload, readTexts, settled, storedSeqs, unbounded } from './append-log-harness.js';

test('DUR-15 at the bound of one reader that rejects, nothing is stored for any', async (t) => {
  const { commit, log } = await logFixture(t, {
    readers: [
      { name: 'small', boundBytes: 2 * (OVERHEAD + 10), overflow: 'reject' },
      { name: 'two', boundBytes: 1e6, boundItems: 2, overflow: 'reject' },
      unbounded('large'),
    ],
  });
  const ten = Buffer.alloc(10);
  assert.equal(log.append(ten, ['small', 'large']).stored, true);
  assert.equal(log.append(ten, ['small', 'two']).stored, true);
  assert.deepEqual(log.append(ten, ['large', 'small']), { stored: false, reason: 'full', reader: 'small' });
  assert.equal(log.append(ten, ['two', 'large']).stored, true);
  assert.deepEqual(log.append(ten, ['two']), { stored: false, reason: 'full', reader: 'two' });
  assert.deepEqual(log.counts, { appended: 3, duplicates: 0, full: 2, degraded: 0 });
  assert.deepEqual(log.reader('large').pending().items, 2);

  await commit.flushed();
  const small = log.reader('small');
  small.confirm(small.read(1, 100)[0]?.seq ?? 0);
  assert.equal(log.append(ten, ['small', 'large']).stored, true, 'room again');
  assert.equal(small.dropped, 0);
});

test('DUR-15 an entry larger than the bound is taken by a reader that waits for nothing else', async (t) => {
  const { commit, log } = await logFixture(t, {
    readers: [
      { name: 'rejecting', boundBytes: 100, overflow: 'reject' },
      { name: 'dropping', boundBytes: 100, overflow: 'drop-oldest' },
    ],
  });
  const large = Buffer.alloc(1_000);
  const haveRoom = (bytes: number) => log.readers.map((reader) => reader.hasRoom(bytes));
  assert.deepEqual(haveRoom(1_000), [true, true]);
  assert.equal(log.append(large, ['rejecting', 'dropping']).stored, true);
  assert.deepEqual(haveRoom(1), [false, false], 'neither refused nor in the place of another');
  assert.equal(log.append(large, ['rejecting']).stored, false);
  assert.equal(log.append(payload('next'), ['dropping']).stored, true);
  await commit.flushed();
  assert.deepEqual(readTexts(log.reader('dropping')), ['next']);
  assert.deepEqual(log.reader('dropping').droppedBy, { bytes: 1, items: 0, age: 0, disk: 0 });
  assert.equal(log.reader('rejecting').read(1, 1)[0]?.payload.length, 1_000);
});

test('DUR-15 a reader that drops passes over its oldest entries, read ones too, and counts them by reason', async (t) => {
  const { commit, log } = await logFixture(t, {
    readers: [
      { name: 'three', boundBytes: 4 * (OVERHEAD + 10), boundItems: 3, overflow: 'drop-oldest' },
      unbounded('all'),
    ],
  });
  const reader = log.reader('three');
  for (let number = 1; number <= 3; number++) log.append(payload(number), ['three', 'all']);
  await commit.flushed();
  assert.deepEqual(
    reader.read(2, 100).map((item) => item.seq),
    [1, 2],
  );
  log.append(payload('4'), ['three']);
  log.append(payload('5'), ['three', 'all']);
  assert.deepEqual(reader.droppedBy, { bytes: 0, items: 2, age: 0, disk: 0 });
  assert.equal(reader.position, 2);
  const large = '6'.repeat(100);
  log.append(payload(large), ['three']);
  assert.deepEqual(reader.droppedBy, { bytes: 1, items: 2, age: 0, disk: 0 });
  assert.equal(reader.dropped, 3);
  await commit.flushed();
  reader.confirm(1);
  assert.deepEqual(readTexts(reader), ['4', '5', large]);
  await settled(commit, () => storedSeqs(commit).join() === '1,2,3,4,5,6');
  assert.deepEqual(readTexts(log.reader('all')), ['1', '2', '3', '5'], 'the other reader loses nothing');
});

test('DUR-15 a reader knows up to where it has lost entries, over restarts too', async (t) => {
  const readers = [{ name: 'two', boundBytes: 1e6, boundItems: 2, overflow: 'drop-oldest' }, unbounded('all')] as const;
  const { commit, log, reopen } = await logFixture(t, { readers });
  for (let number = 1; number <= 3; number++) log.append(payload(number), ['two', 'all']);
  await commit.flushed();
  assert.equal(log.reader('two').lostTo, 1);
  assert.deepEqual(readTexts(log.reader('two')), ['2', '3']);
  log.reader('two').confirm(3);
  const again = await reopen({ readers: [...readers, unbounded('new')] });
  assert.deepEqual(
    again.readers.map(({ name, position, lostTo }) => [name, position, lostTo]),
    [
      ['two', 3, 1],
      ['all', 0, 0],
      ['new', 3, 3],
    ],
  );
});

test('DUR-15 what is dropped in the batch that appended it never reaches the disk', async (t) => {
  const { commit, log } = await logFixture(t, {
    readers: [{ name: 'last', boundBytes: 1e6, boundItems: 1, overflow: 'drop-oldest' }],
  });
  const { rows } = commit.counts;
  for (let number = 1; number <= 1_000; number++) log.append(payload(number), ['last']);
  await commit.flushed();
  assert.equal(commit.counts.rows - rows, 2, 'one entry and the position');
  assert.deepEqual(readTexts(log.reader('last')), ['1000']);
});

test('DUR-15 what has waited too long is dropped, or holds off what comes after it', async (t) => {
  const { commit, clock, log } = await logFixture(t, {
    readers: [
      { name: 'dropping', boundBytes: 1e6, maxAgeMs: 100, overflow: 'drop-oldest' },
      { name: 'rejecting', boundBytes: 1e6, maxAgeMs: 100, overflow: 'reject' },
    ],
  });
  const both = ['dropping', 'rejecting'];
  log.append(payload('1'), both);
  await clock.advance(60);
  log.append(payload('2'), both);
  await commit.flushed();
  await clock.advance(40);
  assert.equal(log.append(payload('3'), ['rejecting']).stored, true, 'as old as allowed');
  await clock.advance(1);
  assert.deepEqual(log.append(payload('4'), both), { stored: false, reason: 'full', reader: 'rejecting' });
  assert.equal(log.append(payload('5'), ['dropping']).stored, true);
  await commit.flushed();
  const dropping = log.reader('dropping');
  assert.deepEqual(dropping.droppedBy, { bytes: 0, items: 0, age: 1, disk: 0 });
  await clock.advance(100);
  assert.deepEqual(readTexts(dropping), ['5'], 'found too old by the read');
  assert.equal(dropping.droppedBy.age, 2);

  const rejecting = log.reader('rejecting');
  assert.deepEqual(readTexts(rejecting), ['1', '2', '3'], 'nothing of a reader that rejects is lost');
  rejecting.confirm(3);
  assert.equal(log.append(payload('6'), both).stored, true);
});

test('DUR-15 TIM-4 a jump of the wall clock ages nothing while the process runs', async (t) => {
  const { commit, clock, log } = await logFixture(t, {
    readers: [{ name: 'a', boundBytes: 1e6, maxAgeMs: 60_000, overflow: 'drop-oldest' }],
  });
  log.append(payload('1'), ['a']);
  await commit.flushed();
  clock.jump(START + 1e9);
  log.append(payload('2'), ['a']);
  clock.jump(START - 1e9);
  await commit.flushed();
  assert.deepEqual(
    log
      .reader('a')
      .read(10, 100)
      .map((item) => item.at - START),
    [0, 1e9],
  );
});

test('DUR-15 TIM-4 the time that the process was off counts, as far as the wall clock can be trusted', async (t) => {
  const readers = [{ name: 'a', boundBytes: 1e6, maxAgeMs: 60_000, overflow: 'drop-oldest' as const }];
  const { commit, clock, log, reopen } = await logFixture(t, { readers });
  log.append(payload('1'), ['a']);
  await clock.advance(30_000);
  log.append(payload('2'), ['a']);

  const afterJump = async (wallMs: number): Promise<string[]> => {
    again.close();
    clock.jump(wallMs);
    again = await reopen();
    return readTexts(again.reader('a'));
  };
  let again = log;
  assert.deepEqual(await afterJump(0), ['1', '2'], 'a wall clock that starts in 1970 says nothing');
  assert.deepEqual(await afterJump(START), ['1', '2'], 'nor does one that comes from there');
  assert.deepEqual(await afterJump(START - 2e6), ['1', '2'], 'nor one that went back');
  assert.deepEqual(await afterJump(START - 2e6 + 40_000), ['2'], '30 s running and 40 s off');
  assert.equal(commit.pending, true, 'the new position');
});

test('DUR-15 many entries that are too old are dropped in steps, and none of them is given out', async (t) => {
  const { commit, clock, log } = await logFixture(t, {
    readers: [{ name: 'a', boundBytes: 1e9, maxAgeMs: 1_000, overflow: 'drop-oldest' }, unbounded('b')],
    tailBytes: 0,
  });
  for (let number = 1; number <= 1_500; number++) log.append(payload(number), ['a']);
  await commit.flushed();
  await clock.advance(1_001);
  log.append(payload('fresh'), ['a']);
  const reader = log.reader('a');
  assert.ok(reader.dropped < 1_500, 'not all in one go');
  await commit.flushed();
  const texts: string[] = [];
  reader.onAvailable(() => texts.push(...readTexts(reader)));
  await settled(commit, () => texts.length > 0);
  assert.deepEqual(texts, ['fresh']);
  assert.deepEqual(reader.droppedBy, { bytes: 0, items: 0, age: 1_500, disk: 0 });
  await settled(commit, () => storedSeqs(commit).length === 1);
});
