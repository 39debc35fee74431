import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLocation } from '../../../src/protocols/fleet-telemetry/location.js';

describe('positions as text', () => {
  it('FT-TX-2 reads latitude and longitude; the letter negates the number', () => {
    const cases: [string, number, number][] = [
      ['(37.412374 N, 122.145867 W)', 37.412374, -122.145867],
      ['(37.412374 S, 122.145867 E)', -37.412374, 122.145867],
      ['(-37.4 S, -1 W)', 37.4, 1],
      ['(  +37. N,  \t.5e1   E)', 37, 5],
      ['(1E+1 N, 1e-1 E)', 10, 0.1],
      ['(0 N, 0 E) and anything after', 0, 0],
    ];
    for (const [text, latitude, longitude] of cases)
      assert.deepEqual(parseLocation(text), { latitude, longitude }, text);
  });

  it('FT-TX-2 leaves every other text alone', () => {
    const texts = [
      '',
      ' (37.4 N, 122.1 W)',
      '(37.4N, 122.1W)',
      '(37.4 N,122.1 W)',
      '(37.4 n, 122.1 w)',
      '(37.4 N, 122.1 W',
      '(37.4 N, 122.1 W )',
      '(37.4 E, 122.1 N)',
      '(37.4 NN, 122.1 W)',
      '(0x25 N, 122.1 W)',
      '(. N, 122.1 W)',
      '(NaN N, 122.1 W)',
      '(1e N, 122.1 W)',
      '(1e999 N, 122.1 W)',
      '(37.4 N; 122.1 W)',
      '(37.4 N, 122.1)',
    ];
    for (const text of texts) assert.equal(parseLocation(text), undefined, text);
  });

  it('FT-TX-2 is not slowed down by long texts', () => {
    const long = 1_000_000;
    for (const text of [
      `(${'1'.repeat(long)}`,
      `(${' '.repeat(long)}`,
      `(1 N, ${' '.repeat(long)}`,
      `(1${' '.repeat(long)}`,
    ]) {
      assert.equal(parseLocation(text), undefined);
    }
    assert.deepEqual(parseLocation(`(0.${'1'.repeat(long)} N, 0 E)`)?.longitude, 0);
  });
});
