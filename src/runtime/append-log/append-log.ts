/**
 * An append-only log with a position per reader (DUR-15), over the group commit: what lies between a source that is
 * acknowledged at `durable` and receivers that may be slow or away (DUR-5).
 *
 * Invariants
 * - AL-1 An entry is stored for all the readers it is routed to, or for none.
 * - AL-2 A reader is given its entries in order, each only once it is flushed.
 * - AL-3 An entry is removed when the position of every reader it is routed to has passed it; readers it is not
 *   routed to hold nothing back.
 * - AL-4 After a crash reading goes on behind the last stored position: what was read or confirmed after it is read
 *   again (at least once), nothing is left out.
 * - AL-5 Numbers grow by one and are never used twice, over restarts too.
 */
import type { Clock } from '../clock.js';
import { StorageError } from '../errors.js';
import type { ElapsedTime } from './elapsed-time.js';
import { type LogEntry, weightOf } from './log-entry.js';
import type { LogPositions } from './log-positions.js';
import type { LogProducers } from './log-producers.js';
import type { LogReader } from './log-reader.js';
import type { LogRepeats, Once } from './log-repeats.js';
import { LogRows, type RowsStart } from './log-rows.js';
import { LogReaderState, type ReaderHost, type ReaderStart } from './reader-state.js';

export type { LogItem, LogReader, LogReaderOptions } from './log-reader.js';

/** Weight of unflushed entries past which nothing more is taken, in bytes: they wait in memory for a slow disk. */
const MOST_UNFLUSHED_BYTES = 64 * 1024 * 1024;

export type AppendResult =
  | { readonly stored: true; readonly seq: number }
  | {
      readonly stored: false;
      /**
       * `full`: the bound of `reader`, or without one too much that is not flushed yet. `degraded`: the store takes
       * nothing. `duplicate`: it was stored before, by the producer's sequence or by its key; it is flushed when the
       * store is. `awaited`: likewise, and the reader of `once.until` has yet to confirm it.
       */
      readonly reason: 'full' | 'degraded' | 'duplicate' | 'awaited';
      readonly reader?: string;
    };

export interface AppendOptions {
  /** Drops the entry when this producer has appended this or a later `sequence` before. */
  readonly producer?: string;
  readonly sequence?: number;
  /** Drops the entry when it was appended before: known by a key, in no order. */
  readonly once?: Once | undefined;
}

/** Entries that a reader waited for which the configuration no longer names, and nobody else. They are removed. */
export interface Leftovers {
  readonly reader: string;
  readonly items: number;
  readonly bytes: number;
}

/** What {@link openLog} has found and made. */
export interface LogParts extends RowsStart {
  readonly name: string;
  readonly clock: Clock;
  readonly elapsed: ElapsedTime;
  readonly positions: LogPositions;
  readonly producers: LogProducers;
  readonly repeats: LogRepeats;
  readonly readers: readonly ReaderStart[];
  readonly leftovers: readonly Leftovers[];
  /** Rows in a format that this version does not know. They are removed. */
  readonly unreadable: number;
  /** The first and the last entry that nobody waits for. */
  readonly unwanted: { readonly from: number; readonly to: number } | undefined;
}

const DEGRADED: AppendResult = { stored: false, reason: 'degraded' };
const DUPLICATE: AppendResult = { stored: false, reason: 'duplicate' };
const AWAITED: AppendResult = { stored: false, reason: 'awaited' };
const UNFLUSHED: AppendResult = { stored: false, reason: 'full' };

/** Opened by {@link openLog}; one at a time of each name. */
export class AppendLog {
  readonly name: string;
  /** Counts for metrics. */
  readonly counts = { appended: 0, duplicates: 0, full: 0, degraded: 0 };

  private readonly rows: LogRows;
  private readonly byName = new Map<string, LogReaderState>();
  private readonly all: LogReaderState[];
  /** The readers of the entry that is being appended. */
  private readonly routed: LogReaderState[] = [];
  private unwanted: LogParts['unwanted'];
  private isTidyDue = false;
  private isOpen = true;

  constructor(private readonly parts: LogParts) {
    this.name = parts.name;
    this.unwanted = parts.unwanted;
    this.rows = new LogRows(parts, this.onFlushed);
    const host: ReaderHost = {
      rows: this.rows,
      elapsedMs: () => parts.elapsed.now(),
      passed: (entry) => this.onPassed(entry),
      moved: (reader) => parts.positions.storeReader(reader.name, reader),
      tidyLater: () => this.tidyLater(),
    };
    this.all = parts.readers.map((start) => new LogReaderState(host, start));
    for (const reader of this.all) this.byName.set(reader.name, reader);
    this.tidyLater();
  }

  /** What was found of readers that are gone; for the log file. */
  get leftovers(): readonly Leftovers[] {
    return this.parts.leftovers;
  }

  /** Rows found in a format that this version does not know; passed over and kept, for the log file. */
  get unreadable(): number {
    return this.parts.unreadable;
  }

  /**
   * Stores an entry for `readers` with the batch that gathers now, which waits some milliseconds for others (DUR-15).
   * Whoever must know when it is on disk asks the group commit (`afterFlush`), which makes it go at once. The payload is
   * copied.
   */
  append(payload: Uint8Array, readers: readonly string[], options?: AppendOptions): AppendResult {
    const { commit, producers, repeats } = this.parts;
    if (!this.isOpen) throw new StorageError('STORAGE_CLOSED', `the log ${this.name} is closed`);
    if (commit.degraded) return this.refuse(DEGRADED, 'degraded');
    const producer = options?.producer;
    const sequence = options?.sequence ?? 0;
    if (producer !== undefined && producers.isRepeat(producer, sequence)) return this.refuse(DUPLICATE, 'duplicates');
    const once = options?.once;
    const repeat = once && this.repeatOf(once);
    if (repeat) return this.refuse(repeat, 'duplicates');

    const weight = weightOf(payload.length);
    if (this.rows.unflushedBytes > MOST_UNFLUSHED_BYTES) return this.refuse(UNFLUSHED, 'full');
    const elapsedMs = this.parts.elapsed.now();
    const mask = this.route(readers);
    for (const reader of this.routed) {
      if (reader.refuses(weight, elapsedMs)) {
        return this.refuse({ stored: false, reason: 'full', reader: reader.name }, 'full');
      }
    }
    if (producer !== undefined) producers.record(producer, sequence, elapsedMs);
    if (mask === 0) return { stored: true, seq: this.rows.lastSeq };
    for (const reader of this.routed) reader.makeRoom(1, weight, elapsedMs);
    const seq = this.rows.add(mask, this.parts.clock.now(), elapsedMs, payload);
    for (const reader of this.routed) reader.added(weight);
    if (once) repeats.record(once, seq);
    this.counts.appended++;
    return { stored: true, seq };
  }

  /** The reader that `once.until` named has confirmed the entry of this key. */
  settled(key: string): void {
    this.parts.repeats.settle(key);
  }

  reader(name: string): LogReader {
    return this.readerState(name);
  }

  get readers(): readonly LogReader[] {
    return this.all;
  }

  /** The readers that may be trimmed while nothing can be written (DUR-9). */
  trimmable() {
    return this.all.map((reader) => reader.trimmable).filter((reader) => reader !== undefined);
  }

  /** Number of the newest entry. */
  get lastSeq(): number {
    return this.rows.lastSeq;
  }

  /** Entries removed since the start. */
  get trimmed(): number {
    return this.rows.trimmed;
  }

  /** Producers whose last sequence is known. */
  get producers(): number {
    return this.parts.producers.size;
  }

  /** Notes the time for the next opening and lets go of the listeners. What was appended stays with the store. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const reader of this.all) reader.close();
    this.parts.positions.storeMeta(this.rows.lastSeq);
  }

  private readerState(name: string): LogReaderState {
    const reader = this.byName.get(name);
    if (reader) return reader;
    throw new StorageError('STORAGE_READER_UNKNOWN', `the log ${this.name} has no reader ${name}`);
  }

  private repeatOf({ key, source, until }: Once): AppendResult | undefined {
    const known = this.parts.repeats.find(key);
    if (!known) return undefined;
    const repeated = known.source === source ? undefined : DUPLICATE;
    if (until === undefined || known.isSettled) return repeated;
    return known.seq > this.readerState(until).position ? AWAITED : undefined;
  }

  private route(names: readonly string[]): number {
    let mask = 0;
    this.routed.length = 0;
    for (const name of names) {
      const reader = this.readerState(name);
      if ((mask & reader.bit) !== 0) continue;
      mask |= reader.bit;
      this.routed.push(reader);
    }
    return mask;
  }

  private refuse(result: AppendResult, count: 'duplicates' | 'full' | 'degraded'): AppendResult {
    this.counts[count]++;
    return result;
  }

  private readonly onFlushed = (readers: number): void => {
    for (const reader of this.all) if ((reader.bit & readers) !== 0) reader.wake();
  };

  private onPassed(entry: LogEntry): void {
    if (this.isWanted(entry)) return;
    this.rows.trim(entry.seq);
    if (this.rows.hasBacklog) this.tidyLater();
  }

  private isWanted(entry: LogEntry): boolean {
    for (const reader of this.all) if ((entry.readers & reader.bit) !== 0 && entry.seq > reader.position) return true;
    return false;
  }

  /** One bounded step of everything that may wait, in a slice of its own and at most one in a batch. */
  private tidyLater(): void {
    if (this.isTidyDue) return;
    this.isTidyDue = true;
    const { commit } = this.parts;
    if (commit.pending) commit.afterFlush(this.tidy, 'soon');
    else setImmediate(this.tidy);
  }

  private readonly tidy = (): void => {
    this.isTidyDue = false;
    if (!this.isOpen) return;
    this.rows.trimMore();
    for (const reader of this.all) reader.tidy(this.parts.elapsed.now());
    if (!this.rows.hasBacklog && this.unwanted) this.sweep(this.unwanted);
    if (this.rows.hasBacklog || this.unwanted) this.tidyLater();
  };

  private sweep(range: { readonly from: number; readonly to: number }): void {
    const { page, next } = this.rows.page(range.from, range.to);
    for (const { seq, entry } of page) if (entry && !this.isWanted(entry)) this.rows.trim(seq);
    this.unwanted = next > range.to ? undefined : { from: next, to: range.to };
  }
}
