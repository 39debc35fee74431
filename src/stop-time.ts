import type { Child, Clock } from './runtime/index.js';

/** What is in the spool has this long to leave when the hub stops; the rest leaves after the next start. */
export const DRAIN_MS = 10_000;

/** For destinations to close after that. */
export const CLOSE_MS = 2_000;

/** How much of the milliseconds that a dispatcher has to stop goes to the spool: all but what closing may take. */
export function drainTime(stopMs: number): number {
  return Math.min(DRAIN_MS, Math.max(stopMs - CLOSE_MS, stopMs / 2));
}

/** The time of an orderly stop, which its parts use up one after another. */
export class StopTime {
  private end = Number.POSITIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  begin(deadlineMs: number): void {
    this.end = this.clock.monotonic() + deadlineMs;
  }

  /** Milliseconds. */
  get left(): number {
    return Math.max(0, this.end - this.clock.monotonic());
  }

  /** The child, stopped within what those before it have left. */
  bounding(child: Child): Child {
    return { ...child, stop: (deadlineMs) => child.stop(Math.min(deadlineMs, this.left)) };
  }
}
