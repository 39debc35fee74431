import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeZapRequest, encodeZapReply, z85Encode } from '../../../src/protocols/zeromq/index.js';

const key = Buffer.alloc(32, 7);
const frames = (...parts: (string | Buffer)[]): Buffer[] => parts.map((part) => Buffer.from(part));
const ask = (changes: Readonly<Record<number, string | Buffer>> = {}): Buffer[] => {
  const parts = ['1.0', 'id', 'domain', '127.0.0.1', '', 'CURVE', key];
  return frames(...parts.map((part, index) => changes[index] ?? part));
};

describe('ZAP', () => {
  it('reads who asks for what', () => {
    assert.deepEqual(decodeZapRequest(ask()), {
      ok: true,
      value: {
        id: Buffer.from('id'),
        domain: 'domain',
        address: '127.0.0.1',
        mechanism: 'CURVE',
        publicKey: z85Encode(key),
      },
    });
    const plain = decodeZapRequest(ask({ 5: 'NULL' }).slice(0, 6));
    assert.equal(plain.ok && plain.value.publicKey, undefined);
  });

  it('refuses other versions, missing frames, and keys of another length', () => {
    for (const request of [[], ask().slice(0, 5), ask({ 0: '2.0' }), ask({ 6: 'short' }), ask().slice(0, 6)]) {
      const result = decodeZapRequest(request);
      assert.equal(!result.ok && result.error.code, 'ZAP_INVALID');
    }
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (request) => void decodeZapRequest(request)),
      { seed: 27, numRuns: 300 },
    );
  });

  it('answers with a status, and whose key it is', () => {
    const id = Buffer.from('id');
    assert.deepEqual(encodeZapReply(id, 'allowed', 'KEY'), ['1.0', id, '200', 'OK', 'KEY', '']);
    assert.deepEqual(encodeZapReply(id, 'denied'), ['1.0', id, '400', 'NO ACCESS', '', '']);
  });
});
