import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Once } from '../../../src/runtime/append-log/log-repeats.js';
import { logFixture, payload, readTexts, settled, storedSeqs, unbounded } from './append-log-harness.js';

const once = (key: string, source: string, until?: string): { once: Once } => ({ once: { key, source, until } });

test('DUR-15 an entry with a key is stored once, unless the same source means it again', async (t) => {
  const { commit, log } = await logFixture(t);
  const append = (key: string, source: string) => log.append(payload(1), ['a'], once(key, source));
  assert.deepEqual(append('k', 'first'), { stored: true, seq: 1 });
  assert.deepEqual(append('k', 'second'), { stored: false, reason: 'duplicate' });
  assert.deepEqual(append('k', 'first'), { stored: true, seq: 2 });
  assert.deepEqual(append('other', 'second'), { stored: true, seq: 3 });
  await commit.flushed();
  assert.equal(readTexts(log.reader('a')).length, 3);
  assert.equal(log.counts.duplicates, 1);
});

test('DUR-15 what the bound of a reader refuses is stored when it comes again', async (t) => {
  const { commit, log } = await logFixture(t, { readers: [{ ...unbounded('a'), boundItems: 1 }] });
  assert.equal(log.append(payload(1), ['a'], once('one', 'first')).stored, true);
  assert.deepEqual(log.append(payload(2), ['a'], once('two', 'first')), { stored: false, reason: 'full', reader: 'a' });
  await commit.flushed();
  readTexts(log.reader('a'));
  log.reader('a').confirm(1);
  assert.equal(log.append(payload(2), ['a'], once('two', 'second')).stored, true);
});

test('DUR-15 a repeat is awaited until its reader has confirmed it, and stored if that one passed it without', async (t) => {
  const { commit, log } = await logFixture(t);
  const append = (key: string, source: string) => log.append(payload(1), ['a', 'b'], once(key, source, 'a'));
  for (const key of ['confirmed', 'refused', 'waiting']) append(key, 'first');
  await commit.flushed();
  for (const reader of ['a', 'b']) readTexts(log.reader(reader));
  log.reader('b').confirm(3);
  assert.deepEqual(append('confirmed', 'second'), { stored: false, reason: 'awaited' });
  log.reader('a').confirm(2);
  log.settled('confirmed');
  assert.deepEqual(append('confirmed', 'second'), { stored: false, reason: 'duplicate' });
  assert.deepEqual(append('refused', 'second'), { stored: true, seq: 4 });
  for (const source of ['first', 'second']) {
    assert.deepEqual(append('waiting', source), { stored: false, reason: 'awaited' }, source);
  }
});

test('DUR-15 keys are known after a restart, confirmed ones as such, and after the entries are gone', async (t) => {
  const { commit, log, reopen } = await logFixture(t);
  log.append(payload(1), ['a'], once('plain', 'first'));
  log.append(payload(2), ['a'], once('confirmed', 'first', 'a'));
  log.append(payload(3), ['a'], once('refused', 'first', 'a'));
  await commit.flushed();
  readTexts(log.reader('a'));
  log.reader('a').confirm(3);
  log.settled('confirmed');
  log.settled('unheard of');
  await settled(commit, () => storedSeqs(commit).length === 0);

  const again = await reopen();
  assert.deepEqual(again.append(payload(1), ['a'], once('plain', 'first')), { stored: false, reason: 'duplicate' });
  const confirmed = again.append(payload(2), ['a'], once('confirmed', 'second', 'a'));
  assert.deepEqual(confirmed, { stored: false, reason: 'duplicate' });
  assert.deepEqual(again.append(payload(3), ['a'], once('refused', 'second', 'a')), { stored: true, seq: 4 });
});

test('DUR-15 the oldest keys are forgotten, in memory and on disk, and stored again then', async (t) => {
  const { commit, log, reopen } = await logFixture(t, { mostKeyRows: 2 });
  const key = (number: number): string => `${number}`.padStart(191, '0');
  // Ten of 200 bytes fill a row.
  for (let number = 1; number <= 35; number++) {
    log.append(payload(number), ['a'], once(key(number), 'first'));
    if (number % 4 === 0) await commit.flushed();
  }
  await commit.flushed();
  const rows = () => [...commit.range('positions', 'spool/once/', 'spool/once0')];
  assert.equal(rows().length, 2);
  for (const [, row] of rows()) assert.ok(row.length <= 2_000);
  const isKnown = (of: typeof log, number: number) => !of.append(payload(1), ['a'], once(key(number), 'second')).stored;
  assert.equal(isKnown(log, 21), true);
  const again = await reopen({ mostKeyRows: 2 });
  assert.equal(isKnown(again, 35), true);
  assert.equal(isKnown(again, 20), false);
});
