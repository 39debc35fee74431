import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const MARKER = /^(?:<{7}|>{7}|\|{7})(?: |$)|^={7}$/m;

function trackedFiles(): string[] | undefined {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z', '--cached'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\0').filter((file) => file !== '') : undefined;
}

const files = trackedFiles();

test('no file holds what a merge left undone', { skip: files === undefined && 'this is no checkout' }, () => {
  const unfinished = (files ?? []).filter((file) => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      // Removed in the working tree, or a link to a folder.
      return false;
    }
    return !text.includes('\0') && MARKER.test(text);
  });
  assert.deepEqual(unfinished, []);
});

test('what commands of the guides write into a checkout is ignored, and fixtures are not', { skip: !files }, () => {
  const ignored = (path: string) => spawnSync('git', ['check-ignore', '-q', path]).status === 0;
  for (const path of ['certs/ca.crt', 'certs/devices/A/device.key', 'car.jsonl', 'hub.yaml', 'bundles/a.tar']) {
    assert.ok(ignored(path), path);
  }
  for (const path of ['fixtures/a.jsonl', 'fixtures/deep/b.jsonl', 'config/hub.yaml', 'test/certs/a.crt']) {
    assert.ok(!ignored(path), path);
  }
});
