import type { SummaryRow } from '../actor-type.js';
import type { Address } from '../address.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import type { UnreadableRows } from './unreadable-rows.js';

/** Small rows about actors, rewritten when they change: lists and gauges read these and wake nobody (RT-12). */
export class Summaries {
  constructor(
    private readonly commit: GroupCommit,
    private readonly codec: RecordCodec,
    private readonly unreadable: UnreadableRows,
  ) {}

  /** Throws on a row that cannot be stored. */
  encode(row: SummaryRow): Buffer {
    return this.codec.encode(row);
  }

  put(address: Address, bytes: Buffer): void {
    if (this.commit.get('summaries', address)?.equals(bytes)) return;
    this.commit.put('summaries', address, bytes);
  }

  remove(address: Address): void {
    if (this.commit.get('summaries', address)) this.commit.remove('summaries', address);
  }

  /** Rows of one type in the order of their addresses, after `cursor`. */
  *of(type: string, cursor = `${type}/`): Generator<{ address: Address; row: SummaryRow }> {
    for (const [address, bytes] of this.commit.range('summaries', cursor, `${type}0`)) {
      const row = this.unreadable.guard('summaries', address, () => this.codec.decode(bytes) as SummaryRow);
      if (row) yield { address, row };
    }
  }
}
