/**
 * The one writer of the store (DUR-4): every row of every turn goes through here.
 *
 * Invariants
 * - GC-1 Rows gather in memory while the batch before them is being flushed; then they go to disk in one LMDB
 *   transaction. Reads look at the gathering batch first, then at the one in flight, then at LMDB.
 * - GC-2 What is on disk is always a prefix of the order in which rows were handed over.
 * - GC-3 `afterFlush` callbacks run in the order they were registered, after everything handed over before them is
 *   on disk.
 * - GC-4 A batch that fails is kept, the store is `degraded`, and the same rows are tried again every
 *   {@link RETRY_MS}; the state ends by itself with the first success (DUR-9).
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Clock } from './clock.js';
import { StorageError } from './errors.js';

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
  'deadLetters',
  'meta',
] as const;

export type Table = (typeof TABLES)[number];

/** Keys are strings that sort as their bytes do; at most 1 900 bytes. */
export type Rows = Map<string, Buffer | null>;

const RETRY_MS = 5_000;
const LONGEST_KEY = 1_900;

interface Batch {
  readonly rows: Record<Table, Rows>;
  readonly released: Array<() => void>;
  size: number;
}

const emptyBatch = (): Batch => ({
  rows: Object.fromEntries(TABLES.map((table) => [table, new Map()])) as Record<Table, Rows>,
  released: [],
  size: 0,
});

export interface GroupCommitOptions {
  /** Folder of the store; made when missing. */
  readonly directory: string;
  readonly clock: Clock;
  /** Size on disk past which no new batch is taken, in bytes. LMDB has no cap of its own. @default unlimited */
  readonly quotaBytes?: number;
  /** Told when the store stops or resumes writing. */
  readonly onDegraded?: (error: StorageError | undefined) => void;
}

export class GroupCommit {
  private readonly root: RootDatabase<Buffer, string>;
  private readonly tables: Record<Table, Database<Buffer, string>>;
  private gathering = emptyBatch();
  private inFlight: Batch | undefined;
  private scheduled = false;
  private retryTimer: unknown;
  private failure: StorageError | undefined;
  private closing = false;
  private idle: Array<() => void> = [];
  /** Counts for metrics. */
  readonly counts = { batches: 0, rows: 0, failures: 0 };

  constructor(private readonly options: GroupCommitOptions) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.root = open<Buffer, string>({
      path: join(options.directory, 'store.lmdb'),
      maxDbs: TABLES.length + 2,
      encoding: 'binary',
      noMemInit: true,
    });
    this.tables = Object.fromEntries(
      TABLES.map((table) => [table, this.root.openDB<Buffer, string>({ name: table, encoding: 'binary' })]),
    ) as Record<Table, Database<Buffer, string>>;
  }

  /** Why nothing can be written at the moment, if so. */
  get degraded(): StorageError | undefined {
    return this.failure;
  }

  /** Number of the batch that gathers now; grows by one with each that is sent to disk. */
  get batchNumber(): number {
    return this.counts.batches;
  }

  /** Whether rows wait to be written or flushed. */
  get pending(): boolean {
    return this.inFlight !== undefined || this.gathering.size > 0 || this.gathering.released.length > 0;
  }

  put(table: Table, key: string, value: Buffer): void {
    if (key.length > LONGEST_KEY) throw new StorageError('STORAGE_KEY_TOO_LONG', `key of ${key.length} characters`);
    this.gathering.rows[table].set(key, value);
    this.gathering.size++;
    this.schedule();
  }

  remove(table: Table, key: string): void {
    this.gathering.rows[table].set(key, null);
    this.gathering.size++;
    this.schedule();
  }

  /**
   * Removes a row whose key is never used twice (an inbox, outbox or log row): put and removed within one batch it
   * never reaches the disk.
   */
  removeOnce(table: Table, key: string): void {
    // After a failed batch nobody knows for certain what reached the disk, so the removal is written.
    if (this.failure || !this.gathering.rows[table].delete(key)) this.remove(table, key);
  }

  get(table: Table, key: string): Buffer | undefined {
    const gathered = this.gathering.rows[table].get(key);
    if (gathered !== undefined) return gathered ?? undefined;
    const flying = this.inFlight?.rows[table].get(key);
    if (flying !== undefined) return flying ?? undefined;
    return this.tables[table].get(key);
  }

  /**
   * Rows with `from` <= key < `to` in key order, pending ones included. Meant for start-up, operators and pages of an
   * index; the hot paths read by key.
   */
  *range(table: Table, from: string, to: string, limit = Number.POSITIVE_INFINITY): Generator<[string, Buffer]> {
    const pending = new Map<string, Buffer | null>();
    for (const batch of [this.inFlight, this.gathering]) {
      if (!batch) continue;
      for (const [key, value] of batch.rows[table]) if (key >= from && key < to) pending.set(key, value);
    }
    const fresh = [...pending].filter((row): row is [string, Buffer] => row[1] !== null).sort(byKey);
    let next = 0;
    let left = limit;
    for (const { key, value } of this.tables[table].getRange({ start: from, end: to })) {
      for (let row = fresh[next]; row && row[0] <= key && left > 0; row = fresh[++next]) {
        left--;
        yield row;
      }
      if (left <= 0) return;
      if (pending.has(key)) continue;
      left--;
      yield [key, value];
    }
    for (const row of fresh.slice(next, next + left)) yield row;
  }

  /** Runs `callback` once all that was handed over so far is on disk; at once if it is already. */
  afterFlush(callback: () => void): void {
    if (!this.pending) {
      callback();
      return;
    }
    if (this.gathering.size === 0 && this.inFlight) this.inFlight.released.push(callback);
    else {
      this.gathering.released.push(callback);
      this.schedule();
    }
  }

  /** Resolves once all that was handed over so far is on disk. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.afterFlush(resolve));
  }

  /** Bytes on disk. */
  sizeBytes(): number {
    try {
      return statSync(join(this.options.directory, 'store.lmdb')).size;
    } catch {
      return 0;
    }
  }

  /** Writes what is left (for at most `deadlineMs` when the disk refuses) and closes the store. */
  async close(deadlineMs = 5_000): Promise<void> {
    this.closing = true;
    if (this.pending) {
      await new Promise<void>((resolve) => {
        const timer = this.options.clock.setTimeout(resolve, deadlineMs);
        this.idle.push(() => {
          this.options.clock.clearTimeout(timer);
          resolve();
        });
        this.schedule();
      });
    }
    this.options.clock.clearTimeout(this.retryTimer);
    await this.root.close();
  }

  private write(): void {
    const batch = this.gathering;
    if (batch.size === 0) {
      this.gathering = emptyBatch();
      this.settle(batch);
      return;
    }
    const refusal = this.overQuota();
    if (refusal) {
      this.fail(undefined, refusal);
      return;
    }
    this.gathering = emptyBatch();
    this.inFlight = batch;
    this.counts.batches++;
    this.commit(batch).then(
      () => this.succeed(batch),
      (error: unknown) => this.fail(batch, storageError(error)),
    );
  }

  private async commit(batch: Batch): Promise<void> {
    const committed = this.root.batch(() => {
      for (const table of TABLES) {
        const database = this.tables[table];
        // Every put is followed by the one promise of the batch; their own ones are not needed.
        for (const [key, value] of batch.rows[table]) {
          if (value === null) database.remove(key).catch(ignore);
          else database.put(key, value).catch(ignore);
        }
      }
    });
    const flushed = this.root.flushed;
    await committed;
    await flushed;
  }

  private succeed(batch: Batch): void {
    this.inFlight = undefined;
    this.counts.rows += batch.size;
    if (this.failure) {
      this.failure = undefined;
      this.options.onDegraded?.(undefined);
    }
    this.settle(batch);
  }

  private settle(batch: Batch): void {
    for (const release of batch.released) release();
    if (this.gathering.size > 0 || this.gathering.released.length > 0) this.schedule();
    else for (const resolve of this.idle.splice(0)) resolve();
  }

  /** Puts the rows of a failed batch back under the newer ones and tries again later. */
  private fail(batch: Batch | undefined, error: StorageError): void {
    this.inFlight = undefined;
    this.counts.failures++;
    if (batch) {
      for (const table of TABLES) {
        const newer = this.gathering.rows[table];
        const older = batch.rows[table];
        for (const [key, value] of newer) older.set(key, value);
      }
      this.gathering = {
        rows: batch.rows,
        released: [...batch.released, ...this.gathering.released],
        size: batch.size + this.gathering.size,
      };
    }
    if (!this.failure) this.options.onDegraded?.(error);
    this.failure = error;
    this.options.clock.clearTimeout(this.retryTimer);
    this.retryTimer = this.options.clock.setTimeout(() => this.write(), this.closing ? RETRY_MS / 50 : RETRY_MS);
  }

  private overQuota(): StorageError | undefined {
    const { quotaBytes } = this.options;
    if (quotaBytes === undefined || this.removesOnly() || this.sizeBytes() <= quotaBytes) return undefined;
    return new StorageError('STORAGE_QUOTA', `the store has reached its quota of ${quotaBytes} bytes`);
  }

  private removesOnly(): boolean {
    return TABLES.every((table) => {
      for (const value of this.gathering.rows[table].values()) if (value !== null) return false;
      return true;
    });
  }

  private schedule(): void {
    if (this.scheduled || this.inFlight || this.failure) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.write();
    });
  }
}

const byKey = (a: [string, Buffer], b: [string, Buffer]): number => (a[0] < b[0] ? -1 : 1);

const ignore = (): void => {};

/** LMDB reports a full disk as "Commit failed" with a promise that rejects with EIO (section 2.3). */
function storageError(error: unknown): StorageError {
  const commitError = (error as { commitError?: Promise<unknown> }).commitError;
  if (commitError instanceof Promise) commitError.catch(ignore);
  const detail = error instanceof Error ? error.message : String(error);
  return new StorageError('STORAGE_WRITE_FAILED', `the store cannot be written: ${detail}`, { cause: error });
}
