import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimWhileDegraded } from '../../../src/runtime/append-log/degraded-trim.js';
import { openLog } from '../../../src/runtime/append-log/open-log.js';
import { planTrim } from '../../../src/runtime/append-log/trim-plan.js';
import { openStore } from '../store/group-commit-harness.js';
import { logFixture, payload, readTexts, unbounded } from './append-log-harness.js';

const buffer = (name: string, priority: number, bytes: number, keepBytes = 100) => ({
  name,
  priority,
  bytes,
  keepBytes,
});

const planned = (buffers: ReturnType<typeof buffer>[], wanted: number): string[] =>
  planTrim(buffers, wanted).map(({ buffer: { name }, bytes }) => `${name} ${bytes}`);

test('DUR-9 the lowest priority is trimmed first, within one the largest excess, and none below what it keeps', () => {
  const buffers = [buffer('c', 2, 1_000), buffer('small', 1, 300), buffer('large', 1, 500), buffer('low', 0, 150)];
  assert.deepEqual(planned(buffers, 40), ['low 40']);
  assert.deepEqual(planned(buffers, 100), ['low 50', 'large 50']);
  assert.deepEqual(planned(buffers, 600), ['low 50', 'large 400', 'small 150']);
  assert.deepEqual(planned(buffers, 1e9), ['low 50', 'large 400', 'small 200', 'c 900']);
  assert.deepEqual(planned([buffer('a', 0, 100), buffer('b', 0, 50)], 1e9), []);
  assert.deepEqual(planned(buffers, 0), []);
});

test('DUR-9 a log that rejects, whose entries somebody was promised, cannot be trimmed', async (t) => {
  const { commit, clock } = openStore(t);
  const readers = [{ ...unbounded('a'), trim: { priority: 0, keepBytes: 0 } }];
  await assert.rejects(openLog(commit, clock, { name: 'spool', readers }), { code: 'STORAGE_LOG_INVALID' });
});

test('DUR-9 while nothing can be written readers are trimmed oldest first, counted, and logged once', async (t) => {
  const trim = { priority: 0, keepBytes: 1_000 };
  const readers = [{ name: 'newest', boundBytes: 1e9, overflow: 'drop-oldest' as const, trim }, unbounded('promised')];
  const { commit, clock, log } = await logFixture(t, { readers });
  for (let number = 1; number <= 5_000; number++) log.append(payload(number), ['newest', 'promised']);
  await commit.flushed();
  const lines: string[] = [];
  const listeners: Array<(error: unknown) => void> = [];
  const onDegraded = (listener: (error: unknown) => void) => {
    listeners.push(listener);
    return () => {};
  };
  const logger = { warn: (_fields: object, message: string) => void lines.push(message) };
  const end = trimWhileDegraded({ system: { commit, onDegraded }, clock, log: logger }, log);
  const degraded = (error?: Error): void => {
    for (const listener of listeners) listener(error);
  };
  const newest = log.reader('newest');

  degraded(new Error('full'));
  assert.equal(newest.droppedBy.disk, 2_048, 'one step');
  await clock.advance(10_000);
  assert.ok(newest.pending().bytes <= 1_000 && newest.pending().bytes > 900, 'down to what it keeps, to an entry');
  const texts = readTexts(newest);
  assert.deepEqual([texts[0], texts.at(-1)], [String(5_000 - texts.length + 1), '5000']);
  assert.equal(newest.dropped, 5_000 - texts.length);
  assert.deepEqual([log.reader('promised').dropped, log.reader('promised').pending().items], [0, 5_000]);
  assert.deepEqual(lines, ['log_trimmed']);

  degraded();
  assert.equal(clock.pending, 0, 'nothing goes on when it is over');
  degraded(new Error('full again'));
  await clock.advance(10_000);
  assert.equal(newest.dropped, 5_000 - texts.length, 'nothing is left to drop');
  end();
  assert.equal(clock.pending, 0);
});
