import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareRowKeys } from '../../../src/runtime/store/row-key.js';
import { openStore } from './group-commit-harness.js';

const LAST = '\u{10ffff}';

test('DUR-4 every string is a key of its own, comes back as it was and sorts by code point', async (t) => {
  const { commit } = openStore(t);
  const unit = fc.constantFrom(
    '\0',
    '\x01',
    '\x04',
    '\x05',
    'a',
    'b',
    '/',
    'é',
    '€',
    '\ud800',
    '\udc00',
    '😀',
    '\uffff',
  );
  const keys = new Set([
    '\0',
    '\0'.repeat(1_900),
    'x'.repeat(1_900),
    '€'.repeat(633),
    '😀'.repeat(475),
    `${'a'.repeat(70)}\0b`,
  ]);
  for (const key of fc.sample(fc.string({ unit, minLength: 1, maxLength: 150 }), { numRuns: 1_500, seed: 1 }))
    keys.add(key);
  for (const key of keys) commit.put('meta', key, Buffer.from(`of ${key}`, 'utf16le'));
  const sorted = [...keys].sort(compareRowKeys);
  const points = [...keys].sort((a, b) => compareCodePoints([...a], [...b]));
  assert.deepEqual(sorted, points);
  for (const state of ['pending', 'on disk']) {
    assert.deepEqual(
      [...commit.range('meta', '', LAST)].map(([key]) => key),
      sorted,
      state,
    );
    for (const key of keys) assert.equal(commit.get('meta', key)?.toString('utf16le'), `of ${key}`, state);
    await commit.flushed();
  }
});

function compareCodePoints(a: string[], b: string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

test('DUR-4 a key that LMDB cannot hold is refused when it is handed over, and not found', (t) => {
  const { commit } = openStore(t);
  for (const key of ['', 'x'.repeat(1_901), '€'.repeat(634), '\0'.repeat(5_000)]) {
    assert.throws(() => commit.put('meta', key, Buffer.alloc(1)), { code: 'STORAGE_KEY_INVALID' });
    assert.throws(() => commit.remove('meta', key), { code: 'STORAGE_KEY_INVALID' });
    assert.equal(commit.get('meta', key), undefined);
  }
  assert.throws(() => [...commit.range('meta', 'a', 'x'.repeat(1_901))], { code: 'STORAGE_KEY_INVALID' });
  assert.deepEqual([...commit.range('meta', 'a', '')], []);
  assert.equal(commit.pending, false);
});

test('DUR-4 values of any length come back, the empty one too', async (t) => {
  const { commit } = openStore(t);
  const values = [0, 1, 4_095, 40_000, 300_000].map((length) => Buffer.alloc(length, length));
  for (const value of values) commit.put('meta', `value ${value.length}`, value);
  await commit.flushed();
  for (const value of values) assert.ok(commit.get('meta', `value ${value.length}`)?.equals(value));
  const read = new Map(commit.range('meta', 'value', 'valuf'));
  for (const value of values) assert.ok(read.get(`value ${value.length}`)?.equals(value));
});
