import { parseFloat32, roundHalfToEven } from './float32.js';

const FLOAT_TEXT = /^[+-]?(?:\d*\.\d+|\d+\.\d*)[eE][+-]?\d+$/;

/** Integers from here on have no fraction as float32, and hundred thousand times less is exact in a double. */
const NO_FRACTION = 2 ** 24;

/**
 * What becomes of a text value that is a number with a point and an exponent: a float32 with exactly five decimals
 * (FT-TX-3). Undefined for any other text, and for numbers beyond float32.
 */
export function rewriteFloatText(text: string): string | undefined {
  if (!FLOAT_TEXT.test(text)) return undefined;
  const value = parseFloat32(text);
  return value === undefined ? undefined : withFiveDecimals(value);
}

/** Rounds halves to even, and writes large numbers without exponent, which `toFixed` does not. */
function withFiveDecimals(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  if (magnitude >= NO_FRACTION) return `${sign}${BigInt(magnitude)}.00000`;
  const digits = String(roundHalfToEven(magnitude * 100_000)).padStart(6, '0');
  return `${sign}${digits.slice(0, -5)}.${digits.slice(-5)}`;
}
