import { keepOwner } from '../effect-owner.js';
import { callGuarded } from '../store/guarded.js';
import { type LogEntry, payloadBytes, payloadOf, weightOf } from './log-entry.js';
import type { ReaderPosition } from './log-positions.js';
import type { Bound, LogItem, LogReader, LogReaderOptions } from './log-reader.js';
import type { LogRows } from './log-rows.js';
import type { Trimmable } from './trim-plan.js';

/** Entries too old that one call drops; the rest follows in later slices. */
const EXPIRE_STEP = 256;
/** Entries that one call drops to make room: no more rows go with one batch. */
const TRIM_STEP = 2_048;
/** Looks into the log that one call takes. */
const MOST_LOOKS = 4;
/** Passed places that the queue keeps before it moves the others to its front. */
const QUEUE_SLACK = 1_024;

/** What a reader needs of its log. */
export interface ReaderHost {
  readonly rows: LogRows;
  elapsedMs(): number;
  /** The reader's position is at or past this entry. */
  passed(entry: LogEntry): void;
  /** Stores the reader's position. */
  moved(reader: LogReaderState): void;
  /** Calls the reader's {@link LogReaderState.tidy} in a later slice. */
  tidyLater(): void;
}

/** Where a reader stands at opening. */
export interface ReaderStart extends ReaderPosition {
  readonly options: LogReaderOptions;
  /** The reader's bit in an entry's header. */
  readonly bit: number;
  /** Its entries after the position, and their weight in bytes. */
  readonly items: number;
  readonly bytes: number;
}

/**
 * Invariants
 * - LR-1 `items` and `bytes` count the entries with the reader's bit after its position, flushed or not.
 * - LR-2 The queue holds, in order, those of them before `next`; up to `cursor` they have been read.
 */
export class LogReaderState implements LogReader {
  readonly name: string;
  readonly bit: number;
  readonly droppedBy = { bytes: 0, items: 0, age: 0, disk: 0 };
  position: number;
  lostTo: number;

  private readonly options: LogReaderOptions;
  private items: number;
  private bytes: number;
  private readonly queue: Array<LogEntry | undefined> = [];
  private head = 0;
  private cursor = 0;
  private next: number;
  private lastRead = 0;
  private readonly listeners = new Set<() => void>();
  private wakeScheduled = false;

  constructor(
    private readonly host: ReaderHost,
    start: ReaderStart,
  ) {
    this.options = start.options;
    this.name = start.options.name;
    this.bit = start.bit;
    this.position = start.position;
    this.lostTo = start.lostTo;
    this.items = start.items;
    this.bytes = start.bytes;
    this.next = start.position + 1;
  }

  get dropped(): number {
    const { bytes, items, age, disk } = this.droppedBy;
    return bytes + items + age + disk;
  }

  /** As {@link planTrim} sees it; nothing if it must not be trimmed. */
  get trimmable(): (Trimmable & Pick<LogReaderState, 'name' | 'trim'>) | undefined {
    const { name, bytes, options } = this;
    return options.trim && { ...options.trim, name, bytes, trim: (wanted) => this.trim(wanted) };
  }

  /** Drops its oldest entries until `bytes` are gone, a bounded number at a time. */
  trim(bytes: number): void {
    const before = this.position;
    const end = this.bytes - bytes;
    for (let count = 0; count < TRIM_STEP && this.bytes > end; count++) {
      const oldest = this.oldest();
      if (!oldest) break;
      this.drop(oldest, 'disk');
    }
    if (this.position !== before) this.host.moved(this);
  }

  /** Whether an entry of `weight` has to be refused. */
  refuses(weight: number, elapsedMs: number): boolean {
    if (this.options.overflow !== 'reject') return false;
    if (this.exceeded(1, weight)) return true;
    return this.options.maxAgeMs !== undefined && this.isTooOld(this.oldest(), elapsedMs);
  }

  /** Drops what stands in the way of an entry of `weight`, and what is too old. */
  makeRoom(items: number, weight: number, elapsedMs: number): void {
    if (this.options.overflow !== 'drop-oldest') return;
    const before = this.position;
    this.expire(elapsedMs);
    for (let bound = this.exceeded(items, weight); bound; bound = this.exceeded(items, weight)) {
      const oldest = this.oldest();
      if (!oldest) {
        this.host.tidyLater();
        break;
      }
      this.drop(oldest, bound);
    }
    if (this.position !== before) this.host.moved(this);
  }

  /** What {@link makeRoom} has left over. */
  tidy(elapsedMs: number): void {
    this.makeRoom(0, 0, elapsedMs);
  }

  added(weight: number): void {
    this.items++;
    this.bytes += weight;
  }

  read(maxItems: number, maxBytes: number): LogItem[] {
    const items: LogItem[] = [];
    const elapsedMs = this.host.elapsedMs();
    this.tidy(elapsedMs);
    let bytes = 0;
    for (let looks = 0; items.length < maxItems; ) {
      const entry = this.queue[this.cursor];
      if (!entry) {
        if (looks++ < MOST_LOOKS && this.look()) continue;
        break;
      }
      bytes += payloadBytes(entry);
      if (entry.seq > this.host.rows.flushedSeq || (items.length > 0 && bytes > maxBytes)) break;
      if (this.expires(entry, elapsedMs)) break;
      items.push({ seq: entry.seq, at: entry.at, payload: payloadOf(entry) });
      this.lastRead = Math.max(this.lastRead, entry.seq);
      this.cursor++;
    }
    if (items.length === 0 && maxItems > 0 && this.isAvailable()) this.wake();
    return items;
  }

  confirm(seq: number): void {
    if (seq > this.lastRead && seq > this.position) {
      throw new RangeError(`reader ${this.name} confirms ${seq}, which it has not read`);
    }
    const before = this.position;
    for (let entry = this.queue[this.head]; entry && entry.seq <= seq; entry = this.queue[this.head]) this.pass(entry);
    if (this.position !== before) this.host.moved(this);
  }

  rewind(): void {
    this.cursor = this.head;
  }

  onAvailable(callback: () => void): () => void {
    const listener = keepOwner(callback);
    this.listeners.add(listener);
    if (this.isAvailable()) this.wake();
    return () => {
      this.listeners.delete(listener);
    };
  }

  hasRoom(payloadBytes: number): boolean {
    return this.exceeded(1, weightOf(payloadBytes)) === undefined;
  }

  pending(): { items: number; bytes: number; oldestAt?: number } {
    const oldest = this.oldest();
    return { items: this.items, bytes: this.bytes, ...(oldest && { oldestAt: oldest.at }) };
  }

  /**
   * Tells the listeners soon that there may be something to read: behind the acknowledgements of the flush that it came
   * with, which wait for nothing else.
   */
  wake(): void {
    if (this.wakeScheduled) return;
    this.wakeScheduled = true;
    setImmediate(() => {
      this.wakeScheduled = false;
      for (const listener of this.listeners) callGuarded(listener);
    });
  }

  close(): void {
    this.listeners.clear();
  }

  /** The bound that so much more would exceed; a single entry exceeds none. */
  private exceeded(items: number, weight: number): Bound | undefined {
    if (this.items + items <= 1) return undefined;
    if (this.bytes + weight > this.options.boundBytes) return 'bytes';
    return this.items + items > (this.options.boundItems ?? Number.POSITIVE_INFINITY) ? 'items' : undefined;
  }

  private isTooOld(entry: LogEntry | undefined, elapsedMs: number): boolean {
    const { maxAgeMs } = this.options;
    return maxAgeMs !== undefined && entry !== undefined && elapsedMs - entry.elapsedMs > maxAgeMs;
  }

  private expires(entry: LogEntry, elapsedMs: number): boolean {
    return this.options.overflow === 'drop-oldest' && this.isTooOld(entry, elapsedMs);
  }

  private expire(elapsedMs: number): void {
    if (this.options.maxAgeMs === undefined) return;
    for (let count = 0; count < EXPIRE_STEP; count++) {
      const oldest = this.oldest();
      if (oldest && !this.isTooOld(oldest, elapsedMs)) return;
      if (!oldest) break;
      this.drop(oldest, 'age');
    }
    if (this.items > 0) this.host.tidyLater();
  }

  private drop(entry: LogEntry, reason: Bound | 'disk'): void {
    this.droppedBy[reason]++;
    this.lostTo = entry.seq;
    this.pass(entry);
  }

  /** Moves the position past the head of the queue. */
  private pass(entry: LogEntry): void {
    this.queue[this.head++] = undefined;
    this.cursor = Math.max(this.cursor, this.head);
    this.items--;
    this.bytes -= weightOf(payloadBytes(entry));
    this.position = entry.seq;
    this.host.passed(entry);
    if (this.head < this.queue.length && this.head < QUEUE_SLACK) return;
    this.queue.splice(0, this.head);
    this.cursor -= this.head;
    this.head = 0;
  }

  /** The first unconfirmed entry, or nothing when some looks do not find it. */
  private oldest(): LogEntry | undefined {
    for (let looks = 0; this.head === this.queue.length && looks < MOST_LOOKS; looks++) if (!this.look()) break;
    return this.queue[this.head];
  }

  /** Takes up more of the log; false when there is no more for this reader. */
  private look(): boolean {
    const { rows } = this.host;
    if (this.items === this.queue.length - this.head) {
      this.next = rows.lastSeq + 1;
      return false;
    }
    const before = this.next;
    this.next = rows.look(this.bit, before, this.queue);
    return this.next !== before;
  }

  private isAvailable(): boolean {
    const { flushedSeq } = this.host.rows;
    const entry = this.queue[this.cursor];
    if (entry) return entry.seq <= flushedSeq;
    return this.items > this.queue.length - this.head && this.next <= flushedSeq;
  }
}
