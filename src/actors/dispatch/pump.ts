/**
 * Carries records from a dispatcher's part of the spool to its destination.
 *
 * Invariants
 * - PUMP-1 The position moves only over records that the destination confirmed or refused, in the order of the spool.
 *   What it confirmed of a batch counts although the rest fails, or is not waited for.
 * - PUMP-2 A refused record is handed to `onRefused` before its position is confirmed, a delivered one to
 *   `onConfirmed` after: a crash between repeats, it never loses.
 * - PUMP-3 What is in flight is bounded by `window` batches of `batch` items and bytes.
 * - PUMP-4 A run that failed over its first records is followed by one that offers them one by one until one is
 *   settled, so that a record which brings the destination down does not take its neighbours along. Where the
 *   destination is `blamable`, a record that was offered alone and over which the destination ended the connection
 *   five times in a row is refused. One that keeps silent is asked again without end: that is not the record's fault.
 * - PUMP-5 After its end a run touches neither the spool nor the callbacks.
 */
import type { Suspect } from './pump-batch.js';
import { type BacklogEvent, type PumpCounts, type PumpOptions, PumpRun } from './pump-run.js';

/** PUMP-4: a record that failed so often by itself is the cause, not its victim. */
const MOST_LONE_OFFERS = 5;

export class Pump {
  readonly counts: PumpCounts = { delivered: 0, deliveredBytes: 0, refused: 0 };
  /** PUMP-4. */
  private oneByOne = false;
  private suspect: Suspect | undefined;
  private readonly emptied = new Set<() => void>();

  constructor(private readonly options: PumpOptions) {}

  /**
   * Delivers until `signal` is aborted or the destination is lost, and rejects with the reason then. `send` is told
   * the level of the backlog at the start and when it changes.
   */
  run(signal: AbortSignal, send: (event: BacklogEvent) => void): Promise<never> {
    return new Promise((_, reject) => {
      const run = new PumpRun(this.options, this.oneByOne, this.condemned, {
        send,
        settled: (counts) => this.settled(counts),
        failed: (error, { overFirst, loneSeq }) => {
          this.oneByOne = overFirst;
          if (loneSeq !== undefined) this.suspectRecord(loneSeq, error);
          reject(error);
        },
      });
      run.start(signal);
    });
  }

  /** Resolves once nothing is left to deliver; never if `signal` is aborted before. */
  drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.options.spool.pending().items === 0) resolve();
      else {
        this.emptied.add(resolve);
        signal.addEventListener('abort', () => this.emptied.delete(resolve), { once: true });
      }
    });
  }

  private suspectRecord(seq: number, error: Error): void {
    const before = this.suspect?.seq === seq ? this.suspect.offers : 0;
    this.suspect = { seq, offers: before + 1, error };
  }

  /** The record to refuse rather than to offer again. */
  private get condemned(): Suspect | undefined {
    const { suspect, options } = this;
    return options.dispatcher.blamable && suspect && suspect.offers >= MOST_LONE_OFFERS ? suspect : undefined;
  }

  private settled(counts: PumpCounts): void {
    this.oneByOne = false;
    this.suspect = undefined;
    this.counts.delivered += counts.delivered;
    this.counts.deliveredBytes += counts.deliveredBytes;
    this.counts.refused += counts.refused;
    if (this.emptied.size === 0 || this.options.spool.pending().items > 0) return;
    for (const resolve of this.emptied) resolve();
    this.emptied.clear();
  }
}
