import type { Delivery } from './dispatcher.js';
import type { FleetRecord } from './record.js';
import { Settlement } from './settlement.js';

/** Where a record goes, and as what. */
export interface Placed<Entry> {
  readonly destination: string;
  readonly entry: Entry;
}

/** Where a record goes, or why it is refused. */
type Place<Entry> = (record: FleetRecord, index: number) => Placed<Entry> | string;

/** Delivers a batch to its topics or streams, to all of them at once. */
export async function deliverByDestination<Entry>(
  records: readonly FleetRecord[],
  progress: (delivery: Delivery) => void,
  place: Place<Entry>,
  /** Settles the entries of one destination, or fails. */
  send: (destination: string, entries: readonly Entry[], settlement: Settlement) => Promise<void>,
): Promise<Delivery> {
  const settlement = new Settlement(records.length, progress);
  const placed = byDestination(records, settlement, place);
  await Promise.all([...placed].map(([destination, entries]) => send(destination, entries, settlement)));
  return settlement.outcome;
}

/**
 * The records of a batch by their topics or streams, each in the order of the batch. What `place` answers with a reason is
 * refused for it.
 */
export function byDestination<Entry>(
  records: readonly FleetRecord[],
  settlement: Settlement,
  place: Place<Entry>,
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
