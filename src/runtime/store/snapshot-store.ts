import { type Address, typeOf } from '../address.js';
import { type ActorRecord, RECORD_FORMAT } from '../cell/actor-record.js';
import { type ErrorRecord, errorRecord } from '../errors.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import { joinKey, rangeOf, splitKey } from './store-keys.js';
import type { UnreadableRows } from './unreadable-rows.js';

export interface QuarantineRow {
  readonly reason: ErrorRecord;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Version of the type that could not read it; none if the type itself was unknown. */
  readonly typeVersion?: number;
  readonly bytes: Buffer;
}

export type ReadResult =
  | { readonly kind: 'none' }
  | { readonly kind: 'record'; readonly record: ActorRecord }
  | { readonly kind: 'unreadable'; readonly error: unknown; readonly older?: ActorRecord };

const GENERATIONS = [0, 1] as const;

const keyOf = (address: Address, generation: number): string => joinKey(address, String(generation));

/** Where the next record of an actor goes: two generations are kept of durable ones. */
export class RecordSlot {
  generation = 0;
  batch = -1;
}

/** Actor records in the store, two generations of each durable one. */
export class SnapshotStore {
  /** Whether records were ever set aside. */
  private hasQuarantine: boolean;
  /** The size of a record that is warned about, bytes (DUR-2). */
  static readonly LARGE_RECORD = 64 * 1024;

  constructor(
    private readonly commit: GroupCommit,
    private readonly codec: RecordCodec,
    private readonly unreadable: UnreadableRows,
  ) {
    this.hasQuarantine = [...commit.range('quarantine', '', '\uffff', 1)].length > 0;
  }

  /** Throws on a record that cannot be stored. */
  encode(record: ActorRecord): Buffer {
    return this.codec.encode(record);
  }

  /**
   * Writes an encoded record. With `generations` the one before stays readable; records within one batch replace each
   * other, as they reach the disk together.
   */
  write(address: Address, slot: RecordSlot, bytes: Buffer, generations: boolean): void {
    if (generations && slot.batch !== this.commit.batchNumber) {
      slot.batch = this.commit.batchNumber;
      slot.generation = 1 - slot.generation;
    }
    this.commit.put('snapshots', keyOf(address, slot.generation), bytes);
  }

  /** The newest readable record; `slot` is set so that the next write goes to the other generation. */
  read(address: Address, slot: RecordSlot = new RecordSlot()): ReadResult {
    let newest: ActorRecord | undefined;
    let broken: { readonly error: unknown } | undefined;
    for (const generation of GENERATIONS) {
      const bytes = this.commit.get('snapshots', keyOf(address, generation));
      if (!bytes) continue;
      try {
        const record = this.decode(bytes);
        if (newest && newest.seq >= record.seq) continue;
        newest = record;
        slot.generation = generation;
      } catch (error) {
        broken ??= { error };
      }
    }
    if (broken) return { kind: 'unreadable', error: broken.error, ...(newest ? { older: newest } : {}) };
    return newest ? { kind: 'record', record: newest } : { kind: 'none' };
  }

  exists(address: Address): boolean {
    return GENERATIONS.some((generation) => this.commit.get('snapshots', keyOf(address, generation)) !== undefined);
  }

  /** Erases an actor's records, those that were set aside too. */
  remove(address: Address): void {
    for (const generation of GENERATIONS) {
      const key = keyOf(address, generation);
      if (this.commit.get('snapshots', key)) this.commit.remove('snapshots', key);
      if (this.hasQuarantine && this.commit.get('quarantine', key)) this.commit.remove('quarantine', key);
    }
  }

  /** Moves an actor's records aside with the reason (DUR-10): all, or those that are no records. */
  quarantine(address: Address, error: unknown, at: number, typeVersion?: number, which?: 'broken'): void {
    for (const generation of GENERATIONS) {
      const key = keyOf(address, generation);
      const bytes = this.commit.get('snapshots', key);
      if (!bytes || (which === 'broken' && this.isRecord(bytes))) continue;
      const version = typeVersion === undefined ? {} : { typeVersion };
      const row: QuarantineRow = { reason: errorRecord(error), at, ...version, bytes };
      this.hasQuarantine = true;
      this.commit.put('quarantine', key, this.codec.encode(row));
      this.commit.remove('snapshots', key);
    }
  }

  /** Addresses with a record after `cursor`, in order, of one type or of all. */
  *addresses(type?: string, cursor = ''): Generator<Address> {
    const [first, to] = type === undefined ? ['', '\uffff'] : [`${type}/`, `${type}0`];
    const from = cursor > first ? rangeOf(cursor)[1] : first;
    let last: string | undefined;
    for (const [key] of this.commit.range('snapshots', from, to)) {
      const [address = ''] = splitKey(key);
      if (address !== last) yield address;
      last = address;
    }
  }

  /** Moves an actor's records back, to try once more; returns the newest one that can be read. */
  takeBack(address: Address): ReadResult {
    for (const [key, bytes] of [...this.commit.range('quarantine', ...rangeOf(address))]) {
      const row = this.setAside(key, bytes);
      if (!row) continue;
      this.commit.put('snapshots', key, Buffer.from(row.bytes));
      this.commit.remove('quarantine', key);
    }
    return this.read(address);
  }

  /** Number of records set aside for `address`. */
  quarantined(address: Address): number {
    return [...this.commit.range('quarantine', ...rangeOf(address))].length;
  }

  /** Whose records are set aside, and by which version of their type. */
  *quarantinedActors(): Generator<{ address: Address; typeVersion: number | undefined }> {
    let last: string | undefined;
    for (const [key, bytes] of this.commit.range('quarantine', '', '\uffff')) {
      const [address = ''] = splitKey(key);
      if (address === last) continue;
      const row = this.setAside(key, bytes);
      if (!row) continue;
      last = address;
      yield { address, typeVersion: row.typeVersion };
    }
  }

  /** The types that have records: as many look-ups as types, whatever the number of actors. */
  *types(): Generator<string> {
    let from = '';
    for (;;) {
      const [first] = this.commit.range('snapshots', from, '\uffff', 1);
      if (!first) return;
      const type = typeOf(first[0]);
      yield type;
      from = `${type}0`;
    }
  }

  private setAside(key: string, bytes: Buffer): QuarantineRow | undefined {
    return this.unreadable.guard('quarantine', key, () => {
      const row = this.codec.decode(bytes) as Partial<QuarantineRow> | undefined;
      if (!Buffer.isBuffer(row?.bytes)) throw new Error('not a record that was set aside');
      return row as QuarantineRow;
    });
  }

  private isRecord(bytes: Buffer): boolean {
    try {
      return this.decode(bytes) !== undefined;
    } catch {
      return false;
    }
  }

  private decode(bytes: Buffer): ActorRecord {
    const record = this.codec.decode(bytes) as Partial<ActorRecord> | undefined;
    if (record?.format !== RECORD_FORMAT || typeof record.type !== 'string' || typeof record.seq !== 'number') {
      throw new Error('not an actor record');
    }
    return record as ActorRecord;
  }
}
