import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import * as zeromq from 'zeromq';
import { type DeniedClient, Gatekeeper, ZAP_DOMAIN } from '../../../src/actors/dispatch/zmq/gatekeeper.js';
import { ZAP_ADDRESS, z85Encode } from '../../../src/protocols/zeromq/index.js';

const key = Buffer.alloc(32, 7);
const stranger = Buffer.alloc(32, 8);
const question = (changes: Readonly<Record<number, string | Buffer>> = {}): (string | Buffer)[] =>
  ['1.0', 'id', ZAP_DOMAIN, '127.0.0.1', '', 'CURVE', key].map((frame, index) => changes[index] ?? frame);

/** Asks as a socket does, and tells the status of the answer. */
async function setUp(t: TestContext, onDenied: (client: DeniedClient) => void) {
  const context = new zeromq.Context();
  const keys = { serverSecretKey: '', allowed: new Set([z85Encode(key)]) };
  const gatekeeper = await Gatekeeper.start(zeromq, context, keys, onDenied);
  const socket = new zeromq.Request({ context, linger: 0, receiveTimeout: 60_000 });
  t.after(() => {
    socket.close();
    gatekeeper.close();
  });
  socket.connect(ZAP_ADDRESS);
  return async (frames: readonly (string | Buffer)[]): Promise<string> => {
    await socket.send([...frames]);
    const [, id, status] = await socket.receive();
    assert.equal(`${id}`, frames.length > 1 ? 'id' : '');
    return `${status}`;
  };
}

describe('the gatekeeper', () => {
  it('ZAP-1 lets in who proves a key that is allowed, and nobody else', async (t) => {
    const denied: (string | undefined)[] = [];
    const ask = await setUp(t, ({ publicKey }) => denied.push(publicKey));
    assert.equal(await ask(question()), '200');
    for (const refused of [
      question({ 6: stranger }),
      question({ 6: 'short' }),
      question({ 2: 'another' }),
      question({ 5: 'NULL' }).slice(0, 6),
      question({ 0: '2.0' }),
      question().slice(0, 6),
      [''],
    ]) {
      assert.equal(await ask(refused), '400');
    }
    assert.deepEqual(denied, [z85Encode(stranger), z85Encode(key), undefined]);
    assert.equal(await ask(question()), '200');
  });

  it('ZAP-2 answers a question that fails, and the next ones', async (t) => {
    const ask = await setUp(t, () => {
      throw new Error('the listener fails');
    });
    assert.equal(await ask(question({ 6: stranger })), '500');
    assert.equal(await ask(question()), '200');
  });
});
