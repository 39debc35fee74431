import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noRows } from './commit-batch.js';
import { type Rows, type StoreFile, TABLES, type Table } from './store-file.js';

const BYTES = 1024 * 1024;
/** Rows that go with one transaction: LMDB writes every page that it changes to another place. */
const STEP_ROWS = 128;

/**
 * Room on the disk that is set aside, so that on a full one something can be removed at all (DUR-9): even a removal
 * needs some new pages first.
 */
export class Reserve {
  private readonly path: string;

  constructor(
    private readonly file: StoreFile,
    directory: string,
  ) {
    this.path = join(directory, 'reserve');
  }

  /** Sets the room aside, as far as there is any. */
  keep(): void {
    try {
      writeFileSync(this.path, Buffer.alloc(BYTES, 1), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') this.release();
    }
  }

  /** Writes rows that give pages back, in small steps; what is written after them finds those pages. */
  async write(rows: Record<Table, Rows>): Promise<void> {
    this.release();
    // Positions before the entries they have passed, which tell the numbers that were used (AL-5).
    const all = TABLES.toReversed().flatMap((table) => [...rows[table]].map((row) => ({ table, row })));
    for (let next = 0; next < all.length; next += STEP_ROWS) {
      const step = noRows();
      for (const { table, row } of all.slice(next, next + STEP_ROWS)) step[table].set(...row);
      await this.file.write(step);
      await this.file.agePages();
    }
  }

  private release(): void {
    rmSync(this.path, { force: true });
  }
}
