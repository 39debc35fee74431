import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../fakes/runtime.js';

test('npm start says that it builds, beside what the command itself prints', (t) => {
  const folder = temporaryFolder(t);
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  put('dist/program/main.js', 'console.log("runs")');
  mkdirSync(join(folder, 'scripts'));
  copyFileSync('scripts/build-and-run.mjs', join(folder, 'scripts/build-and-run.mjs'));
  const started = (build: string) => {
    put('package.json', JSON.stringify({ type: 'module', scripts: { build } }));
    return spawnSync(process.execPath, ['scripts/build-and-run.mjs'], { cwd: folder, encoding: 'utf8' });
  };
  const good = started('node -e 0');
  assert.deepEqual([good.status, good.stdout], [0, 'runs\n']);
  assert.match(good.stderr, /^building/);
  const bad = started('exit 3');
  assert.deepEqual([bad.status, bad.stdout], [3, '']);
});
