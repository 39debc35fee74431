import type { Address } from '../address.js';
import type { Clock } from '../clock.js';
import type { CountsByType } from '../counts.js';
import { errorRecord } from '../errors.js';
import type { RuntimeLog } from '../logging/runtime-log.js';
import { type RecordSlot, SnapshotStore } from '../store/snapshot-store.js';
import type { Storage } from '../store/storage.js';
import type { WakeIndex, WakeTime } from '../store/wake-index.js';
import type { EncodedRows, MachineSnapshot } from './actor-history.js';
import { type ActorRecord, wakeTime } from './actor-record.js';
import type { CellId } from './cell-host.js';
import type { PreparedType } from './prepared-type.js';
import type { RestoreCause } from './presence.js';

/** What is there to bring an actor back from. */
export type Loaded =
  | { readonly kind: 'none' }
  | { readonly kind: 'record'; readonly record: ActorRecord; readonly cause?: RestoreCause }
  /** Its record cannot be read, and its type begins anew then (SUP-6). */
  | { readonly kind: 'reset'; readonly input: unknown; readonly startedBy: Address | undefined }
  /** Its record cannot be read, and its type parks it then. */
  | { readonly kind: 'unreadable'; readonly error: unknown };

export interface CellRecordsOptions {
  readonly clock: Clock;
  readonly log: RuntimeLog;
  readonly counts: CountsByType;
  readonly storage: Storage;
  readonly wakes: WakeIndex;
}

const LAST_AT_ROW = 'lastAt';

/** The newest time that a record was written at, by an earlier run of the process (TIM-1). */
export const lastWrittenAt = ({ commit }: Storage): number => commit.get('meta', LAST_AT_ROW)?.readDoubleBE() ?? 0;

/** The records of actors, and what goes with them: summaries, quarantine, the wake index. */
export class CellRecords {
  private readonly snapshots: SnapshotStore;
  private notedAt = 0;
  private notedIn = -1;

  constructor(private readonly options: CellRecordsOptions) {
    this.snapshots = options.storage.snapshots;
  }

  /** What to restore an actor from. */
  load(cell: CellId, slot: RecordSlot): Loaded {
    const read = this.snapshots.read(cell.address, slot);
    if (read.kind !== 'unreadable') return read;
    const { error, older } = read;
    if (!older || cell.type.onUnreadable !== 'older-generation') return this.unreadable(cell, error, older);
    this.quarantine(cell, error, 'broken');
    return { kind: 'record', record: older, cause: 'olderGeneration' };
  }

  /** The record cannot be restored: it goes to quarantine (DUR-10). */
  unreadable(cell: CellId, error: unknown, record: ActorRecord | undefined): Loaded {
    this.quarantine(cell, error);
    if (cell.type.onUnreadable !== 'reset') return { kind: 'unreadable', error };
    return { kind: 'reset', input: record?.input ?? {}, startedBy: record?.startedBy };
  }

  exists(address: Address): boolean {
    return this.snapshots.exists(address);
  }

  /** How an actor ended whose record was kept (DUR-11). */
  ended(cell: CellId): { readonly output: unknown } | undefined {
    const record = this.read(cell);
    if (record?.snapshot.status !== 'done') return undefined;
    return { output: (record.snapshot as { output?: unknown }).output };
  }

  /** Where a sleeping actor stands in the wake index. */
  wakeTime(cell: CellId): WakeTime | undefined {
    const record = this.read(cell);
    return record && wakeTime(record);
  }

  /** Encodes a record with its summary row (RT-12). */
  encode(type: PreparedType, record: ActorRecord, snapshot: MachineSnapshot): EncodedRows {
    const summary = type.summary && this.options.storage.summaries.encode(type.summary(snapshot));
    return { bytes: this.snapshots.encode(record), summary };
  }

  write({ address, type }: CellId, slot: RecordSlot, { bytes, summary }: EncodedRows): void {
    const { clock, counts, log, storage } = this.options;
    this.snapshots.write(address, slot, bytes, type.durability === 'durable');
    if (summary) storage.summaries.put(address, summary);
    const counted = counts.of(type.name);
    counted.records++;
    if (bytes.length > SnapshotStore.LARGE_RECORD && counted.largestRecord <= SnapshotStore.LARGE_RECORD) {
      log.warn({ actor: address, bytes: bytes.length }, 'large_snapshot');
    }
    counted.largestRecord = Math.max(counted.largestRecord, bytes.length);
    this.noteTime(clock.now());
  }

  /** Moves an actor in the wake index. */
  place(address: Address, from: WakeTime | undefined, to: WakeTime | undefined): void {
    this.options.wakes.set(address, from, to);
  }

  /** `wakeAt` is its place in the wake index. */
  erase(address: Address, wakeAt: WakeTime | undefined): void {
    this.snapshots.remove(address);
    this.options.storage.summaries.remove(address);
    this.place(address, wakeAt, undefined);
  }

  /** Once for each millisecond and batch. */
  private noteTime(now: number): void {
    const { commit } = this.options.storage;
    if (now === this.notedAt && commit.batchNumber === this.notedIn) return;
    this.notedAt = now;
    this.notedIn = commit.batchNumber;
    const row = Buffer.allocUnsafe(8);
    row.writeDoubleBE(now);
    commit.put('meta', LAST_AT_ROW, row);
  }

  private read({ address, type }: CellId): ActorRecord | undefined {
    const read = type.stored ? this.snapshots.read(address) : undefined;
    return read?.kind === 'record' ? read.record : undefined;
  }

  private quarantine({ address, type }: CellId, error: unknown, which?: 'broken'): void {
    const { clock, counts, log } = this.options;
    this.snapshots.quarantine(address, error, clock.now(), type.version, which);
    counts.of(type.name).quarantined++;
    log.error({ actor: address, err: errorRecord(error) }, 'record_quarantined');
  }
}
