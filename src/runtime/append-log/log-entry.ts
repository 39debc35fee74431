/** How an entry of an {@link AppendLog} stands in the `log` table: a fixed header, then the payload as it came. */

/** Most readers that a log can have: one bit each in an entry's header. */
export const MOST_READERS = 32;

/** What an entry costs on disk beside its payload (header, key, LMDB's node), in bytes; counted against bounds. */
export const ENTRY_OVERHEAD_BYTES = 64;

export interface LogEntry {
  readonly seq: number;
  /** One bit for each reader the entry is routed to. */
  readonly readers: number;
  /** Wall clock at the append, epoch milliseconds. */
  readonly at: number;
  /** {@link ElapsedTime} at the append: what its age is measured by. */
  readonly elapsedMs: number;
  readonly row: Buffer;
}

const FORMAT = 1;
const READERS_AT = 4;
const AT_AT = 8;
const ELAPSED_AT = 16;
const HEADER_BYTES = 24;

export function makeEntry(seq: number, readers: number, at: number, elapsedMs: number, payload: Uint8Array): LogEntry {
  const row = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  row.writeInt32LE(FORMAT, 0);
  row.writeInt32LE(readers, READERS_AT);
  row.writeDoubleLE(at, AT_AT);
  row.writeDoubleLE(elapsedMs, ELAPSED_AT);
  row.set(payload, HEADER_BYTES);
  return { seq, readers, at, elapsedMs, row };
}

/** The entry in a row, or nothing when the row is of another format. */
export function readEntry(seq: number, row: Buffer): LogEntry | undefined {
  if (row.length < HEADER_BYTES || row.readInt32LE(0) !== FORMAT) return undefined;
  return {
    seq,
    readers: row.readInt32LE(READERS_AT),
    at: row.readDoubleLE(AT_AT),
    elapsedMs: row.readDoubleLE(ELAPSED_AT),
    row,
  };
}

export function payloadOf(entry: LogEntry): Buffer {
  return entry.row.subarray(HEADER_BYTES);
}

export function payloadBytes(entry: LogEntry): number {
  return entry.row.length - HEADER_BYTES;
}

/** What an entry of so many payload bytes counts against a reader's bound, in bytes. */
export function weightOf(bytes: number): number {
  return bytes + ENTRY_OVERHEAD_BYTES;
}

const LOW_DIGITS = 3;
const LOW_VALUES = 16 ** LOW_DIGITS;
const HIGH_DIGITS = 11;
const LOW = Array.from({ length: LOW_VALUES }, (_, value) => value.toString(16).padStart(LOW_DIGITS, '0'));

/** Keys of a log's entries: `<log>/<seq>` with the number in 14 hexadecimal digits, so that they sort by number. */
export class EntryKeys {
  /** Every key of the log is >= `from` and < `to`. */
  readonly from: string;
  readonly to: string;
  private high = -1;
  private stem = '';

  constructor(log: string) {
    this.from = `${log}/`;
    this.to = `${log}0`; // the character after '/'
  }

  of(seq: number): string {
    const high = Math.floor(seq / LOW_VALUES);
    if (high !== this.high) {
      this.high = high;
      this.stem = this.from + high.toString(16).padStart(HIGH_DIGITS, '0');
    }
    return this.stem + LOW[seq % LOW_VALUES];
  }

  seqOf(key: string): number {
    return Number.parseInt(key.slice(this.from.length), 16);
  }
}
