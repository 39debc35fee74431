/**
 * Whose effect a callback or a promise belongs to (RT-8). It is known while an effect runs and in all that the effect
 * sets going: its timers, its sockets, its promises. Work that the runtime does for everybody is nobody's, even if an
 * effect gave the impulse: slices and the store run {@link unowned}. Node forgets whose a bare `queueMicrotask` is by the
 * time its error is handled: that one is nobody's.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Address } from './address.js';

export interface EffectOwner {
  readonly address: Address;
  /** Something that it set going has thrown where nobody catches. */
  strayed(error: unknown): void;
}

const owners = new AsyncLocalStorage<EffectOwner | undefined>();

export const owned = <T>(owner: EffectOwner, work: () => T): T => owners.run(owner, work);

export const unowned = <T>(work: () => T): T => owners.run(undefined, work);

/** A callback for whoever calls it: what it sets going belongs to whose it is now. */
export function keepOwner(callback: () => void): () => void {
  const owner = owners.getStore();
  return () => owners.run(owner, callback);
}

/** Hands the error that is being handled as uncaught to the actor that it came from; returns which, if any. */
export function claimStray(error: unknown): Address | undefined {
  const owner = owners.getStore();
  owner?.strayed(error);
  return owner?.address;
}
