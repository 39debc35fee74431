import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommitBatch } from '../../../src/runtime/store/commit-batch.js';

const value = (mebibytes: number): Buffer => Buffer.alloc(mebibytes * 1024 * 1024);

test('DUR-4 a batch is as large as the rows it holds: what was replaced, removed or forgotten does not count', () => {
  const batch = new CommitBatch();
  for (let n = 0; n < 10; n++) batch.set('meta', 'replaced', value(1));
  assert.equal(batch.isLarge, false);
  for (let n = 0; n < 10; n++) {
    batch.set('inbox', 'forgotten', value(1));
    batch.forget('inbox', 'forgotten');
    batch.set('inbox', 'removed', value(1));
    batch.set('inbox', 'removed', null);
  }
  assert.equal(batch.isLarge, false);
  batch.set('log', 'more', value(3));
  assert.equal(batch.isLarge, true);
});
