import { getHeapStatistics } from 'node:v8';
import type { Clock, TimerHandle } from './clock.js';

/** What may leave memory. */
export interface Sleeper {
  readonly isLive: boolean;
  readonly canSleep: boolean;
  readonly lastActivity: number;
  readonly type: { readonly idleAfterMs?: number | 'never'; readonly stored: boolean };
  sleep(): void;
}

const IDLE_AFTER_MS = 60_000;
const SHORTEST_MS = 1_000;
const SLEEPS_PER_SWEEP = 1_000;
/** Heap of a live actor with its timers, generously (runtime measurements: 5 kB). */
const HEAP_PER_ACTOR = 6_000;

/** Actors that the heap has room for, 60 % of its limit being theirs (PAS-3). */
export const liveActorsByHeap = (): number => Math.floor((0.6 * getHeapStatistics().heap_size_limit) / HEAP_PER_ACTOR);

/** Sends idle actors to sleep, the longest idle first when memory is short (PAS-1, PAS-3). */
export class Passivation {
  private readonly candidates = new Set<Sleeper>();
  private timer: TimerHandle;
  private isArmed = false;

  constructor(
    private readonly clock: Clock,
    private readonly live: () => number,
    private readonly maxLive: number,
  ) {}

  /** An actor has worked and may be idle from now on. */
  consider(cell: Sleeper): void {
    if (!cell.type.stored || cell.type.idleAfterMs === 'never') return;
    this.candidates.add(cell);
    if (this.isArmed) return;
    this.arm(cell.type.idleAfterMs ?? IDLE_AFTER_MS);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
    this.isArmed = true;
  }

  private arm(delayMs: number): void {
    this.isArmed = true;
    this.timer = this.clock.setTimeout(
      () => {
        this.isArmed = false;
        this.sweep();
      },
      Math.max(SHORTEST_MS, delayMs),
    );
  }

  private sweep(): void {
    const now = this.clock.now();
    let slept = 0;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const cell of this.inOrder()) {
      const leftMs = cell.lastActivity + idleAfter(cell) - now;
      const isCrowded = this.live() - slept > this.maxLive;
      if (leftMs > 0 && !isCrowded) {
        nextMs = Math.min(nextMs, leftMs);
        continue;
      }
      // One that cannot sleep now comes back with its next slice.
      this.candidates.delete(cell);
      if (!cell.canSleep) continue;
      cell.sleep();
      if (++slept >= SLEEPS_PER_SWEEP) {
        nextMs = 0;
        break;
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.arm(nextMs);
  }

  /** The least recently used first when there are too many; otherwise the order does not matter. */
  private inOrder(): Iterable<Sleeper> {
    if (this.live() <= this.maxLive) return this.candidates;
    return [...this.candidates].sort((a, b) => a.lastActivity - b.lastActivity);
  }
}

const idleAfter = (cell: Sleeper): number =>
  cell.type.idleAfterMs === 'never' ? Number.POSITIVE_INFINITY : (cell.type.idleAfterMs ?? IDLE_AFTER_MS);
