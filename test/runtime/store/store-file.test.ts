import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noRows } from '../../../src/runtime/store/commit-batch.js';
import { StoreFile } from '../../../src/runtime/store/store-file.js';
import { temporaryDirectory } from './group-commit-harness.js';

test('what is stored is for nobody else to read, even in a folder that is open to all', async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const store = new StoreFile(directory);
  t.after(() => store.close());
  const modes = readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mode & 0o777]);
  assert.deepEqual(Object.fromEntries(modes), { 'store.lmdb': 0o600, 'store.lmdb-lock': 0o600 });
});

test('DUR-9 what the disk has no room for is not tried', async (t) => {
  const store = new StoreFile(temporaryDirectory(t));
  t.after(() => store.close());
  const rows = noRows();
  rows.meta.set('a', Buffer.from('1'));
  const tooMuch = { size: 1, bytes: Number.MAX_SAFE_INTEGER / 4 };
  await assert.rejects(store.write(rows, tooMuch), { code: 'STORAGE_WRITE_FAILED', retryable: true });
  assert.equal(store.get('meta', 'a'), undefined);
  await store.write(rows, { size: 1e9, bytes: 1 });
  assert.equal(store.get('meta', 'a')?.toString(), '1');
});

test('DUR-9 a file that is no store is refused, and an empty one made one', async (t) => {
  const [strange, empty] = [temporaryDirectory(t), temporaryDirectory(t)];
  for (const content of ['hello', '\0'.repeat(100_000)]) {
    writeFileSync(join(strange, 'store.lmdb'), content);
    const refusal = { code: 'STORAGE_OPEN_FAILED', message: /it is no store; .*put back a copy/ };
    assert.throws(() => new StoreFile(strange), refusal);
  }
  writeFileSync(join(empty, 'store.lmdb'), '');
  await new StoreFile(empty).close();
  await new StoreFile(empty).close();
});
