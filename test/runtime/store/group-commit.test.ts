import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { systemClock } from '../../../src/runtime/clock.js';
import { GroupCommit } from '../../../src/runtime/store/group-commit.js';
import { catchUncaught, openStore, temporaryDirectory, until } from './group-commit-harness.js';

const bytes = (text: string): Buffer => Buffer.from(text);

test('DUR-4 rows are read back from the gathering batch, the one in flight and the disk, removals included', async (t) => {
  const { commit } = openStore(t);
  commit.put('inbox', 'a', bytes('1'));
  commit.put('inbox', 'b', bytes('1'));
  assert.equal(commit.get('inbox', 'a')?.toString(), '1', 'gathering');
  void commit.flushed();
  await turn();
  commit.put('inbox', 'a', bytes('2'));
  commit.remove('inbox', 'b');
  assert.equal(commit.get('inbox', 'a')?.toString(), '2', 'the newer one');
  assert.equal(commit.get('inbox', 'b'), undefined, 'removed in the newer one');
  await commit.flushed();
  assert.equal(commit.pending, false);
  assert.equal(commit.get('inbox', 'a')?.toString(), '2', 'on disk');
  assert.equal(commit.get('inbox', 'b'), undefined);
});

const KEYS = ['a', 'b', 'b\u0000', 'b\u0000c', 'b/1', 'bb', 'é', '\u{1f600}', '\uffee'];
type Step =
  | { do: 'put'; key: string; value: string }
  | { do: 'remove'; key: string }
  | { do: 'range'; from: string; to: string; limit: number }
  | { do: 'turn' }
  | { do: 'flush' };
const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), key, value: fc.string({ maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('range' as const),
      from: key,
      to: key,
      limit: fc.integer({ min: 0, max: 9 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'turn' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'flush' as const }) },
);

test('DUR-4 get and range see every row handed over, in key order, wherever it is at the moment', async (t) => {
  const { commit } = openStore(t);
  const byBytes = (a: string, b: string): number => Buffer.compare(bytes(a), bytes(b));
  const run = async (steps: Step[]): Promise<void> => {
    const model = new Map<string, string>();
    for (const next of steps) {
      if (next.do === 'put') {
        commit.put('meta', next.key, bytes(next.value));
        model.set(next.key, next.value);
      } else if (next.do === 'remove') {
        commit.remove('meta', next.key);
        model.delete(next.key);
      } else if (next.do === 'range') {
        const found = [...commit.range('meta', next.from, next.to, next.limit)];
        const expected = [...model].filter(([k]) => byBytes(k, next.from) >= 0 && byBytes(k, next.to) < 0);
        expected.sort((a, b) => byBytes(a[0], b[0]));
        const texts = found.map(([k, v]) => [k, v.toString()]);
        assert.deepEqual(texts, expected.slice(0, next.limit));
      } else {
        const isFlushed = commit.flushed();
        await (next.do === 'turn' ? turn() : isFlushed);
      }
      for (const k of KEYS) assert.equal(commit.get('meta', k)?.toString(), model.get(k));
    }
    for (const k of KEYS) commit.remove('meta', k);
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), run), { numRuns: 80, seed: 1 });
});

test('DUR-4 a range begun before a flush goes on as it began', async (t) => {
  const { commit } = openStore(t);
  for (const k of ['a', 'c', 'e']) commit.put('meta', k, bytes(k));
  await commit.flushed();
  for (const k of ['b', 'd']) commit.put('meta', k, bytes(k));
  const rows = commit.range('meta', 'a', 'z');
  const seen = [rows.next().value?.[0]];
  await commit.flushed();
  commit.remove('meta', 'e');
  await commit.flushed();
  for (const row of rows) seen.push(row[0]);
  assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
});

test('DUR-4 a row put and removed once within a batch never reaches the disk, one of an earlier batch does not stay', async (t) => {
  const { commit } = openStore(t);
  commit.put('outbox', '1', bytes('x'));
  commit.removeOnce('outbox', '1');
  assert.equal(commit.pending, false);
  commit.put('outbox', '2', bytes('x'));
  void commit.flushed();
  await turn();
  commit.removeOnce('outbox', '2');
  assert.equal(commit.get('outbox', '2'), undefined);
  await commit.flushed();
  assert.deepEqual(commit.counts, { batches: 2, rows: 2, failures: 0 });
  assert.deepEqual([...commit.range('outbox', '', '~')], []);
});

test('DUR-4 callbacks run in order, after everything before them is on disk', async (t) => {
  const { commit } = openStore(t);
  const order: string[] = [];
  commit.afterFlush(() => order.push('nothing pending'));
  commit.put('meta', 'a', bytes('1'));
  commit.afterFlush(() => {
    order.push('first batch');
    commit.afterFlush(() => order.push('registered while callbacks run'));
  });
  commit.afterFlush(() => order.push('first batch, second'));
  await turn();
  commit.afterFlush(() => order.push('in flight'));
  commit.put('outbox', '1', bytes('1'));
  commit.afterFlush(() => order.push('gathering'));
  commit.removeOnce('outbox', '1');
  commit.afterFlush(() => order.push('gathering, without a row left'));
  assert.deepEqual(order, ['nothing pending']);
  await commit.flushed();
  assert.deepEqual(order, [
    'nothing pending',
    'first batch',
    'first batch, second',
    'in flight',
    'gathering',
    'gathering, without a row left',
    'registered while callbacks run',
  ]);
});

test('DUR-4 a callback registered while the last ones run comes after them', async (t) => {
  const { commit } = openStore(t);
  const order: number[] = [];
  commit.put('meta', 'a', bytes('1'));
  commit.afterFlush(() => {
    order.push(1);
    commit.afterFlush(() => order.push(3));
  });
  commit.afterFlush(() => order.push(2));
  await commit.flushed();
  assert.deepEqual(order, [1, 2, 3]);
});

test('DUR-4 a callback that throws stops neither the others nor the store, and its error reaches the process', async (t) => {
  const { commit } = openStore(t);
  const errors = catchUncaught(t);
  const order: string[] = [];
  commit.put('meta', 'a', bytes('1'));
  commit.afterFlush(() => {
    throw new Error('of a callback');
  });
  commit.afterFlush(() => order.push('next'));
  commit.afterFlush(() => commit.put('meta', 'b', bytes('1')));
  await commit.flushed();
  await until(() => errors.length > 0);
  assert.deepEqual(order, ['next']);
  assert.equal((errors[0] as Error).message, 'of a callback');
  await commit.flushed();
  assert.equal(commit.counts.batches, 2);
});

test('DUR-4 a large batch waits in line as it is, and what one turn hands over is never parted', async (t) => {
  const { commit } = openStore(t);
  commit.put('meta', 'first', bytes('1'));
  void commit.flushed();
  await turn();
  const number = commit.batchNumber;
  for (let row = 0; row < 5_000; row++) commit.put('inbox', `1/${row}`, bytes('x'));
  assert.equal(commit.batchNumber, number, 'still one batch in this turn');
  await turn();
  assert.equal(commit.batchNumber, number + 1, 'set aside');
  const order: number[] = [];
  commit.afterFlush(() => order.push(1));
  commit.put('inbox', '1/0', bytes('y'));
  commit.remove('inbox', '1/1');
  commit.afterFlush(() => order.push(2));
  assert.equal(commit.get('inbox', '1/0')?.toString(), 'y');
  assert.equal(commit.get('inbox', '1/2')?.toString(), 'x', 'from the waiting batch');
  assert.equal([...commit.range('inbox', '1/', '10')].length, 4_999);
  await commit.flushed();
  assert.deepEqual(order, [1, 2]);
  assert.deepEqual(commit.counts, { batches: 3, rows: 5_003, failures: 0 });
  assert.equal([...commit.range('inbox', '1/', '10')].length, 4_999);
});

test('DUR-7 closing writes what is pending; afterwards nothing is taken', async (t) => {
  const directory = temporaryDirectory(t);
  const commit = new GroupCommit({ directory, clock: systemClock });
  commit.put('meta', 'first', bytes('1'));
  void commit.flushed();
  await turn();
  for (let row = 0; row < 3_000; row++) commit.put('meta', `row ${row}`, bytes('x'));
  let isReleased = false;
  commit.afterFlush(() => {
    isReleased = true;
    commit.put('meta', 'last', bytes('1'));
  });
  const closed = commit.close();
  assert.equal(commit.close(), closed);
  assert.equal(await closed, true);
  assert.equal(isReleased, true);
  assert.throws(() => commit.put('meta', 'late', bytes('1')), { code: 'STORAGE_CLOSED' });
  assert.throws(() => commit.remove('meta', 'late'), { code: 'STORAGE_CLOSED' });

  const again = new GroupCommit({ directory, clock: systemClock });
  assert.equal([...again.range('meta', 'row ', 'row!')].length, 3_000);
  assert.equal(again.get('meta', 'last')?.toString(), '1');
  assert.equal(await again.close(), true);
});

test('DUR-9 a store that cannot be opened says so', (t) => {
  const directory = `${temporaryDirectory(t)}\0`;
  assert.throws(() => new GroupCommit({ directory, clock: systemClock }), { code: 'STORAGE_OPEN_FAILED' });
});

test('DUR-15 rows that nobody waits for gather, and go by themselves', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { commit } = openStore(t);
  const released: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    commit.put('log', name, bytes(name));
    commit.afterFlush(() => released.push(name), 'soon');
    await turn();
  }
  assert.equal(commit.counts.batches, 0, 'none has gone with a turn of the loop');
  t.mock.timers.tick(10);
  await until(() => released.length === 3);
  assert.equal(commit.counts.batches, 1);
  assert.deepEqual(released, ['a', 'b', 'c']);
});

test('DUR-15 whoever waits makes all go at once: a callback, a large batch, the end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const directory = temporaryDirectory(t);
  const { commit } = openStore(t, { directory });
  const goes = async (why: string): Promise<void> => {
    const { batches } = commit.counts;
    await turn();
    await turn();
    assert.equal(commit.counts.batches, batches + 1, why);
    await commit.flushed();
  };
  commit.put('log', 'a', bytes('1'));
  commit.afterFlush(() => {});
  await goes('a callback');
  commit.put('log', 'large', Buffer.alloc(8 * 1024 * 1024));
  await goes('a large batch');
  commit.put('log', 'last', bytes('1'));
  assert.equal(await commit.close(), true);
  assert.equal(openStore(t, { directory }).commit.get('log', 'last')?.toString(), '1');
});

test('DUR-15 what was handed over in a hurry while a batch is written goes as soon as it is', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { commit } = openStore(t);
  commit.put('meta', 'a', bytes('1'));
  void commit.flushed();
  await turn();
  commit.put('log', 'b', bytes('1'));
  const isFlushed = commit.flushed();
  commit.put('log', 'c', bytes('1'));
  await isFlushed;
  assert.equal(commit.counts.batches, 2);
  assert.equal(commit.pending, false, 'what came with it has gone with it');
});
