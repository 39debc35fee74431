import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressOf, isAddress, keyOf, typeOf } from '../../src/runtime/address.js';
import { joinKey, rangeOf, splitKey } from '../../src/runtime/store/store-keys.js';

test('RT-1 an address is a type and a key, at most 512 bytes, without control characters', () => {
  assert.equal(addressOf('vehicle', '5YJ3E1EA7JF000001'), 'vehicle/5YJ3E1EA7JF000001');
  for (const [type, key] of [
    ['', 'k'],
    ['Vehicle', 'k'],
    ['1a', 'k'],
    ['a b', 'k'],
    ['a', ''],
    ['a', 'line\nfeed'],
    ['a', '\u0000'],
    ['a', '\u0085'],
    ['a', 'é'.repeat(256)],
  ] as const) {
    assert.throws(() => addressOf(type, key), { code: 'ACTOR_ADDRESS_INVALID' }, JSON.stringify([type, key]));
  }
  assert.equal(isAddress(`a/${'k'.repeat(510)}`), true);
  assert.equal(isAddress(undefined), false);
});

test('RT-1 type and key come back from any address, and store keys from any parts', () => {
  const type = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  const key = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }).filter((text) => isAddress(`a/${text}`));
  fc.assert(
    fc.property(type, key, (someType, someKey) => {
      const address = addressOf(someType, someKey);
      assert.deepEqual([typeOf(address), keyOf(address)], [someType, someKey]);
      const row = joinKey(address, '0000', '1');
      assert.deepEqual(splitKey(row), [address, '0000', '1']);
      const [from, to] = rangeOf(address);
      assert.ok(row >= from && row < to);
      const longer = joinKey(`${address}x`, '0');
      assert.ok(longer < from || longer >= to, 'no other address lies in its range');
    }),
    { numRuns: 300, seed: 20_260_106 },
  );
});
