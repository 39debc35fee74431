import type { Clock } from '../runtime/index.js';

/** A second signal this soon is the same key press, sent to a whole process group and passed on by npm. */
const SAME_PRESS_MS = 150;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** For commands that run until they are told to stop: the first signal asks for an orderly end, a second one ends at once. */
export class StopSignals {
  /** Resolves with the first SIGINT or SIGTERM. */
  readonly first: Promise<void>;
  private resolve: () => void = () => {};
  private firstAt: number | undefined;
  private readonly listeners = {
    SIGINT: () => this.on('SIGINT'),
    SIGTERM: () => this.on('SIGTERM'),
  };

  constructor(private readonly clock: Clock) {
    this.first = new Promise((resolve) => {
      this.resolve = resolve;
    });
    process.on('SIGINT', this.listeners.SIGINT).on('SIGTERM', this.listeners.SIGTERM);
  }

  release(): void {
    process.off('SIGINT', this.listeners.SIGINT).off('SIGTERM', this.listeners.SIGTERM);
  }

  private on(signal: keyof typeof EXIT_CODES): void {
    const now = this.clock.monotonic();
    if (this.firstAt === undefined) {
      this.firstAt = now;
      this.resolve();
    } else if (now - this.firstAt >= SAME_PRESS_MS) process.exit(EXIT_CODES[signal]);
  }
}
