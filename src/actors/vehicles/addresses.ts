import { type Address, addressOf, keyOf } from '../../runtime/index.js';

export const PRESENCE_TYPE = 'presence';

/** Undefined for what a certificate may say and no address holds. */
export function presenceAddress(vin: string): Address | undefined {
  try {
    return addressOf(PRESENCE_TYPE, vin);
  } catch {
    return undefined;
  }
}

export const vinOf = (address: Address): string => keyOf(address);
