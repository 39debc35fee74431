/**
 * What is kept of one vehicle.
 *
 * Invariants
 * - KV-1 A record is taken once: one at or before `seq` changes nothing, so records that are read again after a crash
 *   do no harm.
 * - KV-2 Values are ordered by receipt, because a vehicle's clock may be minutes ahead after it woke (section 11): a
 *   newer record counts whatever it says of its time. The one exception are records that wait in a connection of
 *   another network: one that came over another connection than the last and was made before what is known, by no more
 *   than {@link LATE_MS}, changes only what is older. More than that is a clock that was set.
 * - KV-3 What it takes is bounded: known signals, texts of a length, the newest gaps and notices.
 */
import {
  alertNotices,
  counterDistance,
  errorNotices,
  type LastValuesSettings,
  type SignalScan,
  shortenedValue,
  transactionCounter,
} from '../../protocols/fleet-telemetry/index.js';
import type { FleetRecord } from '../dispatch/index.js';
import { type Gap, withGap, withLate } from './gaps.js';
import { AHEAD, CUT, isKnownField, type KeptSignal } from './kept-signals.js';
import { type KeptAlert, type KeptError, withAlerts, withErrors } from './notices.js';

export const LATE_MS = 600_000;
/** Clocks differ by that much without being ahead. */
const AHEAD_MS = 1_000;
/** What a value takes beside its text: tag and length. */
const VALUE_HEAD_BYTES = 8;
/** A longer slice of a text would keep the whole text in memory. */
const COPIED_LENGTH = 13;
/** Counters of messages that are not records here, remembered until the records around them come. */
const MOST_ELSEWHERE = 64;

/** The part that is stored with the signals. */
export interface VehicleFacts {
  /** Place in the spool of the last record. */
  seq: number;
  lastRecordAt: number;
  /** Of the last record with signals. */
  lastDataAt: number;
  /** The latest time of the vehicle's own that is believed. */
  createdAt: number;
  /** The connection of the last record. */
  origin: string;
  /** Of its transaction ids (FT-CLI-2); empty until there is one. */
  prefix: string;
  count: number;
}

export interface VehicleNotices {
  alerts: readonly KeptAlert[];
  errors: readonly KeptError[];
  gaps: readonly Gap[];
}

/** What one record brought to light. */
export interface TakenRecord {
  readonly gap: Gap;
  readonly isNew: boolean;
}

export class KeptVehicle {
  /** What is to be written. */
  isDirty = false;
  hasNewNotices = false;
  private elsewhere: number[] = [];

  constructor(
    readonly vin: string,
    readonly facts: VehicleFacts,
    readonly signals: Map<number, KeptSignal>,
    readonly notices: VehicleNotices,
  ) {}

  /** Takes the record at `seq`; `found` is told of gaps. */
  take(
    seq: number,
    record: FleetRecord,
    scan: SignalScan,
    limits: LastValuesSettings,
    found: (taken: TakenRecord) => void,
  ): void {
    if (seq <= this.facts.seq) return;
    this.isDirty = true;
    this.facts.seq = seq;
    this.follow(record, limits, found);
    switch (record.type) {
      case 'V':
        if (scan.scan(record.payload)) this.takeSignals(record, scan, limits, found);
        break;
      case 'alerts':
        this.hasNewNotices = true;
        this.notices.alerts = withAlerts(this.notices.alerts, alertNotices(record.payload), record.receivedAt, limits);
        break;
      case 'errors':
        this.hasNewNotices = true;
        this.notices.errors = withErrors(this.notices.errors, errorNotices(record.payload), record.receivedAt, limits);
        break;
    }
    this.facts.lastRecordAt = record.receivedAt;
  }

  /** Whether it is a new one and not the last one going on. */
  addGap(gap: Gap, most: number): boolean {
    const { gaps, isNew } = withGap(this.notices.gaps, gap, most);
    this.notices.gaps = gaps;
    this.hasNewNotices = true;
    return isNew;
  }

  /** A message of the vehicle that is no record here has this transaction id, so its counter is not missing. */
  passedOver(txid: string): void {
    const counter = transactionCounter(txid);
    if (!counter || counter.prefix !== this.facts.prefix) return;
    this.elsewhere.push(counter.count);
    if (this.elsewhere.length > MOST_ELSEWHERE) this.elsewhere.shift();
  }

  /** Follows the counter of the transaction ids. */
  private follow(record: FleetRecord, { maxGaps }: LastValuesSettings, found: (taken: TakenRecord) => void): void {
    const counter = transactionCounter(record.metadata['txid'] ?? '');
    if (!counter) return;
    const { facts } = this;
    const { prefix, count } = counter;
    if (prefix === facts.prefix) {
      const distance = counterDistance(facts.count, count);
      if (distance <= 0) {
        const gaps = withLate(this.notices.gaps, prefix, count);
        if (gaps !== this.notices.gaps) this.hasNewNotices = true;
        this.notices.gaps = gaps;
        return;
      }
      if (distance > 1) this.jumped(record.receivedAt, count, distance - 1, maxGaps, found);
    } else this.elsewhere = [];
    facts.prefix = prefix;
    facts.count = count;
  }

  private jumped(
    at: number,
    count: number,
    skipped: number,
    maxGaps: number,
    found: (taken: TakenRecord) => void,
  ): void {
    const { prefix, count: last, lastRecordAt } = this.facts;
    const known = this.elsewhere.filter((each) => counterDistance(last, each) > 0 && counterDistance(each, count) > 0);
    this.elsewhere = this.elsewhere.filter((each) => counterDistance(count, each) > 0);
    const records = skipped - known.length;
    if (records <= 0) return;
    const gap: Gap = {
      kind: 'missing',
      from: lastRecordAt,
      to: at,
      times: 1,
      records,
      late: 0,
      prefix,
      after: last,
      before: count,
    };
    found({ gap, isNew: this.addGap(gap, maxGaps) });
  }

  private takeSignals(
    record: FleetRecord,
    scan: SignalScan,
    { maxTextBytes, maxGaps }: LastValuesSettings,
    found: (taken: TakenRecord) => void,
  ): void {
    const { facts, signals } = this;
    const { receivedAt, payload, origin = '' } = record;
    const claimed = scan.createdAtMs || record.at;
    const isAhead = claimed > receivedAt + AHEAD_MS;
    const createdAt = claimed === 0 || claimed > receivedAt ? receivedAt : claimed;
    if (scan.isResend) {
      const gap: Gap = { kind: 'resend', from: facts.lastDataAt || receivedAt, to: receivedAt, times: 1 };
      found({ gap, isNew: this.addGap(gap, maxGaps) });
    }
    const behind = facts.createdAt - createdAt;
    const isLate = facts.origin !== '' && facts.origin !== origin && behind > 0 && behind < LATE_MS;
    const bytes = payload as Buffer;
    const longest = maxTextBytes + VALUE_HEAD_BYTES;
    // One call out of JavaScript for all short values: cutting them from a text is cheap.
    const text = bytes.toString('latin1');
    for (let index = 0; index < scan.count; index++) {
      const field = scan.fields[index] as number;
      if (!isKnownField(field)) continue;
      const start = scan.starts[index] as number;
      const end = scan.ends[index] as number;
      let flags = isAhead ? AHEAD : 0;
      let value: string;
      if (end - start > longest) {
        flags |= CUT;
        value = Buffer.from(shortenedValue(bytes.subarray(start, end), maxTextBytes)).toString('latin1');
      } else value = end - start < COPIED_LENGTH ? text.slice(start, end) : bytes.toString('latin1', start, end);
      const kept = signals.get(field);
      if (!kept) signals.set(field, { bytes: value, createdAt, receivedAt, changedAt: receivedAt, flags });
      else if (!isLate || kept.createdAt < createdAt) {
        if (kept.bytes !== value) {
          kept.bytes = value;
          kept.changedAt = receivedAt;
        }
        kept.createdAt = createdAt;
        kept.receivedAt = receivedAt;
        kept.flags = flags;
      }
    }
    facts.lastDataAt = receivedAt;
    if (isLate) return;
    facts.createdAt = createdAt;
    facts.origin = origin;
  }
}
