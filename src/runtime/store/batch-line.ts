import { CommitBatch } from './commit-batch.js';
import { compareRowKeys } from './row-key.js';
import type { Rows, Table } from './store-file.js';

/** Rows on their way to the disk, in the order they were handed over: {@link GroupCommit} GC-1 says how. */
export class BatchLine {
  gathering = new CommitBatch();
  /** The one that is being written. */
  inFlight: CommitBatch | undefined;
  /** Number of the one that gathers; grows by one with each that follows it. */
  number = 0;
  /** Large ones, oldest first, between the one in flight and the one that gathers. */
  private readonly waiting: CommitBatch[] = [];

  get isEmpty(): boolean {
    return !this.inFlight && !this.isWaiting && this.gathering.isEmpty;
  }

  get isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** The last that holds something. */
  get newest(): CommitBatch | undefined {
    if (!this.gathering.isEmpty) return this.gathering;
    return this.waiting[this.waiting.length - 1] ?? this.inFlight;
  }

  /** The newest row of this key, `null` if that is its removal. */
  get(table: Table, key: string): Buffer | null | undefined {
    const gathered = this.gathering.rows[table].get(key);
    if (gathered !== undefined) return gathered;
    for (let index = this.waiting.length - 1; index >= 0; index--) {
      const waiting = this.waiting[index]?.rows[table].get(key);
      if (waiting !== undefined) return waiting;
    }
    return this.inFlight?.rows[table].get(key);
  }

  /** The newest rows with `from` <= key < `to`, removals included. */
  rows(table: Table, from: string, to: string): Rows {
    const found: Rows = new Map();
    for (const batch of [this.inFlight, ...this.waiting, this.gathering]) {
      if (!batch) continue;
      for (const [key, value] of batch.rows[table]) {
        if (compareRowKeys(key, from) >= 0 && compareRowKeys(key, to) < 0) found.set(key, value);
      }
    }
    return found;
  }

  /** Lets the one that gathers wait as it is; the next one begins. */
  setAside(): void {
    this.waiting.push(this.takeGathering());
  }

  /** Takes the one that is to be written next out of the line. */
  next(): CommitBatch {
    return this.waiting.shift() ?? this.takeGathering();
  }

  /** Makes all one that gathers, `oldest` the first of it, in which a row that is put again is there once. */
  gatherAgain(isStored: (table: Table, key: string) => boolean, oldest = this.waiting.shift()): void {
    if (!oldest) return;
    for (const newer of [...this.waiting.splice(0), this.gathering]) oldest.absorb(newer, isStored);
    this.gathering = oldest;
  }

  private takeGathering(): CommitBatch {
    const batch = this.gathering;
    this.gathering = new CommitBatch();
    this.number++;
    return batch;
  }
}
