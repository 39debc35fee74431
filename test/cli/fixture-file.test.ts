import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { FixtureFile } from '../../src/cli/fixture-file.js';

/** As much of a socket as a recording uses. */
class FakeSource {
  isPaused = false;
  isEnded = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  terminate(): void {
    this.isEnded = true;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('CLI-3 what cannot be written ends the recording, and says why and what to do', async () => {
  const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('ENOSPC: no space left on device')) });
  const file = new FixtureFile('a.jsonl', full);
  const source = new FakeSource();
  file.write('line', source);
  await turn();
  assert.equal(source.isEnded, true);
  file.write('later', source);
  await assert.rejects(file.close(), {
    message: 'cannot write a.jsonl: ENOSPC: no space left on device',
    exitCode: 1,
    hint: /^the recording is not whole: delete it, free space/,
  });
});

test('a recording is read no faster than the disk takes it', async () => {
  const written: string[] = [];
  const pending: (() => void)[] = [];
  const slow = new Writable({
    highWaterMark: 10,
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      pending.push(done);
    },
  });
  const file = new FixtureFile('a.jsonl', slow);
  const source = new FakeSource();
  file.write('short', source);
  assert.equal(source.isPaused, false);
  file.write('too much', source);
  file.write('read before', source);
  assert.equal(source.isPaused, true);
  for (let line = 0; line < 3; line++) {
    pending.shift()?.();
    await turn();
  }
  assert.equal(source.isPaused, false);
  await file.close();
  assert.deepEqual(written, ['short\n', 'too much\n', 'read before\n']);
});
