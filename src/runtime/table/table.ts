/**
 * Keyed rows with index keys and a bound (DUR-16), over the group commit.
 *
 * Invariants
 * - TB-1 A row and what its indexes say of it are of one batch; reads see all that was handed over.
 * - TB-2 There are never more rows nor bytes than the bound; which answer a put gets there is the table's `overflow`.
 * - TB-3 A row that cannot be read is set aside with the reason (DUR-10) and is none from then on; another version of
 *   the table tries it once more.
 */
import type { Clock } from '../clock.js';
import { type ErrorRecord, errorRecord, StorageError } from '../errors.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { RecordCodec } from '../store/record-codec.js';
import { compareRowKeys, isStorableKey } from '../store/row-key.js';
import { joinKey, rangeOf } from '../store/store-keys.js';
import type { UnreadableRows } from '../store/unreadable-rows.js';

export interface TableOptions<Row> {
  /** Unique in the store; letters, digits, dots and dashes. */
  readonly name: string;
  /** 0 to 255; grows with each change of the rows' shape or of the indexes. @default 1 */
  readonly version?: number;
  /** Turns a row of an older version into one of `version`; without it such rows are set aside. */
  readonly migrate?: (fromVersion: number, row: unknown) => Row;
  readonly mostRows: number;
  /** Of keys and encoded rows. */
  readonly mostBytes: number;
  /** At the bound a put is refused, or the rows of the lowest keys go. */
  readonly overflow: 'reject' | 'drop-first';
  /** The key of a row in each index; a row without one is not in it. */
  readonly indexes?: Readonly<Record<string, (row: Row) => string | undefined>>;
  /** No key is used twice, so that a row that is put and removed within one batch never reaches the disk. */
  readonly keysOnce?: boolean;
  /** Told of each row that goes at the bound but those that cannot be read. */
  readonly onDropped?: (key: string, row: Row) => void;
}

export interface RowRange {
  /** The first key. @default the lowest */
  readonly from?: string;
  /** The first key that is not meant any more. */
  readonly to?: string;
  /** Highest key first. */
  readonly isReverse?: boolean;
}

/** A row that is ready to be written: nothing of it can fail any more but for want of room. */
export interface EncodedRow {
  readonly key: string;
  readonly bytes: Buffer;
  readonly indexKeys: readonly string[];
}

/** What a table needs of the store. */
export interface TableStore {
  readonly commit: GroupCommit;
  readonly codec: RecordCodec;
  readonly unreadable: UnreadableRows;
  readonly clock: Pick<Clock, 'now'>;
}

/** A row that was set aside. */
interface AsideRow {
  readonly reason: ErrorRecord;
  readonly at: number;
  readonly version: number;
  readonly bytes: Buffer;
}

type Kind = 'row' | 'index' | 'aside';

const LOWEST_PAGE = 100;
/** An empty value is none to LMDB's readers. */
const MARK = Buffer.from([1]);

export class Table<Row = unknown> {
  readonly name: string;
  /** Rows. */
  size = 0;
  /** Bytes of keys and encoded rows. */
  bytes = 0;
  /** Since the start of the process; `aside` is how many are set aside now. */
  readonly counts = { dropped: 0, refused: 0, aside: 0 };
  private readonly version: number;
  /** The next rows to drop, lowest first. */
  private lowest: string[] = [];

  /** Counts all rows, and takes up those of other versions. */
  constructor(
    private readonly store: TableStore,
    private readonly options: TableOptions<Row>,
  ) {
    const { name, version = 1 } = options;
    if (!/^[A-Za-z0-9.-]+$/.test(name)) throw new StorageError('STORAGE_TABLE_INVALID', `no table is named "${name}"`);
    this.name = name;
    this.version = version;
    this.takeBack();
    for (const [key, bytes] of this.stored('row')) {
      this.count(key, bytes.length, 1);
      if (bytes[0] === version) continue;
      const row = this.read(key, bytes);
      if (row !== undefined) this.replace(this.encode(key, row), bytes);
    }
    if (options.overflow === 'drop-first') this.dropWhile(() => !this.hasRoom(0, 0));
  }

  /** False if there is no room for the row. Throws on a row that cannot be stored. */
  put(key: string, row: Row): boolean {
    return this.write(this.encode(key, row));
  }

  /** Throws on a row that cannot be stored. */
  encode(key: string, row: Row): EncodedRow {
    const indexKeys: string[] = [];
    for (const [index, keyOf] of Object.entries(this.options.indexes ?? {})) {
      const value = keyOf(row);
      if (value !== undefined) indexKeys.push(indexKey(index, value));
    }
    const bytes = this.store.codec.encode([indexKeys, row]);
    const storeKeys = [this.keyOf('row', key), ...indexKeys.map((each) => this.keyOf('index', joinKey(each, key)))];
    if (key === '' || !storeKeys.every(isStorableKey)) {
      throw new StorageError('STORAGE_KEY_INVALID', `a key of ${key.length} characters cannot be stored`);
    }
    return { key, bytes: Buffer.concat([Buffer.from([this.version]), bytes]), indexKeys };
  }

  /** Puts an encoded row; false if there is no room for it. */
  write(row: EncodedRow): boolean {
    const before = this.options.keysOnce ? undefined : this.bytesOf(row.key);
    if (!this.makeRoom(row.key, row.key.length + row.bytes.length, before)) {
      this.counts.refused++;
      return false;
    }
    this.replace(row, before);
    if (!before) this.count(row.key, row.bytes.length, 1);
    const highest = this.lowest.at(-1);
    if (highest !== undefined && compareRowKeys(row.key, highest) < 0) this.lowest = [];
    return true;
  }

  get(key: string): Row | undefined {
    const bytes = this.bytesOf(key);
    return bytes && this.read(key, bytes);
  }

  /** False if there is none. */
  remove(key: string): boolean {
    const bytes = this.bytesOf(key);
    if (!bytes) return false;
    this.forget(key, bytes);
    return true;
  }

  /** Removes a row that is there, of a table without indexes, without a look at it: `length` is that of its bytes. */
  removeKnown(key: string, length: number): void {
    this.count(key, length, -1);
    if (this.options.keysOnce) this.store.commit.removeOnce('rows', this.keyOf('row', key));
    else this.store.commit.remove('rows', this.keyOf('row', key));
  }

  /** Rows in the order of their keys, as they were when the first was taken, with their encoded size. */
  *range({ from = '', to, isReverse = false }: RowRange = {}): Generator<[key: string, row: Row, bytes: number]> {
    for (const [key, bytes] of this.stored('row', from, to, isReverse)) {
      const row = this.read(key, bytes);
      if (row !== undefined) yield [key, row, bytes.length];
    }
  }

  /** Rows of one index key, in the order of their own keys. */
  *by(index: string, value: string): Generator<[key: string, row: Row]> {
    const prefix = joinKey(indexKey(index, value), '');
    for (const [entry] of this.stored('index', prefix, rangeOf(indexKey(index, value))[1])) {
      const key = entry.slice(prefix.length);
      const row = this.get(key);
      if (row === undefined) this.store.commit.remove('rows', this.keyOf('index', entry));
      else yield [key, row];
    }
  }

  private keyOf(kind: Kind, key: string): string {
    return joinKey(this.name, kind, key);
  }

  private bytesOf(key: string): Buffer | undefined {
    return this.store.commit.get('rows', this.keyOf('row', key));
  }

  private *stored(kind: Kind, from = '', to?: string, isReverse = false): Generator<[string, Buffer]> {
    const prefix = this.keyOf(kind, '');
    const end = to === undefined ? rangeOf(joinKey(this.name, kind))[1] : prefix + to;
    for (const [key, bytes] of this.store.commit.range('rows', prefix + from, end, undefined, isReverse)) {
      yield [key.slice(prefix.length), bytes];
    }
  }

  /** Writes a row over `before`, room or not. */
  private replace({ key, bytes, indexKeys }: EncodedRow, before: Buffer | undefined): void {
    const { commit } = this.store;
    if (before) {
      this.bytes += bytes.length - before.length;
      this.forgetIndexes(key, before, indexKeys);
    }
    commit.put('rows', this.keyOf('row', key), bytes);
    for (const each of indexKeys) commit.put('rows', this.keyOf('index', joinKey(each, key)), MARK);
  }

  private forget(key: string, bytes: Buffer): void {
    this.forgetIndexes(key, bytes, []);
    this.removeKnown(key, bytes.length);
  }

  private forgetIndexes(key: string, bytes: Buffer, kept: readonly string[]): void {
    if (!this.options.indexes) return;
    for (const each of this.indexKeysOf(bytes)) {
      if (!kept.includes(each)) this.store.commit.remove('rows', this.keyOf('index', joinKey(each, key)));
    }
  }

  /** Those of a row that cannot be read are removed when they are met. */
  private indexKeysOf(bytes: Buffer): readonly string[] {
    try {
      return this.unpack(bytes)[0];
    } catch {
      return [];
    }
  }

  private count(key: string, length: number, sign: 1 | -1): void {
    this.size += sign;
    this.bytes += sign * (key.length + length);
  }

  private hasRoom(rows: number, bytes: number): boolean {
    return this.size + rows <= this.options.mostRows && this.bytes + bytes <= this.options.mostBytes;
  }

  /** Whether there is room for a row in place of `before`; drops what has to go for it. */
  private makeRoom(key: string, weight: number, before: Buffer | undefined): boolean {
    const { mostRows, mostBytes, overflow } = this.options;
    const rows = before ? 0 : 1;
    const growth = weight - (before ? key.length + before.length : 0);
    if (this.hasRoom(rows, growth)) return true;
    // A row that shrinks makes room.
    if (overflow === 'reject') return rows === 0 && growth <= 0;
    if (weight > mostBytes || mostRows === 0) return false;
    this.dropWhile(() => !this.hasRoom(rows, growth), key);
    return true;
  }

  private dropWhile(isFull: () => boolean, kept?: string): void {
    while (isFull()) {
      if (this.lowest.length === 0) this.lowest = this.lowestKeys();
      const key = this.lowest.shift();
      if (key === undefined) return;
      if (key !== kept) this.drop(key);
    }
  }

  private drop(key: string): void {
    const { onDropped } = this.options;
    const bytes = this.bytesOf(key);
    if (!bytes) return;
    const row = onDropped ? this.read(key, bytes) : undefined;
    // One that could not be read is set aside by now.
    if (this.bytesOf(key)) this.forget(key, bytes);
    this.counts.dropped++;
    if (row !== undefined) onDropped?.(key, row);
  }

  private lowestKeys(): string[] {
    const keys: string[] = [];
    for (const [key] of this.stored('row')) if (keys.push(key) === LOWEST_PAGE) break;
    return keys;
  }

  private read(key: string, bytes: Buffer): Row | undefined {
    return this.store.unreadable.guard('rows', this.keyOf('row', key), () => {
      try {
        return this.decode(bytes);
      } catch (error) {
        this.setAside(key, bytes, error);
        throw error;
      }
    });
  }

  private decode(bytes: Buffer): Row {
    const [, row] = this.unpack(bytes);
    const version = bytes[0] ?? 0;
    if (version === this.version) return row as Row;
    const { migrate } = this.options;
    if (!migrate) throw new Error(`a row of version ${version} in a table of version ${this.version}`);
    return migrate(version, row);
  }

  private unpack(bytes: Buffer): [indexKeys: readonly string[], row: unknown] {
    const row = this.store.codec.decode(bytes.subarray(1));
    if (!Array.isArray(row) || row.length !== 2) throw new Error('not the row of a table');
    return row as [readonly string[], unknown];
  }

  private setAside(key: string, bytes: Buffer, error: unknown): void {
    const { commit, codec, clock } = this.store;
    const row: AsideRow = { reason: errorRecord(error), at: clock.now(), version: this.version, bytes };
    commit.put('rows', this.keyOf('aside', key), codec.encode(row));
    this.forget(key, bytes);
    this.counts.aside++;
  }

  /** Gives rows that another version set aside another chance, unless there is a new row of their key. */
  private takeBack(): void {
    const { commit, codec, unreadable } = this.store;
    for (const [key, bytes] of this.stored('aside')) {
      const asideKey = this.keyOf('aside', key);
      const row = unreadable.guard('rows', asideKey, () => codec.decode(bytes) as AsideRow);
      if (!row || row.version === this.version || this.bytesOf(key)) {
        this.counts.aside++;
        continue;
      }
      commit.put('rows', this.keyOf('row', key), Buffer.from(row.bytes));
      commit.remove('rows', asideKey);
    }
  }
}

/** An index and a key in it, so that no other key begins like it. */
function indexKey(index: string, value: string): string {
  return joinKey(index, value.replaceAll('\u0002', '\u00022').replaceAll('\u0001', '\u00021'));
}
