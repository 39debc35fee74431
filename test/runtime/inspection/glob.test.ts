import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Glob } from '../../../src/runtime/inspection/glob.js';

test('a glob fits as its expression would', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*'), maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (glob, address) => {
      const expression = new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      assert.equal(new Glob(glob).test(address), expression.test(address));
    }),
    { seed: 1, numRuns: 5_000 },
  );
});

test('a glob of many stars costs no more than its length', () => {
  const address = `vehicle-connection/${'a'.repeat(480)}`;
  for (const stars of [8, 100, 599]) assert.equal(new Glob(`${'*'.repeat(stars)}!`).test(address), false);
  assert.equal(new Glob(`*${'a*'.repeat(200)}`).test(address), true);
});
