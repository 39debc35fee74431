import { type LogEntry, payloadBytes, weightOf } from './log-entry.js';

const SMALLEST_CAPACITY = 64;

/**
 * The newest entries of a log, in memory, so that a reader that keeps up never reads them back from LMDB. Older ones
 * leave when the tail grows past its limit, but none before it is flushed; each leaves at once when it is trimmed.
 */
export class LogTail {
  private slots: Array<LogEntry | undefined> = new Array(SMALLEST_CAPACITY).fill(undefined);
  private bytes = 0;
  /** Sequence number of the oldest slot. */
  private first: number;
  /** Sequence number after the newest slot. */
  private end: number;

  /** The last entry that is in LMDB alone: up to here a reader must look there. */
  evictedTo: number;

  constructor(
    lastSeq: number,
    private readonly limitBytes: number,
  ) {
    this.first = lastSeq + 1;
    this.end = this.first;
    this.evictedTo = lastSeq;
  }

  /** The oldest sequence number that may be here. */
  get firstSeq(): number {
    return this.first;
  }

  push(entry: LogEntry): void {
    if (this.end - this.first === this.slots.length) this.grow();
    this.slots[this.slot(entry.seq)] = entry;
    this.end = entry.seq + 1;
    this.bytes += weightOf(payloadBytes(entry));
  }

  at(seq: number): LogEntry | undefined {
    return seq >= this.first && seq < this.end ? this.slots[this.slot(seq)] : undefined;
  }

  /** Lets go of a trimmed entry. */
  forget(seq: number): void {
    if (seq < this.first || seq >= this.end) return;
    this.clear(seq);
    while (this.first < this.end && this.slots[this.slot(this.first)] === undefined) this.first++;
  }

  /** Keeps to the limit; entries after `flushedSeq` stay. */
  evict(flushedSeq: number): void {
    for (; this.bytes > this.limitBytes && this.first <= flushedSeq; this.first++) {
      if (this.clear(this.first)) this.evictedTo = this.first;
    }
  }

  private clear(seq: number): boolean {
    const entry = this.slots[this.slot(seq)];
    if (entry === undefined) return false;
    this.slots[this.slot(seq)] = undefined;
    this.bytes -= weightOf(payloadBytes(entry));
    return true;
  }

  private grow(): void {
    const slots: Array<LogEntry | undefined> = new Array(this.slots.length * 2).fill(undefined);
    for (let seq = this.first; seq < this.end; seq++) slots[seq & (slots.length - 1)] = this.slots[this.slot(seq)];
    this.slots = slots;
  }

  private slot(seq: number): number {
    return seq & (this.slots.length - 1);
  }
}
