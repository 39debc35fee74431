const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** Below this, a float32 times a power of ten up to 10^12 is exact in a double. */
const EXACT_LIMIT = 2 ** 24;
const SMALLEST_BY_DECIMALS = 1e-3;
const POWERS_OF_TEN = Array.from({ length: 13 }, (_, exponent) => 10 ** exponent);

/** Digits that tell any float32 from its neighbours. */
const LONGEST_FLOAT32 = 9;

/** Longer texts are rounded to a double first, so that nobody pays for arithmetic on a million digits. */
const EXACT_TEXT_LENGTH = 1000;

/**
 * The double that prints as the shortest decimal number which still is the float32 `value`: 12.3 for the float32 that
 * as a double prints as 12.300000190734863 (FT-JS-5). Of several such numbers the nearest, of two as near the even one.
 */
export function shortestFloat32(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude >= SMALLEST_BY_DECIMALS && magnitude < EXACT_LIMIT) {
    for (const power of POWERS_OF_TEN) {
      const candidate = roundHalfToEven(magnitude * power) / power;
      if (Math.fround(candidate) === magnitude) return value < 0 ? -candidate : candidate;
    }
  }
  if (magnitude === 0 || !Number.isFinite(value)) return value;
  const shortest = shortestOfDigits(magnitude);
  return value < 0 ? -shortest : shortest;
}

/** As {@link shortestFloat32}, by way of the exact decimal digits: slow, for any magnitude. */
function shortestOfDigits(magnitude: number): number {
  const [mantissa = '', exponent = ''] = magnitude.toExponential(100).split('e');
  const digits = mantissa.replace('.', '');
  for (let count = 1; count < LONGEST_FLOAT32; count += 1) {
    const below = Number(digits.slice(0, count));
    const rest = Number(`0.${digits.slice(count)}`);
    const isAboveNearer = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
    // Either may be this float32: the lower neighbour of a power of two is half as far as the upper one.
    for (const integer of isAboveNearer ? [below + 1, below] : [below, below + 1]) {
      const candidate = Number(`${integer}e${Number(exponent) - count + 1}`);
      if (Math.fround(candidate) === magnitude) return candidate;
    }
  }
  return Number(magnitude.toPrecision(LONGEST_FLOAT32));
}

/** Of a number up to 2^52. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** A decimal number rounded to a float32 once, not by way of a double; undefined if it is out of range (FT-TX-3). */
export function parseFloat32(text: string): number | undefined {
  const double = Number(text);
  const rounded = Math.fround(double);
  const magnitude = Math.abs(double);
  const candidate = finite(Math.abs(rounded));
  let nearest = candidate;
  if (candidate !== magnitude) {
    const other = neighbour(rounded, magnitude > candidate);
    // Only a double that stands halfway may have come from a decimal number on its other side.
    if (magnitude * 2 === candidate + other) {
      const side = compareDecimal(text, magnitude);
      if (side > 0) nearest = Math.max(candidate, other);
      if (side < 0) nearest = Math.min(candidate, other);
    }
  }
  if (nearest >= 2 ** 128) return undefined;
  return double < 0 || Object.is(double, -0) ? -nearest : nearest;
}

/** The magnitude of the float32 next to `value`, away from 0 or towards it. */
function neighbour(value: number, away: boolean): number {
  FLOAT[0] = Math.abs(value);
  BITS[0] = (BITS[0] as number) + (away ? 1 : -1);
  return finite(FLOAT[0] as number);
}

/** What stands for infinity when rounding: the number after the largest float32. */
function finite(magnitude: number): number {
  return magnitude === Infinity ? 2 ** 128 : magnitude;
}

/** Whether the magnitude of a decimal number is above (1), below (-1) or exactly (0) the finite `double`. */
function compareDecimal(text: string, double: number): number {
  if (text.length > EXACT_TEXT_LENGTH) return 0;
  const [, whole = '', fraction = '', exponent = '0'] = /^[+-]?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  let binary = double;
  let shift = 0n;
  for (; binary % 1 !== 0; binary *= 2) shift += 1n;
  let left = BigInt(whole + fraction) << shift;
  let right = BigInt(binary);
  const power = Number(exponent) - fraction.length;
  if (power >= 0) left *= 10n ** BigInt(power);
  else right *= 10n ** BigInt(-power);
  return left > right ? 1 : left < right ? -1 : 0;
}
