import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ActorSystem } from '../../../src/runtime/system.js';
import type { Table } from '../../../src/runtime/table/table.js';
import { testSystem } from '../../fakes/runtime.js';
import { all, CARS, type Car, keysBy } from './table-harness.js';

const KEYS = ['a', 'b', 'b\u0001', 'c', 'ü', '😀'];
const COLOURS = ['red', 'blue'];
const BOUND = 4;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key: fc.constantFrom(...KEYS),
      colour: fc.option(fc.constantFrom(...COLOURS), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reopen' as const, 'kill' as const) }) },
);

/** What a table promises, told with a map. */
class TableModel {
  rows = new Map<string, Car>();

  constructor(private readonly overflow: 'reject' | 'drop-first') {}

  put(key: string, row: Car): boolean {
    if (!this.rows.has(key) && this.rows.size >= BOUND) {
      if (this.overflow === 'reject') return false;
      this.rows.delete(this.sorted()[0]?.[0] ?? '');
    }
    this.rows.set(key, row);
    return true;
  }

  sorted(): Array<[string, Car]> {
    return [...this.rows].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}

function agree(table: Table<Car>, rows: ReadonlyArray<[string, Car]>): void {
  assert.deepEqual(all(table), rows);
  assert.equal(table.size, rows.length);
  for (const colour of COLOURS) {
    assert.deepEqual(
      keysBy(table, colour),
      rows.filter(([, row]) => row.colour === colour).map(([key]) => key),
    );
  }
  let bytes = 0;
  for (const [key, , length] of table.range()) bytes += key.length + length;
  assert.equal(table.bytes, bytes);
}

test('DUR-16 a table does what a map does, whatever is put, removed, flushed, reopened and killed', async (t) => {
  const run = async (
    overflow: 'reject' | 'drop-first',
    steps: ReadonlyArray<typeof step extends fc.Arbitrary<infer S> ? S : never>,
  ): Promise<void> => {
    const options = { ...CARS, mostRows: BOUND, overflow };
    const model = new TableModel(overflow);
    const open = (system: ActorSystem): Table<Car> => system.table<Car>(options);
    let current = await testSystem(t, []);
    let table = open(current.system);
    /** What the table was after each step since the last flush. */
    let unflushed = [model.sorted()];
    for (const [index, now] of steps.entries()) {
      if (now.do === 'put') {
        const row = now.colour === undefined ? { km: index } : { colour: now.colour, km: index };
        assert.equal(table.put(now.key, row), model.put(now.key, row));
      } else if (now.do === 'remove') assert.equal(table.remove(now.key), model.rows.delete(now.key));
      else if (now.do === 'flush') await current.system.commit.flushed();
      else {
        current = now.do === 'reopen' ? await current.reopen() : await current.crash();
        table = open(current.system);
        const found = all(table);
        // What was flushed, or what came after that up to some step.
        if (now.do === 'kill') model.rows = new Map(unflushed.find((rows) => isSame(rows, found)));
      }
      unflushed.push(model.sorted());
      if (now.do !== 'put' && now.do !== 'remove') unflushed = [model.sorted()];
      agree(table, model.sorted());
    }
    await current.system.stop(0);
  };
  const overflow = fc.constantFrom('reject' as const, 'drop-first' as const);
  await fc.assert(fc.asyncProperty(overflow, fc.array(step, { maxLength: 40, size: 'max' }), run), {
    numRuns: 40,
    seed: 7,
  });
});

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
