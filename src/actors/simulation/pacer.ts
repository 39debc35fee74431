import type { Clock, TimerHandle } from '../../runtime/index.js';

/** Something that is due from time to time. */
export interface Paced {
  /** Does what is due at `now` and returns when to call again, if ever; both monotonic milliseconds. */
  tick(now: number): number | undefined;
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
    if (this.size === 0) this.done = Math.floor(this.clock.monotonic() / TICK_MS);
    this.put(paced, at);
    this.arm();
  }

  stop(): void {
    this.isStopped = true;
    this.clock.clearTimeout(this.timer);
    for (const slot of this.slots) slot.length = 0;
    this.size = 0;
  }

  private put(paced: Paced, at: number): void {
    const tick = Math.min(Math.max(Math.ceil(at / TICK_MS), this.done + 1), this.done + SLOTS - 1);
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

  /** Collects first and calls then, so that nobody is called twice however long the process was held up. */
  private turn(): void {
    const now = this.clock.monotonic();
    const until = Math.floor(now / TICK_MS);
    const due: Paced[] = [];
    for (let tick = Math.max(this.done, until - SLOTS) + 1; tick <= until; tick++) {
      const slot = this.slots[tick % SLOTS] as Paced[];
      if (slot.length === 0) continue;
      due.push(...slot);
      slot.length = 0;
    }
    this.size -= due.length;
    this.done = Math.max(this.done, until);
    for (const paced of due) {
      const next = paced.tick(now);
      if (this.isStopped) return;
      if (next !== undefined) this.put(paced, next);
    }
  }
}
