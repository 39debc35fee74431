import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFloat32, shortestFloat32 } from '../../../src/protocols/fleet-telemetry/float32.js';
import { seededRandom } from './record-generator.js';

describe('float32', () => {
  it('FT-JS-5 shortestFloat32 prints as few digits as tell the float32 from its neighbours', () => {
    const cases: [number, string][] = [
      [12.3, '12.3'],
      [-0.1, '-0.1'],
      [396.25, '396.25'],
      [16_777_215, '16777215'],
      [16_777_216, '16777216'],
      [11_000_000_512, '11000000000'],
      [1e-6, '0.000001'],
      [1e-7, '1e-7'],
      [1e20, '100000000000000000000'],
      [1e21, '1e+21'],
      [3.4028234663852886e38, '3.4028235e+38'],
      [2 ** -149, '1e-45'],
      [2 ** -126, '1.1754944e-38'],
      [0.000_1, '0.0001'],
      [400_647.125, '400647.12'],
    ];
    for (const [value, text] of cases) assert.equal(String(shortestFloat32(Math.fround(value))), text);
    assert.ok(Object.is(shortestFloat32(-0), -0));
    assert.ok(Number.isNaN(shortestFloat32(Number.NaN)));
    assert.equal(shortestFloat32(-Infinity), -Infinity);
  });

  it('FT-JS-5 shortestFloat32 stays the same float32, and no number of fewer digits would', () => {
    const random = seededRandom(1);
    const bits = new Uint32Array(1);
    const floats = new Float32Array(bits.buffer);
    for (let round = 0; round < 5000; round += 1) {
      bits[0] = round < 254 ? round << 23 : Math.floor(random() * 2 ** 32);
      const value = floats[0] as number;
      if (!Number.isFinite(value) || value === 0) continue;
      const shortest = shortestFloat32(value);
      assert.equal(Math.fround(shortest), value);
      const digits = significantDigits(shortest);
      for (let fewer = 1; fewer < digits; fewer += 1) {
        assert.notEqual(Math.fround(Number(value.toPrecision(fewer))), value, `${value} in ${fewer} digits`);
      }
    }
  });

  it('FT-TX-3 parseFloat32 rounds once, also where a double stands halfway between two float32', () => {
    // 1 + 2^-24 is halfway between 1 and the next float32; the double of all three texts.
    assert.equal(parseFloat32('1.000000059604644775390625e0'), 1);
    assert.equal(parseFloat32('1.0000000596046447753906250000000001e0'), 1 + 2 ** -23);
    assert.equal(parseFloat32('1.0000000596046447753906249999999999e0'), 1);
    assert.equal(parseFloat32('-1.0000000596046447753906250000000001e0'), -1 - 2 ** -23);
  });

  it('FT-TX-3 parseFloat32 knows the ends of the range', () => {
    assert.equal(parseFloat32('3.4028235e38'), 3.4028234663852886e38);
    assert.equal(parseFloat32('3.4028235677973365e38'), 3.4028234663852886e38);
    assert.equal(parseFloat32('3.4028235677973367e38'), undefined);
    assert.equal(parseFloat32('1.0e400'), undefined);
    assert.equal(parseFloat32('1.0e-400'), 0);
    assert.equal(parseFloat32('7.0e-46'), 0);
    assert.equal(parseFloat32('7.1e-46'), 2 ** -149);
    assert.ok(Object.is(parseFloat32('-0.0e5'), -0));
  });
});

function significantDigits(value: number): number {
  return value.toExponential().replace(/e.*/, '').replace(/[-.]/g, '').length;
}
