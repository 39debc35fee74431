import { ActorError } from './errors.js';

/** `type/key`, e.g. `dispatcher/file` (RT-1): unique, stable over restarts, at most 512 bytes of UTF-8. */
export type Address = string;

const LONGEST_ADDRESS = 512;
const TYPE = /^[a-z][a-z0-9-]*$/;
// Control characters separate the parts of store keys.
const KEY = /^[^\p{Cc}]+$/u;

/** Composes an address; throws {@link ActorError} `ACTOR_ADDRESS_INVALID` when the parts do not make one. */
export function addressOf(type: string, key: string): Address {
  const address = `${type}/${key}`;
  if (!isAddress(address)) throw new ActorError('ACTOR_ADDRESS_INVALID', `not an address: ${JSON.stringify(address)}`);
  return address;
}

/** Also for what comes out of a machine or from outside, and may be anything. */
export function isAddress(text: unknown): text is Address {
  if (typeof text !== 'string') return false;
  const slash = text.indexOf('/');
  return (
    slash > 0 &&
    TYPE.test(text.slice(0, slash)) &&
    KEY.test(text.slice(slash + 1)) &&
    Buffer.byteLength(text) <= LONGEST_ADDRESS
  );
}

export const typeOf = (address: Address): string => address.slice(0, address.indexOf('/'));

export const keyOf = (address: Address): string => address.slice(address.indexOf('/') + 1);
