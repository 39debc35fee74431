import type { Clock } from '../../../src/runtime/clock.js';
import type { GroupCommit } from '../../../src/runtime/store/group-commit.js';
import { RecordCodec } from '../../../src/runtime/store/record-codec.js';
import { UnreadableRows } from '../../../src/runtime/store/unreadable-rows.js';
import type { Table, TableOptions } from '../../../src/runtime/table/table.js';
import { Tables } from '../../../src/runtime/table/tables.js';

/** The tables of a store, as a start of the process finds them. */
export function tablesOf(commit: GroupCommit, clock: Clock): Tables {
  const unreadable = new UnreadableRows(() => {});
  return new Tables({ commit, codec: new RecordCodec(commit, unreadable), unreadable, clock });
}

export interface Car {
  readonly colour?: string;
  readonly km: number;
}

/** Wide enough for everything. */
export const CARS: TableOptions<Car> = {
  name: 'cars',
  mostRows: 1_000,
  mostBytes: 1_000_000,
  overflow: 'reject',
  indexes: { colour: ({ colour }) => colour },
};

export const all = (table: Table<Car>): Array<[string, Car]> => Array.from(table.range(), ([key, row]) => [key, row]);

export const keysBy = (table: Table<Car>, colour: string): string[] =>
  Array.from(table.by('colour', colour), ([key]) => key);
