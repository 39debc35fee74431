import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { TableOptions } from '../../../src/runtime/table/table.js';
import { openStore } from '../store/group-commit-harness.js';
import { all, CARS, type Car, keysBy, tablesOf } from './table-harness.js';

function fixture(t: TestContext, options: Partial<TableOptions<Car>> = {}) {
  const { commit, clock } = openStore(t);
  const open = (changes: Partial<TableOptions<Car>> = {}) =>
    tablesOf(commit, clock).open<Car>({ ...CARS, ...options, ...changes });
  return { commit, table: open(), reopen: open };
}

describe('a table', () => {
  it('DUR-16 reads what was handed over, flushed or not, by key, range and index', async (t) => {
    const { commit, table } = fixture(t);
    table.put('b', { colour: 'red', km: 1 });
    table.put('a', { colour: 'red', km: 2 });
    await commit.flushed();
    table.put('c', { km: 3 });
    table.put('b', { colour: 'blue', km: 4 });
    assert.deepEqual(table.get('b'), { colour: 'blue', km: 4 });
    assert.equal(table.get('d'), undefined);
    assert.deepEqual(
      all(table).map(([key]) => key),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(
      Array.from(table.range({ from: 'b', isReverse: true }), ([key]) => key),
      ['c', 'b'],
    );
    assert.deepEqual(
      Array.from(table.range({ to: 'b' }), ([key]) => key),
      ['a'],
    );
    assert.deepEqual([keysBy(table, 'red'), keysBy(table, 'blue'), keysBy(table, 're')], [['a'], ['b'], []]);
    assert.equal(table.remove('a'), true);
    assert.equal(table.remove('a'), false);
    assert.deepEqual([keysBy(table, 'red'), table.size], [[], 2]);
  });

  it('DUR-16 takes any text as key and index key', (t) => {
    const { table } = fixture(t);
    const texts = ['\u0001', '\u0002', '\u00021', 'a\u0001b', 'a', '\u0000'];
    for (const text of texts) table.put(text, { colour: text, km: 1 });
    for (const text of texts) assert.deepEqual(keysBy(table, text), [text]);
    for (const key of ['', 'x'.repeat(2_000)]) {
      assert.throws(() => table.put(key, { km: 1 }), { code: 'STORAGE_KEY_INVALID' });
    }
    assert.throws(() => table.put('k', { colour: 'x'.repeat(2_000), km: 1 }), { code: 'STORAGE_KEY_INVALID' });
    assert.equal(table.size, texts.length);
  });

  it('DUR-16 refuses a row past its bound and takes it when there is room', (t) => {
    const { table, reopen } = fixture(t, { mostRows: 2 });
    assert.deepEqual(
      [table.put('a', { km: 1 }), table.put('b', { km: 1 }), table.put('c', { km: 1 })],
      [true, true, false],
    );
    assert.equal(table.put('a', { km: 2 }), true);
    table.remove('a');
    assert.equal(table.put('c', { km: 1 }), true);
    assert.equal(table.counts.refused, 1);
    const narrow = reopen({ mostRows: 1 });
    assert.deepEqual([narrow.size, narrow.put('d', { km: 1 }), narrow.put('b', { km: 2 })], [2, false, true]);
  });

  it('DUR-16 drops the rows of the lowest keys where it is told to, but never the one that is put', async (t) => {
    const { table, reopen } = fixture(t, { mostRows: 3, overflow: 'drop-first' });
    for (const key of ['c', 'd', 'b', 'a']) assert.equal(table.put(key, { colour: 'red', km: 1 }), true);
    assert.deepEqual(keysBy(table, 'red'), ['a', 'c', 'd']);
    assert.equal(table.put('a', { colour: 'red', km: 2 }), true);
    assert.equal(table.counts.dropped, 1);
    assert.deepEqual(keysBy(reopen({ mostRows: 1 }), 'red'), ['d']);
    assert.equal(reopen({ mostBytes: 5 }).put('z', { km: 1 }), false, 'it is too large by itself');
  });

  it('DUR-16 rows of keys that are used once never reach the disk when they are gone before', async (t) => {
    const { commit, table } = fixture(t, { keysOnce: true, indexes: {} });
    const { rows } = commit.counts;
    table.put('a', { km: 1 });
    table.remove('a');
    await commit.flushed();
    // The structures of records.
    assert.ok(commit.counts.rows - rows <= 2);
    assert.equal(table.size, 0);
  });

  it('DUR-10 sets rows aside that cannot be read, and another version tries them again', (t) => {
    const { table, reopen } = fixture(t);
    table.put('a', { colour: 'red', km: 1 });
    table.put('b', { colour: 'red', km: 2 });
    const unable = reopen({ version: 2 });
    assert.deepEqual([unable.size, unable.bytes, unable.counts.aside, keysBy(unable, 'red')], [0, 0, 2, []]);
    unable.put('b', { colour: 'blue', km: 3 });
    const migrate = (_from: number, row: unknown): Car => ({ ...(row as Car), colour: 'green' });
    const able = reopen({ version: 3, migrate });
    assert.deepEqual(all(able), [
      ['a', { colour: 'green', km: 1 }],
      ['b', { colour: 'green', km: 3 }],
    ]);
    assert.deepEqual([keysBy(able, 'green'), keysBy(able, 'red'), able.counts.aside], [['a', 'b'], [], 1]);
  });

  it('DUR-10 a row that is no row is passed over and set aside', (t) => {
    const { commit, table, reopen } = fixture(t);
    table.put('a', { colour: 'red', km: 1 });
    commit.put('rows', 'cars\u0001row\u0001a', Buffer.from([1, 0xc1]));
    const again = reopen();
    assert.deepEqual([again.get('a'), keysBy(again, 'red'), again.size, again.counts.aside], [undefined, [], 0, 1]);
    assert.equal(again.put('a', { km: 1 }), true);
  });

  it('DUR-16 a name is used once, and fits', (t) => {
    const { commit, clock } = openStore(t);
    const tables = tablesOf(commit, clock);
    tables.open(CARS);
    assert.throws(() => tables.open(CARS), { code: 'STORAGE_TABLE_INVALID' });
    assert.throws(() => tables.open({ ...CARS, name: 'a b' }), { code: 'STORAGE_TABLE_INVALID' });
    assert.throws(() => tables.find({ table: 'none', key: 'a' }), { code: 'TABLE_UNKNOWN' });
  });
});
