import type { Child, Clock } from './runtime/index.js';

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
