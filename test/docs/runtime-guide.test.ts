import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../fakes/runtime.js';

test('the example of the runtime guide runs as it stands', (t) => {
  const guide = readFileSync('docs/guide/runtime.md', 'utf8');
  const [, example = ''] = /```js\n([\s\S]*?)```/.exec(guide) ?? [];
  assert.ok(example.split('\n').length <= 45);
  // Beside the build, from where a bare `xstate` is found.
  const script = join('dist', `runtime-guide-${process.pid}.mjs`);
  writeFileSync(script, example.replace("'fleetchart/runtime'", "'./src/runtime/index.js'"));
  t.after(() => rmSync(script));
  const folder = temporaryFolder(t);
  const run = (): string => execFileSync(process.execPath, [script, folder], { encoding: 'utf8' });
  const first = run();
  assert.match(first, /waitsFor: 'somebody at home'/);
  assert.match(first, /parcel\/42 delivered, receipt \w+/);
  assert.doesNotMatch(run(), /delivered/);
});
