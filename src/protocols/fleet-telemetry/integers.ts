import type { Int64 } from './record-types.js';

/** The integer whose halves these are: a number if that holds it exactly, else a bigint (FT-PB-4). */
export function exactInteger({ low, high }: Int64): number | bigint {
  const number = high * 2 ** 32 + (low >>> 0);
  return Number.isSafeInteger(number) ? number : toBigInt({ low, high });
}

export function toBigInt({ low, high }: Int64): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
