import type { Address } from './address.js';
import type { ActorTap } from './cell-host.js';

/** Who looks at what actors take and give. Nobody looking costs one comparison. */
export class Taps {
  private readonly byAddress = new Map<Address, Set<ActorTap>>();

  /** Returns how to end it. */
  add(address: Address, tap: ActorTap): () => void {
    const taps = this.byAddress.get(address) ?? new Set();
    this.byAddress.set(address, taps.add(tap));
    return () => {
      taps.delete(tap);
      if (taps.size === 0) this.byAddress.delete(address);
    };
  }

  of(address: Address): ActorTap | undefined {
    if (this.byAddress.size === 0) return undefined;
    const taps = this.byAddress.get(address);
    return taps && all(taps);
  }
}

function all(taps: ReadonlySet<ActorTap>): ActorTap {
  return {
    started: (...args) => {
      for (const tap of taps) tap.started(...args);
    },
    restored: (...args) => {
      for (const tap of taps) tap.restored(...args);
    },
    event: (...args) => {
      for (const tap of taps) tap.event(...args);
    },
    hot: (...args) => {
      for (const tap of taps) tap.hot(...args);
    },
    committed: (...args) => {
      for (const tap of taps) tap.committed(...args);
    },
  };
}
