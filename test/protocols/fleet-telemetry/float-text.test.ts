import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rewriteFloatText } from '../../../src/protocols/fleet-telemetry/float-text.js';

describe('numbers as text', () => {
  it('FT-TX-3 rewrites numbers with point and exponent with five decimals', () => {
    const cases: [string, string][] = [
      ['1.1920928955078125e-05', '0.00001'],
      ['1.23e-9', '0.00000'],
      ['-1.23e-9', '-0.00000'],
      ['1.1e10', '11000000512.00000'],
      ['-.5e-3', '-0.00050'],
      ['5.e2', '500.00000'],
      ['+.5E+3', '500.00000'],
      ['1.0e21', '1000000020040877342720.00000'],
      ['3.4028235e38', '340282346638528859811704183484516925440.00000'],
      ['0.0e0', '0.00000'],
    ];
    for (const [text, rewritten] of cases) assert.equal(rewriteFloatText(text), rewritten, text);
  });

  it('FT-TX-3 rounds halves to even', () => {
    // 2^-6 and 3 times it are exact as float32, and end in a 5 in the sixth decimal.
    assert.equal(rewriteFloatText('1.5625e-2'), '0.01562');
    assert.equal(rewriteFloatText('4.6875e-2'), '0.04688');
  });

  it('FT-TX-3 leaves every other text alone', () => {
    const texts = [
      '1e-5',
      '0.00000012',
      '3',
      '',
      '.e5',
      '1.0e',
      'e5',
      '1.0e5 ',
      ' 1.0e5',
      '1.0e5\n',
      '1_0.0e5',
      '0x1.0e5',
    ];
    for (const text of [...texts, '1.0e40', '-1.0e40', 'NaN', '１.0e5'])
      assert.equal(rewriteFloatText(text), undefined, text);
  });

  it('FT-TX-3 is not slowed down by long texts', () => {
    const digits = '1'.repeat(1_000_000);
    assert.equal(rewriteFloatText(digits), undefined);
    assert.equal(rewriteFloatText(`${digits}.`), undefined);
    assert.equal(rewriteFloatText(`.${digits}`), undefined);
    assert.equal(rewriteFloatText(`.${digits}e1`), '1.11111');
    assert.equal(rewriteFloatText(`1.0e${digits}`), undefined);
  });
});
