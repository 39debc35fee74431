import type { Clock, TimerHandle } from '../../runtime/index.js';

/** Something that is due from time to time. */
export interface Paced {
  /** Does what is due at `now` and returns when to call again; both monotonic milliseconds. */
  tick(now: number): number;
}

/** How exactly records keep their time; a burst within it goes out in one write. */
const TICK_MS = 5;
const SLOTS = 256;

/**
 * One timer for thousands of vehicles: a wheel of slots, in each those that are due in one tick. What is due later than
 * one turn of the wheel looks in at its end and waits again.
 */
export class Pacer {
  private readonly slots: Paced[][] = Array.from({ length: SLOTS }, () => []);
  private size = 0;
  /** Ticks since 0 of the clock up to which everything has been called. */
  private done = 0;
  private timer: TimerHandle | undefined;
  private isStopped = false;

  constructor(private readonly clock: Clock) {}

  /** Calls `paced` first at `at`, and from then on as it asks. */
  add(paced: Paced, at: number): void {
    if (this.isStopped) return;
    const now = this.clock.monotonic();
    if (this.size === 0) this.done = Math.floor(now / TICK_MS);
    this.put(paced, at, now);
    this.arm();
  }

  stop(): void {
    this.isStopped = true;
    this.clock.clearTimeout(this.timer);
    for (const slot of this.slots) slot.length = 0;
    this.size = 0;
  }

  /** Never into a tick that has begun at `now`: that would call it twice in one turn. */
  private put(paced: Paced, at: number, now: number): void {
    const first = Math.floor(now / TICK_MS) + 1;
    const tick = Math.min(Math.max(Math.ceil(at / TICK_MS), first), this.done + SLOTS - 1);
    this.slots[tick % SLOTS]?.push(paced);
    this.size += 1;
  }

  private arm(): void {
    if (this.timer !== undefined || this.size === 0) return;
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      this.turn();
      this.arm();
    }, TICK_MS);
  }

  private turn(): void {
    const now = this.clock.monotonic();
    const until = Math.floor(now / TICK_MS);
    // After a long pause of the process one turn reaches everybody.
    this.done = Math.max(this.done, until - SLOTS);
    while (this.done < until && !this.isStopped) {
      this.done += 1;
      const index = this.done % SLOTS;
      const due = this.slots[index] as Paced[];
      if (due.length === 0) continue;
      this.slots[index] = [];
      this.size -= due.length;
      for (const paced of due) {
        const next = paced.tick(now);
        if (!this.isStopped) this.put(paced, next, now);
      }
    }
  }
}
