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
/** While there are too many, or more than one sweep sends to sleep. */
const SHORTLY_MS = 20;
const SLEEPS_PER_SWEEP = 1_000;
/** Heap of a live actor with its timers, generously (runtime measurements: 5 kB). */
const HEAP_PER_ACTOR = 6_000;

/** Actors that the heap has room for, 60 % of its limit being theirs (PAS-3). */
export const liveActorsByHeap = (): number => Math.floor((0.6 * getHeapStatistics().heap_size_limit) / HEAP_PER_ACTOR);

/** Sends idle actors to sleep, the longest idle first when memory is short (PAS-1, PAS-3). */
export class Passivation {
  /** The least recently used first. */
  private readonly candidates = new Set<Sleeper>();
  private timer: TimerHandle;
  private armedFor = Number.POSITIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly live: () => number,
    private readonly maxLive: number,
  ) {}

  /** An actor has worked and may be idle from now on. */
  consider(cell: Sleeper): void {
    if (!cell.type.stored || cell.type.idleAfterMs === 'never') return;
    this.candidates.delete(cell);
    this.candidates.add(cell);
    this.arm(this.live() > this.maxLive ? SHORTLY_MS : Math.max(SHORTEST_MS, idleAfter(cell)));
  }

  /** An actor has left memory, one way or another. */
  forget(cell: Sleeper): void {
    this.candidates.delete(cell);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
    this.armedFor = Number.NEGATIVE_INFINITY;
  }

  private arm(delayMs: number): void {
    const at = this.clock.monotonic() + delayMs;
    if (at >= this.armedFor) return;
    this.clock.clearTimeout(this.timer);
    this.armedFor = at;
    this.timer = this.clock.setTimeout(() => {
      this.armedFor = Number.POSITIVE_INFINITY;
      this.sweep();
    }, delayMs);
  }

  private sweep(): void {
    const now = this.clock.now();
    let slept = 0;
    let tooMany = this.live() - this.maxLive;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const cell of this.candidates) {
      const leftMs = cell.lastActivity + idleAfter(cell) - now;
      if (leftMs > 0 && tooMany <= 0) {
        nextMs = Math.min(nextMs, Math.max(SHORTEST_MS, leftMs));
        continue;
      }
      // One that cannot sleep now comes back with its next slice.
      this.candidates.delete(cell);
      if (!cell.canSleep) continue;
      cell.sleep();
      tooMany--;
      if (++slept >= SLEEPS_PER_SWEEP) {
        nextMs = SHORTLY_MS;
        break;
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.arm(nextMs);
  }
}

const idleAfter = (cell: Sleeper): number =>
  cell.type.idleAfterMs === 'never' ? Number.POSITIVE_INFINITY : (cell.type.idleAfterMs ?? IDLE_AFTER_MS);
