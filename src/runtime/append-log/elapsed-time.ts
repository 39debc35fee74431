import type { Clock } from '../clock.js';

/** A wall clock before this (a board without a battery starts in 1970) says nothing about how long it was off. */
const EARLIEST_TRUSTED_MS = Date.UTC(2025, 0, 1);

/** A moment on both scales, stored so that the next run can go on from it. */
export interface Moment {
  /** Wall clock, epoch milliseconds. */
  readonly at: number;
  /** Elapsed time, milliseconds. */
  readonly elapsedMs: number;
}

/**
 * A scale of time that goes on over restarts (TIM-4): by the monotonic clock while the process runs, so that no jump
 * of the wall clock ages anything, and by the wall clock over the time it was off, as far as that can be trusted. Off
 * time counts as none when the wall clock went backwards or does not know the date.
 */
export class ElapsedTime {
  private readonly baseMs: number;

  constructor(
    private readonly clock: Clock,
    last?: Moment,
  ) {
    this.baseMs = (last?.elapsedMs ?? 0) + (last ? offTime(last.at, clock.now()) : 0) - clock.monotonic();
  }

  /** Milliseconds since the scale began. */
  now(): number {
    return this.baseMs + this.clock.monotonic();
  }
}

/** Between two readings of the wall clock, as far as they can be trusted; milliseconds. */
export function offTime(lastAt: number, now: number): number {
  if (lastAt < EARLIEST_TRUSTED_MS || now < EARLIEST_TRUSTED_MS) return 0;
  return Math.max(0, now - lastAt);
}
