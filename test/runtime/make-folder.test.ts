import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../src/runtime/make-folder.js';
import { temporaryFolder } from '../fakes/runtime.js';

test('a folder is made with those above it, once', (t) => {
  const path = join(temporaryFolder(t), 'a', 'b');
  for (const spelled of [path, path, `${path}/c/`, `${path}/d/..`]) makeFolder(spelled, 0o700);
  assert.equal(statSync(path).mode & 0o777, 0o700);
});

test('where the system allows none it fails, and does not try for ever', { skip: !existsSync('/proc/self') }, () => {
  assert.throws(() => makeFolder('/proc/fleetchart/a', 0o700), { code: 'ENOENT' });
});
