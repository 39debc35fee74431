import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StorageError } from '../../../src/runtime/errors.js';
import type { StoreFile } from '../../../src/runtime/store/store-file.js';
import { openStore, until } from './group-commit-harness.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const RETRY_MS = 5_000;

test('DUR-9 the store leaves the degraded state although nothing is left of what it could not write', async (t) => {
  for (const removedDuring of ['the write', 'the degraded state']) {
    const { commit, clock } = openStore(t);
    const { file } = commit as unknown as { file: StoreFile };
    const write = file.write.bind(file);
    file.write = async () => {
      throw new StorageError('STORAGE_WRITE_FAILED', 'no space left', { retryable: true });
    };
    commit.put('inbox', 'a', bytes('1'));
    let released = false;
    commit.afterFlush(() => (released = true));
    if (removedDuring === 'the write') {
      await until(() => commit.counts.batches === 1);
      commit.removeOnce('inbox', 'a');
    }
    await until(() => commit.degraded !== undefined);
    if (removedDuring === 'the degraded state') commit.removeOnce('inbox', 'a');
    file.write = write;
    for (let tries = 0; tries < 3; tries++) {
      await clock.advance(RETRY_MS);
      await commit.flushed();
    }
    assert.equal(released, true);
    assert.equal(commit.degraded, undefined, `removed during ${removedDuring}`);
    commit.put('inbox', 'b', bytes('2'));
    await commit.flushed();
    assert.equal(commit.get('inbox', 'b')?.toString(), '2');
  }
});
