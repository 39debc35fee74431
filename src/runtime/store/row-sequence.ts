import type { GroupCommit } from './group-commit.js';

const BOOTS_ROW = 'boots';

/**
 * Ids of rows that are never used twice and sort in the order they were made: the number of this start of the store,
 * then a counter.
 */
export class RowSequence {
  readonly boot: number;
  private readonly prefix: string;
  private count = 0;

  constructor(commit: GroupCommit) {
    const last = commit.get('meta', BOOTS_ROW)?.readUInt32BE() ?? 0;
    this.boot = last + 1;
    const row = Buffer.alloc(4);
    row.writeUInt32BE(this.boot);
    commit.put('meta', BOOTS_ROW, row);
    this.prefix = this.boot.toString(16).padStart(8, '0');
  }

  next(): string {
    return this.prefix + (++this.count).toString(16).padStart(12, '0');
  }
}
