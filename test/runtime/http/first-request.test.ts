import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { FirstRequest } from '../../../src/runtime/http/first-request.js';
import { turnsOfLoop } from '../../fakes/runtime.js';

/** What HTTP is given of these pieces, and how many heads are told of. */
async function given(
  ...pieces: readonly (string | Buffer)[]
): Promise<{ text: string; heads: number; isCut: boolean }> {
  const socket = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() });
  let heads = 0;
  let text = '';
  const request = new FirstRequest(socket as Socket, () => heads++);
  request.on('data', (bytes: Buffer) => {
    text += bytes;
  });
  for (const piece of pieces) {
    socket.push(piece);
    await turnsOfLoop(2);
  }
  return { text, heads, isCut: socket.destroyed };
}

const HEAD = 'GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n';

test('PLS-3 HTTP sees one head, whatever follows it and however it is cut up', async () => {
  assert.deepEqual(await given(HEAD), { text: HEAD, heads: 1, isCut: false });
  assert.deepEqual(await given(HEAD.repeat(1_000)), { text: HEAD, heads: 1, isCut: false });
  assert.deepEqual(await given(...HEAD.repeat(2)), { text: HEAD, heads: 1, isCut: false });
  assert.equal((await given(HEAD.replaceAll('\r', '').repeat(2))).text, HEAD.replaceAll('\r', ''));
  assert.equal((await given(`\r\n\n\r\n${HEAD}${HEAD}`)).text, `\r\n\n\r\n${HEAD}`);
  assert.deepEqual(await given(HEAD.slice(0, -2)), { text: HEAD.slice(0, -2), heads: 0, isCut: false });
});

test('PLS-1 what stands behind the head is thrown away, and is bounded', async () => {
  assert.deepEqual(await given(HEAD, Buffer.alloc(60_000)), { text: HEAD, heads: 1, isCut: false });
  assert.deepEqual(await given(HEAD, ...Array(3).fill(Buffer.alloc(30_000))), { text: HEAD, heads: 1, isCut: true });
});
