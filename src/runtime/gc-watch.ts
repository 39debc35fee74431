import { PerformanceObserver } from 'node:perf_hooks';
import type { Clock } from './clock.js';

/** How far back rates look, seconds. */
const WINDOW_S = 60;
const MOST_PAUSES = 256;

export interface GcPause {
  /** Epoch milliseconds of its end. */
  readonly at: number;
  readonly ms: number;
}

/** Garbage collections of this process since the watch began, and how many a second there were in the last minute. */
export class GcWatch {
  count = 0;
  totalPauseMs = 0;
  /** The latest ones, oldest first. */
  readonly pauses: GcPause[] = [];
  private readonly window = Array.from({ length: WINDOW_S }, () => ({ second: -1, count: 0, pauseMs: 0 }));
  private readonly startedAt: number;
  private observer: PerformanceObserver | undefined;

  constructor(private readonly clock: Clock) {
    this.startedAt = clock.monotonic();
  }

  /** Listens until {@link stop}; it does not keep the process alive. */
  start(): void {
    this.observer ??= new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.paused(duration);
    });
    this.observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.observer?.disconnect();
    this.observer = undefined;
  }

  /** One collection that took so long. */
  paused(ms: number): void {
    this.count += 1;
    this.totalPauseMs += ms;
    this.pauses.push({ at: this.clock.now(), ms });
    if (this.pauses.length > MOST_PAUSES) this.pauses.shift();
    const second = this.second();
    const slot = this.window[second % WINDOW_S];
    if (!slot) return;
    if (slot.second !== second) Object.assign(slot, { second, count: 0, pauseMs: 0 });
    slot.count += 1;
    slot.pauseMs += ms;
  }

  /** Averages of the last minute, or of the time since the start if that is shorter. */
  perSecond(): { readonly count: number; readonly pauseMs: number } {
    const now = this.second();
    const seconds = Math.min(WINDOW_S, Math.max(1, (this.clock.monotonic() - this.startedAt) / 1000));
    let [count, pauseMs] = [0, 0];
    for (const slot of this.window) {
      if (slot.second < 0 || now - slot.second >= WINDOW_S) continue;
      count += slot.count;
      pauseMs += slot.pauseMs;
    }
    return { count: count / seconds, pauseMs: pauseMs / seconds };
  }

  private second(): number {
    return Math.floor(this.clock.monotonic() / 1000);
  }
}
