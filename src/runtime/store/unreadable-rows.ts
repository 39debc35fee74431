import type { Table } from './store-file.js';
import { splitKey } from './store-keys.js';

/** Rows remembered so that each is told only once; past that some may be told again. */
const REMEMBERED = 10_000;

/** A row that could not be read and was passed over (DUR-10). */
export interface UnreadableRow {
  readonly table: Table;
  /** Its key, in readable parts. */
  readonly row: string;
  readonly error: unknown;
}

/** Counts the rows that cannot be read, and tells of each once: none of them stops a start or a list (DUR-10). */
export class UnreadableRows {
  private readonly known = new Set<string>();
  /** Since the start of the process. */
  count = 0;

  constructor(private readonly told: (row: UnreadableRow) => void) {}

  /** What `read` returns; nothing if it throws. */
  guard<T>(table: Table, key: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.note(table, key, error);
      return undefined;
    }
  }

  private note(table: Table, key: string, error: unknown): void {
    const name = `${table} ${key}`;
    if (this.known.has(name)) return;
    if (this.known.size < REMEMBERED) this.known.add(name);
    this.count++;
    this.told({ table, row: splitKey(key).join(' '), error });
  }
}
