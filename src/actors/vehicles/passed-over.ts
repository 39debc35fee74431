/**
 * Transaction ids of messages that are no records here (FT-AUTH-3), until the records around them are read.
 *
 * Invariants
 * - PO-1 It is told on ingest's path, so it loads nothing and its memory is bounded, for each vehicle and for all.
 * - PO-2 Where there is no room, a gap goes untold rather than one be told that is none: ranges of a vehicle that has
 *   too many run together. Only past the bound of all are the vehicles forgotten that were first told of.
 */
import { counterDistance, transactionCounter } from '../../protocols/fleet-telemetry/index.js';

const MOST_RANGES = 100_000;
const MOST_RANGES_OF_PREFIX = 256;
/** A vehicle that was restarted counts anew under another prefix, maybe before its last records are read. */
const MOST_PREFIXES = 4;

/** Counters that follow each other, both ends included. */
interface Range {
  first: number;
  last: number;
}

export class PassedOver {
  /** By vehicle and prefix, each in the order of the counters. */
  private readonly vehicles = new Map<string, Map<string, Range[]>>();
  private size = 0;

  constructor(private readonly mostRanges = MOST_RANGES) {}

  /** A message of a vehicle has this id and is no record. */
  add(vin: string, txid: string): void {
    const counter = transactionCounter(txid);
    if (!counter) return;
    const { prefix, count } = counter;
    const prefixes: Map<string, Range[]> = this.vehicles.get(vin) ?? new Map();
    const ranges = prefixes.get(prefix) ?? [];
    this.vehicles.set(vin, prefixes);
    prefixes.set(prefix, ranges);
    const before = ranges.length;
    insert(ranges, count);
    this.size += ranges.length - before;
    for (const [oldest, { length }] of prefixes) {
      if (prefixes.size <= MOST_PREFIXES) break;
      prefixes.delete(oldest);
      this.size -= length;
    }
    for (const oldest of this.vehicles.keys()) {
      if (this.size <= this.mostRanges) break;
      this.forget(oldest);
    }
  }

  /** How many of them lie between two records of a vehicle; those up to `count` are forgotten. */
  take(vin: string, prefix: string, last: number, count: number): number {
    const prefixes = this.vehicles.get(vin);
    const ranges = prefixes?.get(prefix);
    if (!prefixes || !ranges) return 0;
    let between = 0;
    const end = counterDistance(last, count) - 1;
    for (const range of ranges) {
      const from = Math.max(1, counterDistance(last, range.first));
      const to = Math.min(end, counterDistance(last, range.last));
      between += Math.max(0, to - from + 1);
    }
    const later = ranges.filter((range) => counterDistance(count, range.last) > 0);
    this.size -= ranges.length - later.length;
    if (later.length > 0) prefixes.set(prefix, later);
    else prefixes.delete(prefix);
    if (prefixes.size === 0) this.vehicles.delete(vin);
    return between;
  }

  forget(vin: string): void {
    for (const { length } of this.vehicles.get(vin)?.values() ?? []) this.size -= length;
    this.vehicles.delete(vin);
  }
}

function insert(ranges: Range[], count: number): void {
  const before = ranges.findLastIndex(({ first }) => counterDistance(first, count) >= 0);
  const range = ranges[before];
  const distance = range ? counterDistance(range.last, count) : Number.POSITIVE_INFINITY;
  if (range && distance <= 1) range.last = distance === 1 ? count : range.last;
  else ranges.splice(before + 1, 0, { first: count, last: count });
  const [oldest, next] = ranges;
  if (ranges.length <= MOST_RANGES_OF_PREFIX || !oldest || !next) return;
  next.first = oldest.first;
  ranges.shift();
}
