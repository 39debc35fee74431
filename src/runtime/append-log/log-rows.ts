import type { GroupCommit } from '../store/group-commit.js';
import { type EntryKeys, type LogEntry, makeEntry, readEntry, weightOf } from './log-entry.js';
import { LogTail } from './log-tail.js';

/** Entries that one look takes up for a reader, and payload bytes of those that it reads back from LMDB. */
const LOOK_ITEMS = 256;
const LOOK_BYTES = 1024 * 1024;
/** Rows that one look reads back from LMDB, most of which may be for others; a few milliseconds at most. */
const LOOK_ROWS = 1_024;
/** Entries in memory that one look steps over. */
const LOOK_SLOTS = 16_384;
/** Rows that are removed with each batch, beside two for each that it adds. */
const TRIM_STEP = 2_048;
/** Trimmed numbers that the backlog keeps before it moves the others to its front. */
const BACKLOG_SLACK = 8_192;

/** What was appended while one batch gathered. */
interface Gathered {
  readonly batch: number;
  end: number;
  readers: number;
  bytes: number;
}

export interface RowsStart {
  readonly commit: GroupCommit;
  readonly keys: EntryKeys;
  /** The newest entry. */
  readonly lastSeq: number;
  /** Newest entries kept in memory, in bytes. */
  readonly tailBytes: number;
}

/** The entries of a log: written through the group commit, flushed in order, found again for a reader, trimmed. */
export class LogRows {
  /** The newest entry. */
  lastSeq: number;
  /** The newest entry that is on disk. */
  flushedSeq: number;
  /** Weight of the entries that are not on disk yet, in bytes. */
  unflushedBytes = 0;
  /** Entries removed since the start. */
  trimmed = 0;

  private readonly commit: GroupCommit;
  private readonly keys: EntryKeys;
  private readonly gathered: Gathered[] = [];
  private readonly tail: LogTail;
  private readonly backlog: number[] = [];
  private backlogHead = 0;
  private trimBatch = -1;
  private trimAllowance = 0;

  constructor(
    start: RowsStart,
    /** Told which readers an appended entry is ready for, once for each batch. */
    private readonly onFlushed: (readers: number) => void,
  ) {
    this.commit = start.commit;
    this.keys = start.keys;
    this.lastSeq = start.lastSeq;
    this.flushedSeq = start.lastSeq;
    this.tail = new LogTail(start.lastSeq, start.tailBytes);
    if (!this.commit.isPending('log', this.keys.from, this.keys.to)) return;
    // The log was open before in this process, and what it appended then is not on disk yet.
    this.flushedSeq = 0;
    this.gathered.push({ batch: -1, end: start.lastSeq, readers: -1, bytes: 0 });
    this.commit.afterFlush(this.markFlushed, 'soon');
  }

  /** Hands an entry over and returns its number. */
  add(readers: number, at: number, elapsedMs: number, payload: Uint8Array): number {
    const seq = this.lastSeq + 1;
    const entry = makeEntry(seq, readers, at, elapsedMs, payload);
    this.commit.put('log', this.keys.of(seq), entry.row);
    this.lastSeq = seq;
    this.tail.push(entry);
    this.renewAllowance();
    this.trimAllowance += 2;
    const batch = this.batch();
    const bytes = weightOf(payload.length);
    batch.end = seq;
    batch.readers |= readers;
    batch.bytes += bytes;
    this.unflushedBytes += bytes;
    return seq;
  }

  /**
   * Adds to `found` the next entries from `seq` on that are for the reader with this bit, and returns where to go on.
   * Looks at a bounded number of entries, so that finding none does not mean that there are none.
   */
  look(reader: number, seq: number, found: Array<LogEntry | undefined>): number {
    return seq <= this.tail.evictedTo ? this.lookOnDisk(reader, seq, found) : this.lookInTail(reader, seq, found);
  }

  /** Removes an entry that every reader has passed, now or with one of the next batches. */
  trim(seq: number): void {
    this.tail.forget(seq);
    this.backlog.push(seq);
    this.trimMore();
  }

  /** Whether {@link trimMore} has something to do once the batch has gone. */
  get hasBacklog(): boolean {
    return this.backlog.length > 0;
  }

  /** Removes what the batch that gathers now may still take. */
  trimMore(): void {
    this.renewAllowance();
    while (this.trimAllowance > 0 && this.backlogHead < this.backlog.length) {
      const key = this.keys.of(this.backlog[this.backlogHead++] ?? 0);
      this.commit.removeOnce('log', key);
      this.commit.ahead('log', key);
      this.trimAllowance--;
      this.trimmed++;
    }
    if (this.backlogHead < this.backlog.length && this.backlogHead < BACKLOG_SLACK) return;
    this.backlog.splice(0, this.backlogHead);
    this.backlogHead = 0;
  }

  private renewAllowance(): void {
    if (this.trimBatch === this.commit.batchNumber) return;
    this.trimBatch = this.commit.batchNumber;
    this.trimAllowance = TRIM_STEP;
  }

  private batch(): Gathered {
    const newest = this.gathered[this.gathered.length - 1];
    if (newest && newest.batch === this.commit.batchNumber) return newest;
    const batch = { batch: this.commit.batchNumber, end: 0, readers: 0, bytes: 0 };
    this.gathered.push(batch);
    this.commit.afterFlush(this.markFlushed, 'soon');
    return batch;
  }

  /** A page of what LMDB holds between two numbers, unreadable rows without an entry, and where to go on. */
  page(from: number, to: number): { page: Array<{ seq: number; entry: LogEntry | undefined }>; next: number } {
    const page: Array<{ seq: number; entry: LogEntry | undefined }> = [];
    let bytes = 0;
    for (const [key, row] of this.commit.writtenRange('log', this.keys.of(from), this.keys.of(to + 1))) {
      const seq = this.keys.seqOf(key);
      page.push({ seq, entry: readEntry(seq, row) });
      bytes += row.length;
      if (page.length === LOOK_ROWS || bytes >= LOOK_BYTES) return { page, next: seq + 1 };
    }
    return { page, next: to + 1 };
  }

  private readonly markFlushed = (): void => {
    const batch = this.gathered.shift();
    if (!batch) return;
    this.flushedSeq = batch.end;
    this.unflushedBytes -= batch.bytes;
    this.tail.evict(batch.end);
    this.onFlushed(batch.readers);
  };

  private lookOnDisk(reader: number, from: number, found: Array<LogEntry | undefined>): number {
    const end = Math.min(this.tail.evictedTo, this.flushedSeq);
    if (from > end) return from;
    const { page, next } = this.page(from, end);
    for (const { entry } of page) if (entry && (entry.readers & reader) !== 0) found.push(entry);
    return next;
  }

  private lookInTail(reader: number, from: number, found: Array<LogEntry | undefined>): number {
    let seq = Math.max(from, this.tail.firstSeq);
    const end = Math.min(this.lastSeq + 1, seq + LOOK_SLOTS);
    for (let items = 0; seq < end && items < LOOK_ITEMS; seq++) {
      const entry = this.tail.at(seq);
      if (!entry || (entry.readers & reader) === 0) continue;
      found.push(entry);
      items++;
    }
    return seq;
  }
}
