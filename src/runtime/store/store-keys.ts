import type { Address } from '../address.js';

/**
 * Separates the parts of a store key. Addresses hold no control characters, so that one sorts before every longer
 * address and never occurs in it.
 */
export const SEPARATOR = '\u0001';
const AFTER_SEPARATOR = '\u0002';

export const joinKey = (...parts: readonly string[]): string => parts.join(SEPARATOR);

export const splitKey = (key: string): string[] => key.split(SEPARATOR);

/** The range of all keys whose first part is `address`. */
export const rangeOf = (address: Address): [from: string, to: string] => [
  address + SEPARATOR,
  address + AFTER_SEPARATOR,
];
