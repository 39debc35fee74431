/** A handle of {@link Clock.setTimeout}; opaque to callers. */
export type TimerHandle = unknown;

/**
 * The only source of time in Fleetchart (CLK-1). Everything that waits or stamps takes one, so that tests and replays
 * can run under a {@link ManualClock}.
 */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Milliseconds that never go back; only differences mean something. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`, which may exceed 2^31 - 1 (TIM-2). Negative delays count as 0. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

/** Node clamps longer delays to 1 ms (R16), so they are chained. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

class ChainedTimeout {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly callback: () => void,
    private remainingMs: number,
  ) {
    this.arm();
  }

  private arm(): void {
    const stepMs = Math.min(this.remainingMs, LONGEST_TIMEOUT_MS);
    this.timer = setTimeout(() => {
      this.remainingMs -= stepMs;
      if (this.remainingMs > 0) this.arm();
      else this.callback();
    }, stepMs);
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}

/** The clock of a running process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs) => {
    if (delayMs > LONGEST_TIMEOUT_MS) return new ChainedTimeout(callback, delayMs);
    return setTimeout(callback, Math.max(0, delayMs));
  },
  clearTimeout: (handle) => {
    if (handle instanceof ChainedTimeout) handle.clear();
    else clearTimeout(handle as NodeJS.Timeout | undefined);
  },
};

interface ManualTimer {
  readonly dueAt: number;
  readonly sequence: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until told to advance (CLK-2): due timers fire in (due, sequence) order, and `settle`, if
 * given, is awaited after each, so that what a timer started has run before the next one fires.
 */
export class ManualClock implements Clock {
  private readonly timers = new Map<number, ManualTimer>();
  private sequence = 0;
  private elapsedMs = 0;

  constructor(
    private wallMs = 0,
    private readonly settle: () => Promise<void> | void = () => {},
  ) {}

  now(): number {
    return this.wallMs;
  }

  monotonic(): number {
    return this.elapsedMs;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const sequence = ++this.sequence;
    this.timers.set(sequence, { dueAt: this.elapsedMs + Math.max(0, delayMs), sequence, callback });
    return sequence;
  }

  clearTimeout(handle: TimerHandle): void {
    this.timers.delete(handle as number);
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.timers.size;
  }

  /** Moves time on by `ms`, firing what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await this.settle();
    for (let next = this.earliest(end); next; next = this.earliest(end)) {
      this.timers.delete(next.sequence);
      this.moveTo(next.dueAt);
      next.callback();
      await this.settle();
    }
    this.moveTo(end);
  }

  /** Sets the wall clock alone, as an NTP step would; timers are untouched. */
  jump(wallMs: number): void {
    this.wallMs = wallMs;
  }

  private moveTo(elapsedMs: number): void {
    const step = Math.max(0, elapsedMs - this.elapsedMs);
    this.elapsedMs += step;
    this.wallMs += step;
  }

  private earliest(end: number): ManualTimer | undefined {
    let first: ManualTimer | undefined;
    for (const timer of this.timers.values()) {
      if (timer.dueAt > end) continue;
      if (!first || timer.dueAt < first.dueAt || (timer.dueAt === first.dueAt && timer.sequence < first.sequence)) {
        first = timer;
      }
    }
    return first;
  }
}
