import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
