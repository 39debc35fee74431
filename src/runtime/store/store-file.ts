/** The LMDB file: its tables, one transaction for a batch of rows, its size. Only {@link GroupCommit} writes to it. */
import { chmodSync, closeSync, existsSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { StorageError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { isStorableKey, rowKeyEncoder } from './row-key.js';
import { ANOTHER_FOLDER } from './store-lock.js';

/** The named databases of the store; at most ten (DUR-3). */
export const TABLES = [
  'snapshots',
  'timers',
  'inbox',
  'outbox',
  'log',
  'positions',
  'summaries',
  'quarantine',
  'rows',
  'meta',
] as const;

export type Table = (typeof TABLES)[number];

/** Rows by key; `null` removes. */
export type Rows = Map<string, Buffer | null>;

/** What is to be written: rows, and bytes of their values. */
export interface RowsAmount {
  readonly size: number;
  readonly bytes: number;
}

const LOWEST_KEY = '\0';
/** Room that a transaction may need for itself, and for each of its rows in pages of 4 KiB. */
const ROOM_BYTES = 256 * 1024;
const ROOM_OF_ROW = 4_096;
const PAUSES = 2;

/** What LMDB writes near the beginning of each store, behind what is as long as the machine's words; in their order. */
const MAGIC = ['dec0efbe', 'beefc0de'].map((hex) => Buffer.from(hex, 'hex'));
const HEAD_BYTES = 64;

export class StoreFile {
  private readonly path: string;
  private readonly root: RootDatabase<Buffer, string>;
  private readonly tables: Record<Table, Database<Buffer, string>>;
  /** Whether the last write succeeded, once it is known. */
  private lastWrite = Promise.resolve(true);

  constructor(directory: string) {
    this.path = join(directory, 'store.lmdb');
    try {
      makeFolder(directory, 0o700);
      refuseOthers(this.path);
      this.root = open<Buffer, string>({
        path: this.path,
        maxDbs: TABLES.length + 2,
        encoding: 'binary',
        noMemInit: true,
        // All writes are explicit batches. Without this the library makes promises of its own for each turn, and
        // their rejections reach the process when the disk is full (DUR-9).
        eventTurnBatching: false,
      });
      // Charts may hold secrets, and a folder that was there before may be open to others.
      for (const file of [this.path, `${this.path}-lock`]) chmodSync(file, 0o600);
      const options = { encoding: 'binary', keyEncoder: rowKeyEncoder } as const;
      // Together: each that is made by itself is a commit, for which the disk is waited.
      const tables = this.root.transactionSync(() =>
        TABLES.map((name) => [name, this.root.openDB<Buffer, string>(name, options)]),
      );
      this.tables = Object.fromEntries(tables) as Record<Table, Database<Buffer, string>>;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const next = `it has to be whole, and this user's: put back a copy, or ${ANOTHER_FOLDER}`;
      throw new StorageError('STORAGE_OPEN_FAILED', `cannot open the store ${this.path}: ${detail}; ${next}`, {
        cause: error,
      });
    }
  }

  get(table: Table, key: string): Buffer | undefined {
    return isStorableKey(key) ? this.tables[table].get(key) : undefined;
  }

  /** Rows with `from` <= key < `to` in key order, or against it. */
  range(table: Table, from: string, to: string, isReverse = false): Iterable<{ key: string; value: Buffer }> {
    const first = from === '' ? LOWEST_KEY : from;
    if (!isReverse) return this.tables[table].getRange({ start: first, end: to });
    return this.tables[table].getRange({
      reverse: true,
      start: to,
      exclusiveStart: true,
      end: first,
      inclusiveEnd: true,
    });
  }

  /**
   * Writes all rows in one transaction; resolves once they are on disk. Rejects without having tried if there is no room
   * for what it is told of them: on a full disk, LMDB writes its message past the end of the memory that it takes for it.
   */
  write(rows: Record<Table, Rows>, amount?: RowsAmount): Promise<void> {
    const room = amount && this.makeRoom(amount);
    return room ? room.then(() => this.put(rows)) : this.put(rows);
  }

  /** Lets pages be used again that were given back: LMDB takes them no sooner than two transactions later. */
  async agePages(): Promise<void> {
    for (let pause = 0; pause < PAUSES; pause++) {
      await this.batch(() => this.tables.meta.put('reserve', Buffer.from([pause])));
    }
  }

  private put(rows: Record<Table, Rows>): Promise<void> {
    const written = this.batch(() => {
      for (const name of TABLES) {
        const table = this.tables[name];
        // What put and remove return inside a batch is one promise for all that never rejects.
        for (const [key, value] of rows[name]) {
          if (value === null) table.remove(key);
          else table.put(key, value);
        }
      }
    });
    this.lastWrite = written.then(
      () => true,
      () => false,
    );
    return written;
  }

  /** Bytes of the file. It grows and never shrinks; freed pages are used again. */
  sizeBytes(): number {
    try {
      return statSync(this.path).size;
    } catch {
      return 0;
    }
  }

  /** Undefined if the disk has room, generously; rejects if the free pages of the file do not make up for what it lacks. */
  private makeRoom({ size, bytes }: RowsAmount): Promise<void> | undefined {
    const freeBytes = this.freeBytes();
    const fileBytes = this.sizeBytes();
    // With its rows LMDB writes the pages around them anew: no more than there are.
    const lacking = ROOM_BYTES + 2 * bytes + Math.min(size * ROOM_OF_ROW, fileBytes) - freeBytes;
    if (lacking <= 0) return undefined;
    if (freeBytes >= ROOM_BYTES && lacking <= fileBytes - this.usedBytes()) return this.agePages();
    const detail = `the store cannot be written: the disk of ${this.path} has ${lacking} bytes too little left`;
    return Promise.reject(new StorageError('STORAGE_WRITE_FAILED', detail, { retryable: true }));
  }

  private freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.path);
      return bavail * bsize;
    } catch {
      // The write itself says what is wrong with the file.
      return Number.POSITIVE_INFINITY;
    }
  }

  /** Bytes of the pages that hold rows. */
  usedBytes(): number {
    let bytes = 0;
    for (const name of TABLES) {
      const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = this.tables[name].getStats() as Pages;
      bytes += pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
    }
    return bytes;
  }

  /**
   * Waits for the write under way and closes the file. After a failed write LMDB waits for ever for its flush when it
   * is closed, so an empty one, which needs no room, goes before; where even that fails the file is left as it is.
   */
  async close(): Promise<void> {
    try {
      if (!(await this.lastWrite)) await this.batch(() => {});
    } catch {
      return;
    }
    await this.root.close();
  }

  private async batch(operations: () => void): Promise<void> {
    try {
      await this.root.batch(operations);
      await this.root.flushed;
    } catch (error) {
      throw writeFailed(error);
    }
  }
}

interface Pages {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** LMDB reports a full disk as "Commit failed" with a promise that rejects with EIO (section 2.3). */
function writeFailed(error: unknown): StorageError {
  const { commitError } = error as { commitError?: unknown };
  if (commitError instanceof Promise) commitError.catch(() => {});
  const detail = error instanceof Error ? error.message : String(error);
  return new StorageError('STORAGE_WRITE_FAILED', `the store cannot be written: ${detail}`, {
    cause: error,
    retryable: true,
  });
}

/** The library ends the whole process, without a word, on a file that something else has written. */
function refuseOthers(path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return;
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  if (!MAGIC.some((magic) => head.includes(magic))) throw new Error('it is no store');
}
