import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AppendLog, AppendResult } from '../../../src/runtime/append-log/append-log.js';
import type { LogReaderOptions } from '../../../src/runtime/append-log/log-reader.js';
import { openLog } from '../../../src/runtime/append-log/open-log.js';
import { openStore } from '../store/group-commit-harness.js';
import { settled, storedSeqs } from './append-log-harness.js';
import { LogModel, type ModelResult } from './append-log-model.js';

const READERS: readonly LogReaderOptions[] = [
  { name: 'rejecting', boundBytes: 1_500, boundItems: 12, overflow: 'reject' },
  { name: 'dropping', boundBytes: 900, boundItems: 8, overflow: 'drop-oldest' },
  { name: 'aging', boundBytes: 2_000, maxAgeMs: 100, overflow: 'drop-oldest' },
];
const NAMES = READERS.map((reader) => reader.name);

const reader = fc.nat({ max: READERS.length - 1 });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      size: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 120 }) }, { weight: 1, arbitrary: fc.constant(1_600) }),
      readers: fc.subarray(NAMES),
      producer: fc.constantFrom('car', 'bus'),
      /** Most numbers follow each other; some are repeated. */
      back: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      reader,
      items: fc.nat({ max: 6 }),
      bytes: fc.nat({ max: 400 }),
      /** Share of what was read that is confirmed. */
      confirm: fc.constantFrom(0, 0, 0.5, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rewind' as const), reader }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 70 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), orderly: fc.boolean() }) },
);

const outcome = (result: AppendResult): ModelResult => {
  if (result.stored) return result.seq;
  return result.reason === 'full' ? `full ${result.reader}` : 'duplicate';
};

test('DUR-15 the log does what its model does, whatever is appended, read, confirmed, dropped, waited and reopened', async (t) => {
  const { commit, clock } = openStore(t);
  let runs = 0;
  const run = async (
    tailBytes: number,
    steps: ReadonlyArray<typeof step extends fc.Arbitrary<infer S> ? S : never>,
  ) => {
    const name = `log-${++runs}`;
    const options = { name, readers: READERS, tailBytes };
    const model = new LogModel(READERS);
    let log: AppendLog = await openLog(commit, clock, options);
    const next = new Map<string, number>();
    const flush = async (): Promise<void> => {
      await commit.flushed();
      model.flush();
    };
    await flush();

    for (const [index, now] of steps.entries()) {
      const modelReader = 'reader' in now ? model.readers[now.reader] : undefined;
      const logReader = log.reader(modelReader?.options.name ?? 'rejecting');
      if (now.do === 'append') {
        const text = `${index}`.padEnd(now.size, '.');
        const sequence = Math.max(1, (next.get(now.producer) ?? 1) - now.back);
        const expected = model.append(text, now.readers, now.producer, sequence);
        const result = log.append(Buffer.from(text), now.readers, { producer: now.producer, sequence });
        assert.equal(outcome(result), expected);
        if (result.stored) next.set(now.producer, sequence + 1);
      } else if (now.do === 'read' && modelReader) {
        const expected = model.read(modelReader, now.items, now.bytes);
        const items = logReader.read(now.items, now.bytes);
        assert.deepEqual(
          items.map((item) => [item.seq, item.payload.toString()]),
          expected.map((entry) => [entry.seq, entry.text]),
        );
        const confirmed = items[Math.ceil(items.length * now.confirm) - 1];
        if (confirmed) {
          logReader.confirm(confirmed.seq);
          model.confirm(modelReader, confirmed.seq);
        }
      } else if (now.do === 'rewind' && modelReader) {
        logReader.rewind();
        model.rewind(modelReader);
      } else if (now.do === 'wait') {
        await clock.advance(now.ms);
        model.now += now.ms;
      } else if (now.do === 'flush') {
        await flush();
      } else if (now.do === 'reopen') {
        if (now.orderly) log.close();
        log = await openLog(commit, clock, options);
        model.restart();
        await flush();
      }
      for (const expected of model.readers) {
        const actual = log.reader(expected.options.name);
        const { items, bytes } = actual.pending();
        assert.deepEqual({ items, bytes }, { items: model.pending(expected).length, bytes: model.bytes(expected) });
        assert.equal(actual.position, expected.position);
        assert.deepEqual(actual.droppedBy, expected.dropped);
      }
    }
    await settled(commit, () => storedSeqs(commit, name).length === model.wanted().length);
    assert.deepEqual(storedSeqs(commit, name), model.wanted());
    log.close();
  };
  const tail = fc.constantFrom(0, 500, 1e6);
  await fc.assert(fc.asyncProperty(tail, fc.array(step, { maxLength: 80, size: 'max' }), run), {
    numRuns: 60,
    seed: 3,
  });
});
