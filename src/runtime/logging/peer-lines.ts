import type { Clock } from '../clock.js';

const MINUTE_MS = 60_000;

export interface PeerLinesOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Of one peer. */
  readonly perMinute: number;
  /** How many peers are remembered. @default 16 384 */
  readonly capacity?: number;
}

interface Counted {
  readonly since: number;
  told: number;
  untold: number;
}

/**
 * Bounds what one peer can make of a log by doing what is allowed, over and over: so many times a minute it is told,
 * then counted until the minute is over (ARCHITECTURE section 9).
 */
export class PeerLines {
  private readonly counted = new Map<string, Counted>();

  constructor(private readonly options: PeerLinesOptions) {}

  /** How many times before went untold, or undefined if this one does. */
  tell(peer: string): number | undefined {
    const { clock, perMinute, capacity = 16_384 } = this.options;
    const now = clock.monotonic();
    const known = this.counted.get(peer);
    if (known && now - known.since < MINUTE_MS) {
      if (known.told < perMinute) {
        known.told++;
        return 0;
      }
      known.untold++;
      return undefined;
    }
    // Set anew, so that the map's first peer is the one whose minute is the oldest.
    this.counted.delete(peer);
    this.counted.set(peer, { since: now, told: 1, untold: 0 });
    if (this.counted.size > capacity) this.forgetOldest();
    return known?.untold ?? 0;
  }

  private forgetOldest(): void {
    for (const peer of this.counted.keys()) {
      this.counted.delete(peer);
      return;
    }
  }
}
