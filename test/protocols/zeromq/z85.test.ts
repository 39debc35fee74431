import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isCurveKey, z85Decode, z85Encode } from '../../../src/protocols/zeromq/index.js';

const bytes = Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b);

describe('Z85', () => {
  it('has the form of the specification', () => {
    assert.equal(z85Encode(bytes), 'HelloWorld');
    assert.deepEqual(z85Decode('HelloWorld'), bytes);
    assert.throws(() => z85Encode(bytes.subarray(1)), /7 bytes have no Z85 form/);
  });

  it('refuses what is none, and comes back as it went', () => {
    for (const text of ['Hell', 'Hello,', 'Hell~', 'Hell\u{1f600}', '#####', 'Hell é']) {
      assert.equal(z85Decode(text), undefined, text);
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        const text = z85Encode(key);
        assert.ok(isCurveKey(text));
        assert.deepEqual(z85Decode(text), key);
      }),
      { seed: 85, numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 20 }), (text) => {
        const decoded = z85Decode(text);
        assert.ok(decoded === undefined || z85Encode(decoded) === text);
      }),
      { seed: 85, numRuns: 500 },
    );
  });
});
