import type { Address } from '../address.js';
import type { ActorTap } from '../cell/cell-host.js';

/** Who looks at what actors take and give. Nobody looking costs one comparison. */
export class Taps {
  private readonly byAddress = new Map<Address, Set<ActorTap>>();

  constructor(private readonly failed: (address: Address, error: unknown) => void) {}

  /** Returns how to end it. */
  add(address: Address, tap: ActorTap): () => void {
    const taps = this.byAddress.get(address) ?? new Set();
    this.byAddress.set(address, taps.add(tap));
    return () => this.remove(address, tap);
  }

  of(address: Address): ActorTap | undefined {
    if (this.byAddress.size === 0) return undefined;
    const taps = this.byAddress.get(address);
    return taps && this.all(address, taps);
  }

  /** What a tap throws is its own end and nobody else's: it is called in the middle of a turn (RT-7). */
  private all(address: Address, taps: ReadonlySet<ActorTap>): ActorTap {
    const each = (call: (tap: ActorTap) => void): void => {
      for (const tap of [...taps]) {
        try {
          call(tap);
        } catch (error) {
          this.remove(address, tap);
          this.failed(address, error);
        }
      }
    };
    return {
      started: (...args) => each((tap) => tap.started(...args)),
      restored: (...args) => each((tap) => tap.restored(...args)),
      event: (...args) => each((tap) => tap.event(...args)),
      hot: (...args) => each((tap) => tap.hot(...args)),
      committed: (...args) => each((tap) => tap.committed(...args)),
    };
  }

  private remove(address: Address, tap: ActorTap): void {
    const taps = this.byAddress.get(address);
    if (taps?.delete(tap) && taps.size === 0) this.byAddress.delete(address);
  }
}
