import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fakes/runtime.js';

test('RT-8 in a real process actors answer for their stray errors; one that is nobody’s ends it in order', async (t) => {
  const script = fileURLToPath(new URL('./runtime-stray-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, temporaryFolder(t)], { timeout: 60_000 });
  const [out, log, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const lines = out.trimEnd().split('\n');
  const failed = ['rejection', 'socket', 'timer'].map((name) => `actor_failed ${name}/k left by ${name}`);
  assert.deepEqual(lines.slice(0, -1).sort(), failed, log);
  assert.match(lines.at(-1) ?? '', /^stopped with \d live$/);
  assert.match(log, /"actor":"timer\/k".*"an actor left an error uncaught"|an actor left an error uncaught.*timer\/k/);
  assert.match(log, /left by nobody/);
  assert.equal(code, 1);
});
