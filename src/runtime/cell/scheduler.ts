import type { Clock } from '../clock.js';
import { unowned } from '../effect-owner.js';
import { Deque } from './deque.js';

/** Something that takes messages in slices. */
export interface Runnable {
  readonly hasWork: boolean;
  run(limit: number, isOver: () => boolean): void;
}

const MESSAGES_PER_SLICE = 32;
const LOOP_MS = 5;
const SLOW_SLICE_MS = 1_000;

/**
 * Runs ready cells round-robin in short slices and yields to I/O after at most 5 ms (MBX-3), so that one flooding
 * actor delays nobody. How long a slice may take is a matter of the processor, not of the injected clock.
 */
export class Scheduler<Cell extends Runnable> {
  private readonly queue = new Deque<Cell>();
  /** Since when each cell waits, by the monotonic clock. */
  private readonly queued = new Map<Cell, number>();
  private isScheduled = false;
  private stopped = false;
  private until = 0;
  private readonly isOver = (): boolean => performance.now() > this.until;
  private idlers: Array<() => void> = [];

  constructor(
    private readonly clock: Clock,
    private readonly slow: (cell: Cell, elapsedMs: number) => void,
  ) {}

  /** How many cells wait for a slice. */
  get length(): number {
    return this.queue.length;
  }

  /** How long the cell that is next has waited for its slice, milliseconds. */
  get waitMs(): number {
    const next = this.queue.peek();
    return next === undefined ? 0 : this.clock.monotonic() - (this.queued.get(next) ?? 0);
  }

  ready(cell: Cell): void {
    if (this.stopped || this.queued.has(cell)) return;
    this.queued.set(cell, this.clock.monotonic());
    this.queue.push(cell);
    this.schedule();
  }

  /** No cell runs any more, those that wait neither. */
  stop(): void {
    this.stopped = true;
    this.queue.drain();
    for (const resolve of this.idlers.splice(0)) resolve();
  }

  /** Resolves when no cell waits. */
  idle(): Promise<void> {
    if (this.queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idlers.push(resolve));
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => unowned(() => this.loop()));
  }

  private loop(): void {
    this.isScheduled = false;
    let now = performance.now();
    this.until = now + LOOP_MS;
    while (now <= this.until) {
      const cell = this.queue.shift();
      if (!cell) break;
      this.queued.delete(cell);
      cell.run(MESSAGES_PER_SLICE, this.isOver);
      const after = performance.now();
      if (after - now > SLOW_SLICE_MS) this.slow(cell, after - now);
      now = after;
      if (cell.hasWork) this.ready(cell);
    }
    if (this.queue.length > 0) this.schedule();
    else for (const resolve of this.idlers.splice(0)) resolve();
  }
}
