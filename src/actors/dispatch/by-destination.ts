import type { FleetRecord } from './record.js';
import type { Settlement } from './settlement.js';

/** Where a record goes, and as what. */
export interface Placed<Entry> {
  readonly destination: string;
  readonly entry: Entry;
}

/**
 * The records of a batch by their topics or streams, each in the order of the batch. What `place` answers with a reason is
 * refused for it.
 */
export function byDestination<Entry>(
  records: readonly FleetRecord[],
  settlement: Settlement,
  place: (record: FleetRecord, index: number) => Placed<Entry> | string,
): Map<string, Entry[]> {
  const placed = new Map<string, Entry[]>();
  for (const [index, record] of records.entries()) {
    const found = place(record, index);
    if (typeof found === 'string') {
      settlement.settle(index, found);
      continue;
    }
    const entries = placed.get(found.destination);
    if (entries) entries.push(found.entry);
    else placed.set(found.destination, [found.entry]);
  }
  return placed;
}
