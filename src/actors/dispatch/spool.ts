import type { FleetRecord } from './record.js';

export interface SpoolItem {
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** A dispatcher's own reader of the spool (DUR-15). */
export interface Spool {
  /** Flushed entries after the last one read, at least one if there is any, however large. */
  read(maxItems: number, maxBytes: number): readonly SpoolItem[];
  /** Moves the position to `seq`. */
  confirm(seq: number): void;
  /** Reads again from the position. */
  rewind(): void;
  onAvailable(callback: () => void): () => void;
  pending(): { readonly items: number; readonly bytes: number; readonly oldestAt?: number };
  /** Entries lost at the bound of the log, where its policy is to drop. */
  readonly dropped?: number;
  /** Of entries up to this one some may never have been read, in earlier runs either. */
  readonly lostTo?: number;
}

/** A record that no delivery can help: the destination will not take it, or its bytes cannot be read. */
export interface RefusedRecord {
  readonly seq: number;
  readonly reason: string;
  /** As it stands in the spool. */
  readonly bytes: Uint8Array;
  /** Absent if the bytes cannot be read. */
  readonly record?: FleetRecord;
}
