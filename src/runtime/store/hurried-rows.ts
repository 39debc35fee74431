import { CommitBatch } from './commit-batch.js';
import type { Reserve } from './reserve.js';
import type { Table } from './store-file.js';

/** Rows that go before all others while the disk is full (GC-7), through the room that was set aside for them. */
export class HurriedRows {
  private rows = new CommitBatch();

  constructor(private readonly reserve: Reserve) {}

  get isEmpty(): boolean {
    return this.rows.size === 0;
  }

  keepRoom(): void {
    this.reserve.keep();
  }

  add(table: Table, key: string, value: Buffer | null): void {
    this.rows.set(table, key, value);
  }

  /** They go with the others again. */
  clear(): void {
    this.rows = new CommitBatch();
  }

  /** Writes them, those of the log instead of with `batch`; rejects, and keeps them, if even that is not possible. */
  async writeBefore(batch: CommitBatch): Promise<void> {
    const { rows } = this;
    this.rows = new CommitBatch();
    try {
      await this.reserve.write(rows.rows);
    } catch (error) {
      rows.absorb(this.rows, () => true);
      this.rows = rows;
      throw error;
    }
    for (const key of rows.rows.log.keys()) batch.forget('log', key);
  }
}
