import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockStore } from '../../../src/runtime/store/store-lock.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const module = new URL('../../../src/runtime/store/store-lock.js', import.meta.url).href;

test('a store is for one process: another is told which one has it, and a crash leaves nothing in the way', async (t) => {
  const folder = temporaryFolder(t);
  const script = `
    import { lockStore } from ${JSON.stringify(module)};
    lockStore(${JSON.stringify(folder)});
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const inUse = {
    code: 'STORAGE_IN_USE',
    message: new RegExp(`in use by process ${child.pid}: stop it, or name .*npm start -- --data DIR`),
  };
  assert.throws(() => lockStore(folder), inUse);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const unlock = lockStore(folder);
  assert.match(readFileSync(join(folder, 'store.lock'), 'utf8'), new RegExp(`^${process.pid} `));
  unlock();
  // A number that is used again by another process.
  writeFileSync(join(folder, 'store.lock'), `${process.ppid} 1`);
  lockStore(folder)();
});
