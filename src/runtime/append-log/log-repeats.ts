import type { GroupCommit } from '../store/group-commit.js';
import { pagesOf, prefixEnd } from '../store/row-pages.js';

/** An entry that its sender may send again, because it never heard that the entry was stored. */
export interface Once {
  /** Names the entry: up to {@link LONGEST_KEY} characters of Latin-1. */
  readonly key: string;
  /** Through which connection it came. What comes again through the same one, although nothing waits, is meant. */
  readonly source: string;
  /** The reader that has to confirm it (`AppendLog.settled`); if that one passes it without, a repeat is stored. */
  readonly until?: string | undefined;
}

/** What is known of the entry of a key. */
export interface Known {
  /** Number of the entry; 0 if only its confirmation is still known. */
  readonly seq: number;
  /** `''`: of an earlier run. */
  readonly source: string;
  readonly isSettled: boolean;
}

interface Remembered extends Known {
  /** The row that says so. */
  readonly row: number;
}

interface Row {
  readonly number: number;
  readonly keys: string[];
}

const LONGEST_KEY = 255;
const NUMBER_BYTES = 8;
/** A row is written with each batch until it is full: small enough for that, and for a page of LMDB. */
const ROW_BYTES = 2_000;
/** 40 000 keys of 42 characters. */
const MOST_ROWS = 1_024;
/** Stands for the number of an entry that was confirmed. */
const SETTLED = 0;

/**
 * The newest entries of a log by their keys, so that one that is sent again is not stored again (DUR-15). The rows go
 * with the batches of the entries, in one place and not one for each key, and are the bound: with the oldest row its
 * keys are forgotten.
 */
export class LogRepeats {
  private readonly known = new Map<string, Remembered>();
  private readonly rows: Row[] = [];
  private readonly prefix: string;
  private bytes = Buffer.alloc(0);
  private used = ROW_BYTES;

  constructor(
    private readonly commit: GroupCommit,
    log: string,
    private readonly mostRows = MOST_ROWS,
  ) {
    this.prefix = `${log}/once/`;
  }

  /** Takes up what the run before has stored. */
  async load(): Promise<void> {
    for await (const page of pagesOf(this.commit, 'positions', this.prefix, prefixEnd(this.prefix))) {
      for (const [key, bytes] of page) this.take(Number.parseInt(key.slice(this.prefix.length), 16), bytes);
    }
    this.forgetOldest();
  }

  get size(): number {
    return this.known.size;
  }

  find(key: string): Known | undefined {
    return this.known.get(key);
  }

  record({ key, source }: Once, seq: number): void {
    this.write(key, seq);
    this.remember(key, seq, source, false);
  }

  settle(key: string): void {
    const known = this.known.get(key);
    if (!known || known.isSettled) return;
    this.write(key, SETTLED);
    this.remember(key, known.seq, known.source, true);
  }

  private remember(key: string, seq: number, source: string, isSettled: boolean): void {
    const row = this.rows[this.rows.length - 1] as Row;
    row.keys.push(key);
    this.known.set(key, { seq, source, isSettled, row: row.number });
  }

  private write(key: string, seq: number): void {
    if (key.length > LONGEST_KEY) throw new RangeError(`a key of ${key.length} characters`);
    if (this.used + 1 + key.length + NUMBER_BYTES > ROW_BYTES) this.addRow();
    this.bytes[this.used] = key.length;
    this.bytes.write(key, this.used + 1, 'latin1');
    this.used = this.bytes.writeDoubleLE(seq, this.used + 1 + key.length);
    this.commit.put(
      'positions',
      this.rowKey(this.rows[this.rows.length - 1] as Row),
      this.bytes.subarray(0, this.used),
    );
  }

  private addRow(): void {
    const number = (this.rows[this.rows.length - 1]?.number ?? 0) + 1;
    this.rows.push({ number, keys: [] });
    this.bytes = Buffer.allocUnsafe(ROW_BYTES);
    this.used = 0;
    this.forgetOldest();
  }

  private forgetOldest(): void {
    while (this.rows.length > this.mostRows) {
      const row = this.rows.shift() as Row;
      for (const key of row.keys) if (this.known.get(key)?.row === row.number) this.known.delete(key);
      this.commit.remove('positions', this.rowKey(row));
    }
  }

  private take(number: number, bytes: Buffer): void {
    this.rows.push({ number, keys: [] });
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + (bytes[at] as number);
      if (end + NUMBER_BYTES > bytes.length) return;
      const key = bytes.toString('latin1', at + 1, end);
      const seq = bytes.readDoubleLE(end);
      const isSettled = seq === SETTLED;
      this.remember(key, isSettled ? (this.known.get(key)?.seq ?? 0) : seq, '', isSettled);
      at = end + NUMBER_BYTES;
    }
  }

  private rowKey({ number }: Row): string {
    return this.prefix + number.toString(16).padStart(12, '0');
  }
}
