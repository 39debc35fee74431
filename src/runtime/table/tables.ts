import { ActorError, StorageError } from '../errors.js';
import { type RowRange, Table, type TableOptions, type TableStore } from './table.js';

/** Names rows of a table: one, those of an index key, or those of a range. */
export type RowQuery = { readonly table: string /** @default 100 */; readonly limit?: number } & (
  | { readonly key: string }
  | { readonly index: string; readonly value: string }
  | RowRange
);

export interface FoundRow {
  readonly key: string;
  readonly row: unknown;
}

const LIMIT = 100;

/** The tables of a store, by name. */
export class Tables {
  private readonly tables = new Map<string, Table>();

  constructor(private readonly store: TableStore) {}

  /** Opens a table; once for each name. */
  open<Row>(options: TableOptions<Row>): Table<Row> {
    if (this.tables.has(options.name)) {
      throw new StorageError('STORAGE_TABLE_INVALID', `the table ${options.name} is opened twice`);
    }
    const table = new Table(this.store, options);
    this.tables.set(options.name, table as unknown as Table);
    return table;
  }

  named(name: string): Table | undefined {
    return this.tables.get(name);
  }

  /** Throws `TABLE_UNKNOWN`. */
  find(query: RowQuery): FoundRow[] {
    const table = this.named(query.table);
    if (!table) throw new ActorError('TABLE_UNKNOWN', `there is no table ${query.table}`);
    if ('key' in query) {
      const row = table.get(query.key);
      return row === undefined ? [] : [{ key: query.key, row }];
    }
    const found: FoundRow[] = [];
    const limit = query.limit ?? LIMIT;
    for (const [key, row] of 'index' in query ? table.by(query.index, query.value) : table.range(query)) {
      if (found.length >= limit) break;
      found.push({ key, row });
    }
    return found;
  }
}
