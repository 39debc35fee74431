import type { Address } from '../address.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import { joinKey, rangeOf, splitKey } from './store-keys.js';
import type { UnreadableRows } from './unreadable-rows.js';

export interface ParkedRow {
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly typeVersion: number;
}

const TABLE_KEY = 'parked';

/** Which actors are parked, over restarts of the process: a broken one is not tried again at every boot. */
export class ParkedActors {
  private readonly rows = new Map<Address, ParkedRow>();

  constructor(
    private readonly commit: GroupCommit,
    private readonly codec: RecordCodec,
    unreadable: UnreadableRows,
  ) {
    for (const [key, bytes] of commit.range('meta', ...rangeOf(TABLE_KEY))) {
      const row = unreadable.guard('meta', key, () => decode(codec, bytes));
      if (row) this.rows.set(splitKey(key)[1] ?? '', row);
    }
  }

  get size(): number {
    return this.rows.size;
  }

  addresses(): Address[] {
    return [...this.rows.keys()];
  }

  get(address: Address): ParkedRow | undefined {
    return this.rows.get(address);
  }

  add(address: Address, row: ParkedRow): void {
    this.rows.set(address, row);
    this.commit.put('meta', joinKey(TABLE_KEY, address), this.codec.encode(row));
  }

  remove(address: Address): void {
    if (this.rows.delete(address)) this.commit.remove('meta', joinKey(TABLE_KEY, address));
  }
}

function decode(codec: RecordCodec, bytes: Buffer): ParkedRow {
  const row = codec.decode(bytes) as Partial<ParkedRow> | undefined;
  if (typeof row?.reason !== 'string') throw new Error('not the row of a parked actor');
  return row as ParkedRow;
}
