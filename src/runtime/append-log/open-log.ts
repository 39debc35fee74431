import type { Clock } from '../clock.js';
import { StorageError } from '../errors.js';
import type { GroupCommit } from '../store/group-commit.js';
import { pagesOf } from '../store/row-pages.js';
import { AppendLog, type Leftovers } from './append-log.js';
import { ElapsedTime, type Moment } from './elapsed-time.js';
import { EntryKeys, type LogEntry, MOST_READERS, payloadBytes, readEntry, weightOf } from './log-entry.js';
import { LogPositions, later, loadPositions, type ReaderPosition, type StoredPositions } from './log-positions.js';
import { LogProducers } from './log-producers.js';
import type { LogReaderOptions } from './log-reader.js';
import { LogRepeats } from './log-repeats.js';
import type { ReaderStart } from './reader-state.js';

export interface LogOptions {
  /** Unique in the store; no `/`. */
  readonly name: string;
  /** At most {@link MOST_READERS}. One that is new starts behind the newest entry; what only a removed one waits for goes. */
  readonly readers: readonly LogReaderOptions[];
  /** Newest entries kept in memory for readers that keep up, in bytes. @default 8 MiB */
  readonly tailBytes?: number;
  /** Producers whose last sequence is remembered; the longest silent ones are forgotten. @default 100 000 */
  readonly mostProducers?: number;
  /** Rows of some 40 keys that are remembered of entries that come once. @default 1024 */
  readonly mostKeyRows?: number;
}

const TAIL_BYTES = 8 * 1024 * 1024;
const MOST_PRODUCERS = 100_000;

/**
 * Opens a log of the store. All entries are looked at once to count what each reader has left, in bounded memory and
 * in pages between which the loop turns.
 */
export async function openLog(commit: GroupCommit, clock: Clock, options: LogOptions): Promise<AppendLog> {
  validate(options);
  const { name } = options;
  const keys = new EntryKeys(name);
  const stored = loadPositions(commit, name);
  const scan = new LogScan(options.readers, stored);
  for await (const page of pagesOf(commit, 'log', keys.from, keys.to)) {
    for (const [key, row] of page) scan.take(keys.seqOf(key), row);
  }
  const elapsed = new ElapsedTime(clock, scan.moment);
  const producers = new LogProducers(commit, name, options.mostProducers ?? MOST_PRODUCERS);
  await producers.load();
  const repeats = new LogRepeats(commit, name, options.mostKeyRows);
  await repeats.load();

  const positions = new LogPositions(commit, clock, elapsed, name, scan.bits);
  const readers = scan.readers();
  positions.storeMeta(scan.lastSeq);
  for (const reader of readers) {
    if (!stored.positions.has(reader.options.name)) positions.storeReader(reader.options.name, reader);
  }
  for (const reader of stored.positions.keys()) if (!scan.bits.has(reader)) positions.removeReader(reader);

  return new AppendLog({
    name,
    commit,
    clock,
    elapsed,
    keys,
    positions,
    producers,
    repeats,
    readers,
    lastSeq: scan.lastSeq,
    tailBytes: options.tailBytes ?? TAIL_BYTES,
    leftovers: scan.leftovers(),
    unreadable: scan.unreadable,
    unwanted: scan.unwanted,
  });
}

interface Tally extends ReaderPosition {
  readonly mask: number;
  items: number;
  bytes: number;
}

/** Counts the entries of a log by the readers that still wait for them. */
class LogScan {
  readonly bits: ReadonlyMap<string, number>;
  lastSeq: number;
  moment: Moment | undefined;
  unreadable = 0;
  unwanted: { from: number; to: number } | undefined;
  /** Readers that were there before and are configured. A new one has nothing to find. */
  private readonly present = new Map<string, Tally>();
  private readonly removed = new Map<string, Tally>();

  constructor(
    private readonly options: readonly LogReaderOptions[],
    stored: StoredPositions,
  ) {
    this.lastSeq = stored.lastSeq;
    this.moment = stored.moment;
    this.bits = assignBits(
      options.map((reader) => reader.name),
      stored,
    );
    for (const [name, reader] of stored.positions) {
      const bit = stored.bits.get(name);
      if (bit === undefined) continue;
      const tallies = this.bits.has(name) ? this.present : this.removed;
      tallies.set(name, { mask: 1 << bit, ...reader, items: 0, bytes: 0 });
    }
  }

  take(seq: number, row: Buffer): void {
    this.lastSeq = Math.max(this.lastSeq, seq);
    const entry = readEntry(seq, row);
    if (!entry) {
      // It belongs to another version, which still wants it.
      this.unreadable++;
      return;
    }
    this.moment = later(this.moment, entry);
    if (count(entry, this.present)) return;
    count(entry, this.removed);
    this.unwanted = { from: this.unwanted?.from ?? seq, to: seq };
  }

  readers(): ReaderStart[] {
    const atEnd = { position: this.lastSeq, lostTo: this.lastSeq, items: 0, bytes: 0 };
    return this.options.map((options) => {
      const bit = 1 << (this.bits.get(options.name) ?? 0);
      const { position, lostTo, items, bytes } = this.present.get(options.name) ?? atEnd;
      return { options, bit, position, lostTo, items, bytes };
    });
  }

  leftovers(): Leftovers[] {
    const found = [...this.removed].filter(([, tally]) => tally.items > 0);
    return found.map(([reader, { items, bytes }]) => ({ reader, items, bytes }));
  }
}

function count(entry: LogEntry, tallies: Iterable<[string, Tally]>): boolean {
  let isCounted = false;
  for (const [, tally] of tallies) {
    if ((entry.readers & tally.mask) === 0 || entry.seq <= tally.position) continue;
    tally.items++;
    tally.bytes += weightOf(payloadBytes(entry));
    isCounted = true;
  }
  return isCounted;
}

/**
 * Readers keep their bit; new ones get those that are free, which may have been of removed ones: entries that carry it
 * stand before the new reader's position.
 */
function assignBits(names: readonly string[], { bits, positions }: StoredPositions): Map<string, number> {
  const assigned = new Map<string, number>();
  for (const name of names) {
    const bit = bits.get(name);
    if (bit !== undefined && positions.has(name)) assigned.set(name, bit);
  }
  const taken = new Set(assigned.values());
  for (const name of names) {
    if (assigned.has(name)) continue;
    let bit = 0;
    while (taken.has(bit)) bit++;
    taken.add(bit);
    assigned.set(name, bit);
  }
  return assigned;
}

function validate({ name, readers }: LogOptions): void {
  const names = new Set(readers.map((reader) => reader.name));
  if (name === '' || name.includes('/')) throw new StorageError('STORAGE_LOG_INVALID', `no log can be named "${name}"`);
  if (names.size !== readers.length)
    throw new StorageError('STORAGE_LOG_INVALID', `two readers of ${name} share a name`);
  for (const reader of readers) {
    if (reader.trim && reader.overflow !== 'drop-oldest') {
      throw new StorageError('STORAGE_LOG_INVALID', `${reader.name} of ${name} rejects, so it must not be trimmed`);
    }
  }
  if (readers.length > MOST_READERS) {
    throw new StorageError('STORAGE_LOG_INVALID', `${name} has more than ${MOST_READERS} readers`);
  }
}
