import { type Rows, TABLES, type Table } from './store-file.js';

/** Past either, a batch takes nothing more from the next turn of the loop on. */
const LARGE_BATCH_ROWS = 2_000;
const LARGE_BATCH_BYTES = 4 * 1024 * 1024;

export const noRows = (): Record<Table, Rows> =>
  Object.fromEntries(TABLES.map((table) => [table, new Map()])) as Record<Table, Rows>;

/** Rows that go to disk in one transaction, and what is to be called when they are there. */
export class CommitBatch {
  readonly rows = noRows();
  readonly released: Array<() => void> = [];
  /** Whether somebody waits for one of the rows. */
  haste: 'now' | 'soon' = 'soon';
  /** Rows in all tables. */
  size = 0;
  /** Whether some of the rows may be on disk already, because they were in a batch that failed. */
  isRetry = false;
  /** Bytes of all values in the rows. */
  bytes = 0;

  get isEmpty(): boolean {
    return this.size === 0 && this.released.length === 0;
  }

  get isLarge(): boolean {
    return this.size >= LARGE_BATCH_ROWS || this.bytes >= LARGE_BATCH_BYTES;
  }

  get removesSomething(): boolean {
    return TABLES.some((table) => {
      for (const value of this.rows[table].values()) if (value === null) return true;
      return false;
    });
  }

  /** Puts a row, or with `null` its removal. */
  set(table: Table, key: string, value: Buffer | null): void {
    const rows = this.rows[table];
    const { size } = rows;
    this.bytes += lengthOf(value) - lengthOf(rows.get(key));
    rows.set(key, value);
    this.size += rows.size - size;
  }

  /** Forgets a row; false when there is none. */
  forget(table: Table, key: string): boolean {
    const rows = this.rows[table];
    const value = rows.get(key);
    if (!rows.delete(key)) return false;
    this.size--;
    this.bytes -= lengthOf(value);
    return true;
  }

  /**
   * Puts the rows of a newer batch over these. What was put and removed again and is not on disk (`isStored`) goes, so
   * that what begins and ends while nothing can be written leaves nothing behind.
   */
  absorb(newer: CommitBatch, isStored: (table: Table, key: string) => boolean): void {
    for (const table of TABLES) {
      for (const [key, value] of newer.rows[table]) {
        if (value === null && !isStored(table, key)) this.forget(table, key);
        else this.set(table, key, value);
      }
    }
    for (const callback of newer.released) this.released.push(callback);
  }
}

const lengthOf = (value: Buffer | null | undefined): number => value?.length ?? 0;
