import type { ActorSystem, Address, SummaryRow } from '../../runtime/index.js';
import { PRESENCE_TYPE } from './addresses.js';

export interface PresenceRow {
  readonly address: Address;
  readonly row: SummaryRow;
}

/** The next vehicles in the order of their VINs, so many at once; between pages the loop may turn. */
export function presenceRows(
  { summaries }: Pick<ActorSystem, 'summaries'>,
  after: Address | undefined,
  most: number,
): PresenceRow[] {
  const rows: PresenceRow[] = [];
  for (const each of summaries.of(PRESENCE_TYPE, after && `${after}\u0000`)) {
    rows.push(each);
    if (rows.length === most) break;
  }
  return rows;
}
