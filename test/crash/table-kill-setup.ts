import type { Table, TableOptions } from '../../src/runtime/table/table.js';

export interface TurnRow {
  readonly number: number;
  readonly parity: string;
}

export const TURNS: TableOptions<TurnRow> = {
  name: 'turns',
  mostRows: 200,
  mostBytes: 1_000_000,
  overflow: 'drop-first',
  indexes: { parity: ({ parity }) => parity },
};

const KEYS = 7;

/** Rows that are always changed together, one that is new, and one that goes. */
export function writeTurn(table: Table<TurnRow>, number: number): void {
  const row = { number, parity: number % 2 === 0 ? 'even' : 'odd' };
  for (let key = 0; key < KEYS; key++) table.put(`together ${key}`, row);
  table.put(`new ${String(number).padStart(9, '0')}`, row);
  table.remove(`new ${String(number - 3).padStart(9, '0')}`);
}

/** The number of the turn that the rows are of; throws where they are not of one turn. */
export function turnOf(table: Table<TurnRow>): number {
  const rows = Array.from(table.range(), ([key, row]) => ({ key, ...row }));
  const together = rows.filter(({ key }) => key.startsWith('together'));
  const [first] = together;
  if (!first) return -1;
  const indexed = ['even', 'odd'].flatMap((parity) => Array.from(table.by('parity', parity), ([key]) => key));
  const isWhole =
    together.length === KEYS &&
    together.every(({ number }) => number === first.number) &&
    rows.some(({ key }) => key === `new ${String(first.number).padStart(9, '0')}`) &&
    indexed.length === rows.length &&
    table.size === rows.length;
  if (!isWhole) throw new Error(`torn: ${JSON.stringify(rows)}`);
  return first.number;
}
