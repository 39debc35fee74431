import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority } from '../../../src/actors/provisioning/index.js';
import { decodeCertificate } from '../../../src/protocols/x509/index.js';

const CASES = 100_000;
const CODES = new Set(['X509_TRUNCATED', 'X509_MALFORMED']);
const SEED = 0x2545f491;

test('any bytes whatever end in a result, never in an exception', async () => {
  const { certificatePem } = await createAuthority({
    commonName: 'Tesla Motors Products CA',
    organizationalUnits: ['a', 'b'],
  });
  const der = new X509Certificate(certificatePem).raw;
  const random = xorshift(SEED);
  let readable = 0;
  for (let round = 0; round < CASES; round++) {
    const mutant = Buffer.from(der.subarray(0, round % 8 === 0 ? random(der.length) : der.length));
    for (let count = 1 + random(4); count > 0 && mutant.length > 0; count--)
      mutant[random(mutant.length)] = random(256);
    const result = decodeCertificate(mutant);
    if (result.ok) readable += 1;
    else if (!CODES.has(result.error.code)) assert.fail(result.error.code);
  }
  assert.ok(readable > 0 && readable < CASES, 'the mutations reach beyond the first byte');
});

function xorshift(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
