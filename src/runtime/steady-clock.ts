import type { Clock, TimerHandle } from './clock.js';

/** A wall clock before this has not been set yet: a board without a battery starts in 1970 (TIM-1). */
const EARLIEST_TRUSTED_MS = Date.UTC(2025, 0, 1);
/** A smaller step is the clock being disciplined. */
const JUMP_MS = 2_000;

/**
 * Wall time for stamps and stored due times. It follows the wall clock forwards and never goes back, over restarts
 * neither (RT-11): where the wall clock does, or does not know the date, it goes on from the last time known by the
 * monotonic clock. So a boot in 1970 neither fires every timer nor sleeps for decades (TIM-1).
 */
export class SteadyClock implements Clock {
  /** How far it is ahead of the wall clock. */
  private aheadMs: number;
  private lastMs: number;
  private lastMonotonicMs: number;

  /** `notBefore` is the last time that an earlier run has stored; `jumped` is told of steps of the wall clock (TIM-4). */
  constructor(
    private readonly clock: Clock,
    notBefore: number,
    private readonly jumped: (byMs: number) => void,
  ) {
    const now = clock.now();
    this.aheadMs = Math.max(0, notBefore - now);
    this.lastMs = now + this.aheadMs;
    this.lastMonotonicMs = clock.monotonic();
  }

  /** Whether the wall clock can be believed. */
  get isTrusted(): boolean {
    return this.aheadMs < JUMP_MS && this.lastMs >= EARLIEST_TRUSTED_MS;
  }

  now(): number {
    const wallMs = this.clock.now();
    const monotonicMs = this.clock.monotonic();
    const expectedMs = this.lastMs + (monotonicMs - this.lastMonotonicMs);
    const stepMs = wallMs + this.aheadMs - expectedMs;
    if (Math.abs(stepMs) > JUMP_MS) this.aheadMs = Math.max(0, Math.round(expectedMs) - wallMs);
    this.lastMs = Math.max(this.lastMs, wallMs + this.aheadMs);
    this.lastMonotonicMs = monotonicMs;
    if (Math.abs(stepMs) > JUMP_MS) this.jumped(Math.round(stepMs));
    return this.lastMs;
  }

  monotonic(): number {
    return this.clock.monotonic();
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    return this.clock.setTimeout(callback, delayMs);
  }

  clearTimeout(handle: TimerHandle): void {
    this.clock.clearTimeout(handle);
  }
}
