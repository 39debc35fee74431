import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const run = (...args: string[]) => spawnSync(process.execPath, args, { encoding: 'utf8' });

test('generated pages, links, examples of configuration and error codes fit the code', () => {
  const { status, stderr } = run('scripts/generate-docs.mjs', '--check');
  assert.equal(status, 0, stderr);
});

test('each rule that is listed as covered has a test, and each conformance test names a rule', () => {
  const { status, stderr } = run('scripts/check-rules.mjs');
  assert.equal(status, 0, stderr);
});
