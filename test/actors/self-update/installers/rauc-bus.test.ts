import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { it } from 'node:test';
import { RaucBus } from '../../../../src/actors/self-update/installers/rauc/rauc-bus.js';
import { temporaryFolder } from '../../../fakes/runtime.js';

it('SUA-54 a bus that accepts and says nothing fails the call, which does not wait for ever', async (t) => {
  const path = join(temporaryFolder(t), 'bus');
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  const bus = new RaucBus(`unix:path=${path}`, 50);
  t.after(() => bus.close());
  await assert.rejects(bus.call('GetSlotStatus'), /no answer within 50 ms/);
});
