import type { Clock } from '../clock.js';
import { StorageError } from '../errors.js';
import type { GroupCommit } from '../store/group-commit.js';
import { prefixEnd } from '../store/row-pages.js';
import type { ElapsedTime, Moment } from './elapsed-time.js';

export interface ReaderPosition {
  /** The last entry that the reader has passed. */
  readonly position: number;
  /** The last one that it passed unconfirmed, or that was there before it. */
  readonly lostTo: number;
}

/** What an earlier run has stored of a log beside its entries. */
export interface StoredPositions {
  /** No number up to here may be used again. */
  readonly lastSeq: number;
  /** The index of each reader's bit. */
  readonly bits: ReadonlyMap<string, number>;
  readonly positions: ReadonlyMap<string, ReaderPosition>;
  /** The latest moment noted, if any. */
  readonly moment: Moment | undefined;
}

interface MetaRow extends Moment {
  readonly format: 1;
  readonly lastSeq: number;
  readonly bits: Record<string, number>;
}

const READER_ROW_BYTES = 32;
/** Rows without {@link ReaderPosition.lostTo}: whatever came before may be lost. */
const SHORT_READER_ROW_BYTES = 24;

const metaKey = (log: string): string => `${log}/meta`;
const readerKey = (log: string, reader: string): string => `${log}/reader/${reader}`;

export function loadPositions(commit: GroupCommit, log: string): StoredPositions {
  const meta = readMeta(log, commit.get('positions', metaKey(log)));
  const positions = new Map<string, ReaderPosition>();
  let lastSeq = meta?.lastSeq ?? 0;
  let moment: Moment | undefined = meta && { at: meta.at, elapsedMs: meta.elapsedMs };
  const prefix = readerKey(log, '');
  for (const [key, row] of commit.range('positions', prefix, prefixEnd(prefix))) {
    const isShort = row.length === SHORT_READER_ROW_BYTES;
    if (!isShort && row.length !== READER_ROW_BYTES) continue;
    const position = row.readDoubleLE(0);
    const lostTo = isShort ? position : row.readDoubleLE(24);
    positions.set(key.slice(prefix.length), { position, lostTo });
    lastSeq = Math.max(lastSeq, position);
    moment = later(moment, { at: row.readDoubleLE(8), elapsedMs: row.readDoubleLE(16) });
  }
  return { lastSeq, bits: new Map(Object.entries(meta?.bits ?? {})), positions, moment };
}

export function later(a: Moment | undefined, b: Moment): Moment {
  return a && a.elapsedMs >= b.elapsedMs ? a : b;
}

/** Writes the rows that {@link loadPositions} reads. */
export class LogPositions {
  constructor(
    private readonly commit: GroupCommit,
    private readonly clock: Clock,
    private readonly elapsed: ElapsedTime,
    private readonly log: string,
    private readonly bits: ReadonlyMap<string, number>,
  ) {}

  storeMeta(lastSeq: number): void {
    const bits = Object.fromEntries(this.bits);
    const meta: MetaRow = { format: 1, lastSeq, bits, at: this.clock.now(), elapsedMs: this.elapsed.now() };
    this.commit.put('positions', metaKey(this.log), Buffer.from(JSON.stringify(meta)));
  }

  storeReader(reader: string, { position, lostTo }: ReaderPosition): void {
    const row = Buffer.allocUnsafe(READER_ROW_BYTES);
    row.writeDoubleLE(position, 0);
    row.writeDoubleLE(this.clock.now(), 8);
    row.writeDoubleLE(this.elapsed.now(), 16);
    row.writeDoubleLE(lostTo, 24);
    const key = readerKey(this.log, reader);
    this.commit.put('positions', key, row);
    this.commit.ahead('positions', key);
  }

  removeReader(reader: string): void {
    this.commit.remove('positions', readerKey(this.log, reader));
  }
}

function readMeta(log: string, row: Buffer | undefined): MetaRow | undefined {
  if (!row) return undefined;
  const meta = JSON.parse(row.toString()) as MetaRow;
  if (meta.format === 1) return meta;
  throw new StorageError('STORAGE_FORMAT', `the log ${log} was written by a newer version`);
}
