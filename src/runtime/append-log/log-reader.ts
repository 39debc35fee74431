import type { TrimOptions } from './trim-plan.js';

/** How a log treats one of its readers. */
export interface LogReaderOptions {
  readonly name: string;
  /** Most bytes unconfirmed, {@link ENTRY_OVERHEAD_BYTES} an entry included. An empty reader takes one entry of any size. */
  readonly boundBytes: number;
  /** Most entries unconfirmed. @default unlimited */
  readonly boundItems?: number;
  /** Longest that an entry may wait unconfirmed, milliseconds of {@link ElapsedTime}. @default unlimited */
  readonly maxAgeMs?: number;
  /**
   * At a bound: refuse what is appended for this reader, for all readers of the entry, or pass over the reader's
   * oldest entries and count them. Too old entries are looked for at each append and read.
   */
  readonly overflow: 'reject' | 'drop-oldest';
  /** For `drop-oldest` alone: what may be dropped to make room while nothing can be written. @default nothing */
  readonly trim?: TrimOptions;
}

export type Bound = 'bytes' | 'items' | 'age';

export interface LogItem {
  readonly seq: number;
  /** Wall clock at the append, epoch milliseconds. */
  readonly at: number;
  /** Belongs to the log: not to be written to. */
  readonly payload: Buffer;
}

/** One reader's view of an {@link AppendLog}. */
export interface LogReader {
  readonly name: string;
  /** The last entry that was confirmed or dropped. */
  readonly position: number;
  /**
   * Of entries up to this one some may never have been confirmed: they were dropped, or are from before the reader.
   * Outlasts restarts.
   */
  readonly lostTo: number;
  /** Entries passed over since the start, at a bound or to make room on the disk. */
  readonly dropped: number;
  readonly droppedBy: Readonly<Record<Bound | 'disk', number>>;
  /**
   * The entries after the last one read, in order, as far as they are flushed: at most `maxItems`, and `maxBytes` of
   * payload but for the first. They stay in memory until confirmed. None means: wait for {@link onAvailable}.
   */
  read(maxItems: number, maxBytes: number): LogItem[];
  /** Everything up to `seq` is done and never read again. Stored with the next batch. */
  confirm(seq: number): void;
  /** Reads again from the first unconfirmed entry: after a failure or a new connection. */
  rewind(): void;
  /**
   * Calls `callback` when there is something to read: once for each flushed batch, and soon if there is already.
   * Returns what ends it.
   */
  onAvailable(callback: () => void): () => void;
  /** Whether an entry of so many payload bytes is neither refused nor makes the reader drop others. */
  hasRoom(payloadBytes: number): boolean;
  /** Unconfirmed entries. */
  pending(): { readonly items: number; readonly bytes: number; readonly oldestAt?: number };
}
