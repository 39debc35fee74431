import type { Clock } from '../clock.js';
import { StorageError } from '../errors.js';
import type { GroupCommit } from '../store/group-commit.js';
import { prefixEnd } from '../store/row-pages.js';
import type { ElapsedTime, Moment } from './elapsed-time.js';

/** What an earlier run has stored of a log beside its entries. */
export interface StoredPositions {
  /** No number up to here may be used again. */
  readonly lastSeq: number;
  /** The index of each reader's bit. */
  readonly bits: ReadonlyMap<string, number>;
  /** The last entry that each reader has passed. */
  readonly positions: ReadonlyMap<string, number>;
  /** The latest moment noted, if any. */
  readonly moment: Moment | undefined;
}

interface MetaRow extends Moment {
  readonly format: 1;
  readonly lastSeq: number;
  readonly bits: Record<string, number>;
}

const READER_ROW_BYTES = 24;

const metaKey = (log: string): string => `${log}/meta`;
const readerKey = (log: string, reader: string): string => `${log}/reader/${reader}`;

export function loadPositions(commit: GroupCommit, log: string): StoredPositions {
  const meta = readMeta(log, commit.get('positions', metaKey(log)));
  const positions = new Map<string, number>();
  let lastSeq = meta?.lastSeq ?? 0;
  let moment: Moment | undefined = meta && { at: meta.at, elapsedMs: meta.elapsedMs };
  const prefix = readerKey(log, '');
  for (const [key, row] of commit.range('positions', prefix, prefixEnd(prefix))) {
    if (row.length !== READER_ROW_BYTES) continue;
    const position = row.readDoubleLE(0);
    positions.set(key.slice(prefix.length), position);
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

  storeReader(reader: string, position: number): void {
    const row = Buffer.allocUnsafe(READER_ROW_BYTES);
    row.writeDoubleLE(position, 0);
    row.writeDoubleLE(this.clock.now(), 8);
    row.writeDoubleLE(this.elapsed.now(), 16);
    const key = readerKey(this.log, reader);
    this.commit.put('positions', key, row, 'soon');
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
