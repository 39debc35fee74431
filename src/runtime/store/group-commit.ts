/**
 * The one writer of the store (DUR-4): every row of every turn goes through here.
 *
 * Invariants
 * - GC-1 Rows gather in memory while the batch before them is being flushed; then they go to disk in one LMDB
 *   transaction. Reads look at the gathering batch first, then at those before it, then at LMDB. Rows handed over
 *   without letting the loop turn are never parted; a batch that has grown large waits in line as it is, so that no
 *   write stops the loop for long.
 * - GC-2 What is on disk is always a prefix of the order in which rows were handed over.
 *   They wait until somebody waits for one of them, {@link SOON_MS} at most: a commit costs much the same with many rows
 *   as with one.
 * - GC-3 `afterFlush` callbacks run in the order they were registered, after everything handed over before them is
 *   on disk.
 * - GC-4 A batch that fails is kept, the store is `degraded`, and the same rows are tried again every
 *   {@link RETRY_MS}; the state ends by itself with the first success (DUR-9). Meanwhile a removal of what is not on
 *   disk is forgotten with its row.
 * - GC-5 Past its quota the store is degraded too and holds back batches that only put. One that removes is written,
 *   the rows that came with it included (GC-2): otherwise room could never be made.
 * - GC-6 No promise made here or by LMDB on our behalf rejects unhandled, and a callback that throws keeps neither
 *   the rows nor the callbacks behind it from going on: its error is thrown again from a task of its own.
 * - GC-7 While a disk is full, rows named to {@link GroupCommit.ahead} go before all others (GC-2 does not hold for
 *   them): they make room and hang together with nothing else.
 *
 * A value belongs to the store once it is handed over: LMDB's writer thread reads it where it lies.
 */
import type { Clock } from '../clock.js';
import { unowned } from '../effect-owner.js';
import { StorageError } from '../errors.js';
import { within } from '../wait.js';
import { BatchLine } from './batch-line.js';
import type { CommitBatch } from './commit-batch.js';
import { callGuarded } from './guarded.js';
import { HurriedRows } from './hurried-rows.js';
import { mergedRange } from './merged-range.js';
import { Reserve } from './reserve.js';
import { isStorableKey } from './row-key.js';
import { type Rows, StoreFile, TABLES, type Table } from './store-file.js';

export { type Rows, TABLES, type Table };

/** How long rows that nobody waits for may gather. */
const SOON_MS = 10;
const RETRY_MS = 5_000;
const RETRY_WHILE_CLOSING_MS = 100;
const QUOTA = 'STORAGE_QUOTA';
const WRITE_FAILED = 'STORAGE_WRITE_FAILED';
/** Written to find out whether the disk takes something again. */
const PROBE = Buffer.alloc(1);

/** `soon`: nothing hangs on it, so that others may gather with it for some milliseconds. */
export type Haste = 'now' | 'soon';

export interface GroupCommitOptions {
  /** Folder of the store; made when missing. */
  readonly directory: string;
  readonly clock: Clock;
  /**
   * Bytes in use past which the store is degraded (GC-5). LMDB has no cap of its own. The file may be larger: it
   * keeps the pages that removed rows leave behind. @default unlimited
   */
  readonly quotaBytes?: number;
  /** Told when the store stops or resumes writing. */
  readonly onDegraded?: (error: StorageError | undefined) => void;
}

export class GroupCommit {
  private readonly file: StoreFile;
  private readonly hurried: HurriedRows;
  private readonly line = new BatchLine();
  /** The callbacks being run, while they are. */
  private releasing: Array<() => void> | undefined;
  private scheduled = false;
  private soonTimer: NodeJS.Timeout | undefined;
  private isTurnDue = false;
  private retryTimer: unknown;
  private failure: StorageError | undefined;
  private closed: Promise<boolean> | undefined;
  private isOpen = true;
  private idle: Array<() => void> = [];
  /** Counts for metrics. */
  readonly counts = { batches: 0, rows: 0, failures: 0 };

  constructor(private readonly options: GroupCommitOptions) {
    this.file = new StoreFile(options.directory);
    this.hurried = new HurriedRows(new Reserve(this.file, options.directory));
  }

  /** Why nothing can be written at the moment, if so. */
  get degraded(): StorageError | undefined {
    return this.failure;
  }

  /** Number of the batch that gathers now; grows by one with each that follows it. */
  get batchNumber(): number {
    return this.line.number;
  }

  /** Whether rows wait to be written or flushed, or callbacks to be run. */
  get pending(): boolean {
    return !this.line.isEmpty;
  }

  /** Keys are 1 to 1 900 bytes of UTF-8 and sort by code point. */
  put(table: Table, key: string, value: Buffer): void {
    this.set(table, key, value);
    this.schedule('soon');
  }

  remove(table: Table, key: string): void {
    this.set(table, key, null);
    this.schedule('soon', true);
  }

  /**
   * Removes a row whose key is never used twice (an inbox, outbox or log row): put and removed within one batch it
   * never reaches the disk.
   */
  removeOnce(table: Table, key: string): void {
    const { gathering } = this.line;
    if (gathering.isRetry || !gathering.forget(table, key)) this.remove(table, key);
  }

  /** Lets the row of this key that gathers now go before all others for as long as the disk is full (GC-7). */
  ahead(table: Table, key: string): void {
    if (this.failure?.code !== WRITE_FAILED) return;
    const row = this.line.gathering.rows[table].get(key);
    if (row !== undefined) this.hurried.add(table, key, row);
  }

  /** Sets room aside for what is to go {@link ahead}. */
  keepReserve(): void {
    this.hurried.keepRoom();
  }

  get(table: Table, key: string): Buffer | undefined {
    const pending = this.line.get(table, key);
    return pending === undefined ? this.file.get(table, key) : (pending ?? undefined);
  }

  /** Whether a change of a row with `from` <= key < `to` is not on disk yet. */
  isPending(table: Table, from: string, to: string): boolean {
    return this.line.rows(table, from, to).size > 0;
  }

  /**
   * Rows with `from` <= key < `to` in key order, or against it, pending ones included, as they were when the first was
   * taken. Meant for start-up, operators and pages of an index; the hot paths read by key.
   */
  *range(
    table: Table,
    from: string,
    to: string,
    limit = Number.POSITIVE_INFINITY,
    isReverse = false,
  ): Generator<[string, Buffer]> {
    const written = this.writtenRange(table, from, to, isReverse);
    yield* mergedRange(written, this.line.rows(table, from, to), limit, isReverse);
  }

  /**
   * {@link range} without the pending rows, for readers of what is flushed: its cost does not grow with the batch.
   * May show rows of the batch in flight and rows whose removal is pending.
   */
  *writtenRange(table: Table, from: string, to: string, isReverse = false): Generator<[string, Buffer]> {
    if (to === '') return;
    if (from !== '') requireStorable(from);
    requireStorable(to);
    for (const { key, value } of this.file.range(table, from, to, isReverse)) yield [key, value];
  }

  /**
   * Runs `callback` once all that was handed over so far is on disk; at once if it is already. One that hands over
   * rows and registers itself again each time keeps the store busy for ever.
   */
  afterFlush(callback: () => void, haste: Haste = 'now'): void {
    const { newest, gathering } = this.line;
    const callbacks = newest?.released ?? this.releasing;
    if (!callbacks) {
      callback();
      return;
    }
    callbacks.push(callback);
    if (newest === gathering) this.schedule(haste);
  }

  /** Resolves once all that was handed over so far is on disk. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.afterFlush(resolve));
  }

  /** Bytes on disk. */
  sizeBytes(): number {
    return this.file.sizeBytes();
  }

  /**
   * Writes what is left (for at most `deadlineMs` when the disk refuses) and closes the store. Resolves to whether
   * all was written; callbacks of rows that were not are never run.
   */
  close(deadlineMs = 5_000): Promise<boolean> {
    this.closed ??= this.shutDown(deadlineMs);
    return this.closed;
  }

  private async shutDown(deadlineMs: number): Promise<boolean> {
    const { clock } = this.options;
    if (this.pending || this.releasing) {
      const idle = new Promise<void>((resolve) => this.idle.push(resolve));
      if (this.failure) this.write();
      else this.schedule('now');
      await within(clock, idle, deadlineMs);
    }
    const complete = !this.pending;
    this.isOpen = false;
    clock.clearTimeout(this.retryTimer);
    await this.file.close();
    return complete;
  }

  private set(table: Table, key: string, value: Buffer | null): void {
    if (!this.isOpen) throw new StorageError('STORAGE_CLOSED', 'the store is closed');
    requireStorable(key);
    const { gathering, inFlight, isWaiting } = this.line;
    const isSettled = this.failure && !inFlight && !isWaiting;
    if (value === null && isSettled && !this.isStored(table, key)) {
      gathering.forget(table, key);
      return;
    }
    gathering.set(table, key, value);
    if (!gathering.isLarge) return;
    if (!inFlight) this.schedule('now');
    else if (!this.isTurnDue) this.setAsideNextTurn();
  }

  private readonly isStored = (table: Table, key: string): boolean => this.file.get(table, key) !== undefined;

  private setAsideNextTurn(): void {
    this.isTurnDue = true;
    setImmediate(() => {
      this.isTurnDue = false;
      // A degraded store keeps one batch, which grows no further with rows that are put again.
      if (this.line.inFlight && !this.failure && this.line.gathering.isLarge) this.line.setAside();
    });
  }

  private write(): void {
    clearTimeout(this.soonTimer);
    this.soonTimer = undefined;
    if (!this.isOpen || this.line.inFlight) return;
    if (!this.isAllowed()) return;
    const batch = this.line.next();
    // All that could not be written has been removed again (GC-4): only something else can end the state.
    if (batch.size === 0 && this.failure?.code === WRITE_FAILED && !this.closed) batch.set('meta', 'probe', PROBE);
    if (batch.size === 0) {
      this.release(batch);
      return;
    }
    this.line.inFlight = batch;
    this.counts.batches++;
    this.writeToFile(batch).then(
      () => this.succeed(batch),
      (error: StorageError) => this.fail(batch, error),
    );
  }

  private async writeToFile(batch: CommitBatch): Promise<void> {
    if (!this.hurried.isEmpty) await this.hurried.writeBefore(batch);
    await this.file.write(batch.rows, batch);
  }

  private succeed(batch: CommitBatch): void {
    this.line.inFlight = undefined;
    this.counts.rows += batch.size;
    if (this.failure) this.degrade(this.overQuota());
    this.release(batch);
  }

  private release(batch: CommitBatch): void {
    this.releasing = batch.released;
    for (const callback of batch.released) callGuarded(callback);
    this.releasing = undefined;
    if (this.pending) {
      const { gathering, isWaiting } = this.line;
      const haste = isWaiting || this.closed ? 'now' : gathering.haste;
      this.schedule(haste, this.failure !== undefined && gathering.removesSomething);
    } else for (const resolve of this.idle.splice(0)) resolve();
  }

  private fail(batch: CommitBatch, error: StorageError): void {
    this.line.inFlight = undefined;
    this.counts.failures++;
    batch.isRetry = true;
    this.line.gatherAgain(this.isStored, batch);
    this.degrade(error);
  }

  /** Enters, stays in or (with `undefined`) leaves the degraded state, in which one retry is always due. */
  private degrade(failure: StorageError | undefined): void {
    const { clock, onDegraded } = this.options;
    const isNews = this.failure?.code !== failure?.code;
    if (failure?.code !== WRITE_FAILED) this.hurried.clear();
    this.failure = failure;
    clock.clearTimeout(this.retryTimer);
    if (failure && this.isOpen) {
      this.retryTimer = clock.setTimeout(() => this.write(), this.closed ? RETRY_WHILE_CLOSING_MS : RETRY_MS);
    }
    if (isNews && onDegraded) callGuarded(() => onDegraded(failure));
  }

  /** Whether the quota lets the next batch go. */
  private isAllowed(): boolean {
    const refusal = this.overQuota();
    if (refusal || this.failure?.code === QUOTA) this.degrade(refusal);
    if (!refusal) return true;
    this.line.gatherAgain(this.isStored);
    const { gathering } = this.line;
    return gathering.size === 0 || gathering.removesSomething;
  }

  private overQuota(): StorageError | undefined {
    const { quotaBytes } = this.options;
    if (quotaBytes === undefined || !this.isOpen || this.file.sizeBytes() <= quotaBytes) return undefined;
    if (this.file.usedBytes() <= quotaBytes) return undefined;
    return new StorageError(QUOTA, `the store has reached its quota of ${quotaBytes} bytes`, { retryable: true });
  }

  private schedule(haste: Haste, removes = false): void {
    if (haste === 'now') this.line.gathering.haste = haste;
    if (this.scheduled || this.line.inFlight) return;
    if (this.failure && !(removes && this.failure.code === QUOTA)) return;
    const write = (): void => {
      this.scheduled = false;
      unowned(() => this.write());
    };
    if (haste === 'now') {
      this.scheduled = true;
      setImmediate(write);
    } else this.soonTimer ??= setTimeout(write, SOON_MS);
  }
}

function requireStorable(key: string): void {
  if (isStorableKey(key)) return;
  throw new StorageError('STORAGE_KEY_INVALID', `a key of ${key.length} characters cannot be stored`);
}
