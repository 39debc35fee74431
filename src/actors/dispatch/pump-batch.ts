import type { Delivery } from './dispatcher.js';
import { decodeRecord, type FleetRecord } from './record.js';
import type { SpoolItem } from './spool.js';

/** A record that was offered alone, how often that failed, and how the last time. */
export interface Suspect {
  readonly seq: number;
  readonly offers: number;
  readonly error: Error;
}

/** What one `deliver` call is about. */
export interface Batch {
  readonly items: readonly SpoolItem[];
  /** By index in `items`; undefined where the bytes cannot be read. */
  readonly decoded: readonly (FleetRecord | undefined)[];
  /** The readable ones, and for each its index in `items`. */
  readonly records: readonly FleetRecord[];
  readonly itemOf: readonly number[];
  /** Reasons by index in `items`. */
  readonly refused: Map<number, string>;
  /** How far it has come. */
  progress?: Delivery | undefined;
  delivery?: Delivery;
}

/** One record that is not offered any more. */
export function refusedBatch(items: readonly SpoolItem[], { offers, error }: Suspect): Batch {
  const reason = `DISPATCH_GIVEN_UP: offered alone, it failed ${offers} times in a row; the last time: ${error.message}`;
  const { decoded } = readable(items);
  return { items, decoded, records: [], itemOf: [], refused: new Map([[0, reason]]) };
}

/** Separates the entries that are records from those that cannot be read. */
export function readable(items: readonly SpoolItem[]): Batch {
  const decoded: (FleetRecord | undefined)[] = [];
  const records: FleetRecord[] = [];
  const itemOf: number[] = [];
  const refused = new Map<number, string>();
  items.forEach(({ payload }, index) => {
    const result = decodeRecord(payload);
    decoded.push(result.ok ? result.value : undefined);
    if (result.ok) {
      records.push(result.value);
      itemOf.push(index);
    } else refused.set(index, `${result.error.code}: ${result.error.detail}`);
  });
  return { items, decoded, records, itemOf, refused };
}
