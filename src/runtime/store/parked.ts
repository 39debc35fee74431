import type { Address } from '../address.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import { joinKey, rangeOf, splitKey } from './store-keys.js';

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
  ) {
    for (const [key, bytes] of commit.range('meta', ...rangeOf(TABLE_KEY))) {
      this.rows.set(splitKey(key)[1] ?? '', codec.decode(bytes) as ParkedRow);
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
