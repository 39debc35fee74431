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
 * - KV-3 What it takes is bounded: known signals, texts of a length, the newest gaps, the newest notices and their bytes.
 * - KV-4 A record counts as missing only if every message was read that came after the one it should have followed.
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
import { alertBytes, errorBytes, type KeptAlert, type KeptError, withAlerts, withErrors } from './notices.js';

export const LATE_MS = 600_000;
/** Clocks differ by that much without being ahead. */
const AHEAD_MS = 1_000;
/** What a value takes beside its text: tag and length. */
const VALUE_HEAD_BYTES = 8;
/** A longer slice of a text would keep the whole text in memory. */
const COPIED_LENGTH = 13;
/** What a vehicle takes in memory, and a signal and a gap of it, beside their texts; about. */
const VEHICLE_BYTES = 1_000;
/** A vehicle that was restarted counts anew under another prefix, maybe before its last records come. */
const MOST_COUNTERS = 4;
const SIGNAL_BYTES = 200;
const GAP_BYTES = 160;

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
  /** Of its transaction ids (FT-CLI-2), at most {@link MOST_COUNTERS}; the one that moved last at the end. */
  counters: readonly VehicleCounter[];
}

/** How far a vehicle has counted under one prefix. */
interface VehicleCounter {
  readonly prefix: string;
  count: number;
  /** Place in the spool of the message with that number. */
  seq: number;
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

/** What records are taken with. */
export interface Taking {
  readonly scan: SignalScan;
  readonly limits: LastValuesSettings;
  /** Of messages up to this place in the spool some may never be read. */
  readonly lostTo: () => number;
  /** Is told of gaps. */
  readonly found: (vin: string, taken: TakenRecord) => void;
}

export class KeptVehicle {
  /** What is to be written. */
  isDirty = false;
  hasNewNotices = false;
  private signalBytes = 0;
  private noticeBytes = 0;

  constructor(
    readonly vin: string,
    readonly facts: VehicleFacts,
    readonly signals: Map<number, KeptSignal>,
    readonly notices: VehicleNotices,
  ) {
    for (const { bytes } of signals.values()) this.signalBytes += SIGNAL_BYTES + bytes.length;
    this.weighNotices();
  }

  /** What it takes in memory, about. */
  get bytes(): number {
    return VEHICLE_BYTES + this.signalBytes + this.noticeBytes;
  }

  /** Takes the record at `seq`. */
  take(seq: number, record: FleetRecord, taking: Taking): void {
    if (!this.passOver(seq, record, taking)) return;
    const { scan, limits } = taking;
    switch (record.type) {
      case 'V':
        if (scan.scan(record.payload)) this.takeSignals(record, taking);
        break;
      case 'alerts':
        this.notices.alerts = withAlerts(this.notices.alerts, alertNotices(record.payload), record.receivedAt, limits);
        this.noticed();
        break;
      case 'errors':
        this.notices.errors = withErrors(this.notices.errors, errorNotices(record.payload), record.receivedAt, limits);
        this.noticed();
        break;
    }
    this.facts.lastRecordAt = record.receivedAt;
  }

  /** Takes note that the message at `seq` came, and of nothing else; false if that is known. */
  passOver(seq: number, record: FleetRecord, taking: Taking): boolean {
    if (seq <= this.facts.seq) return false;
    this.isDirty = true;
    this.facts.seq = seq;
    this.follow(seq, record, taking);
    return true;
  }

  /** Whether it is a new one and not the last one going on. */
  addGap(gap: Gap, most: number): boolean {
    const { gaps, isNew } = withGap(this.notices.gaps, gap, most);
    this.notices.gaps = gaps;
    this.noticed();
    return isNew;
  }

  private noticed(): void {
    this.hasNewNotices = true;
    this.weighNotices();
  }

  private weighNotices(): void {
    const { alerts, errors, gaps } = this.notices;
    this.noticeBytes = gaps.length * GAP_BYTES;
    for (const alert of alerts) this.noticeBytes += alertBytes(alert);
    for (const error of errors) this.noticeBytes += errorBytes(error);
  }

  /** Follows the counters of the transaction ids (KV-4). */
  private follow(seq: number, record: FleetRecord, taking: Taking): void {
    const id = transactionCounter(record.metadata['txid'] ?? '');
    if (!id) return;
    const { facts } = this;
    const { prefix, count } = id;
    const latest = facts.counters.at(-1);
    const counter = latest?.prefix === prefix ? latest : facts.counters.find((each) => each.prefix === prefix);
    if (!counter) {
      facts.counters = [...facts.counters, { prefix, count, seq }].slice(-MOST_COUNTERS);
      return;
    }
    const distance = counterDistance(counter.count, count);
    if (distance <= 0) {
      const gaps = withLate(this.notices.gaps, prefix, count);
      if (gaps !== this.notices.gaps) this.hasNewNotices = true;
      this.notices.gaps = gaps;
      return;
    }
    if (distance > 1 && counter.seq >= taking.lostTo()) this.jumped(record.receivedAt, counter, count, taking);
    counter.count = count;
    counter.seq = seq;
    if (counter !== latest) facts.counters = [...facts.counters.filter((each) => each !== counter), counter];
  }

  private jumped(at: number, { prefix, count: last }: VehicleCounter, count: number, { limits, found }: Taking): void {
    const gap: Gap = {
      kind: 'missing',
      from: this.facts.lastRecordAt,
      to: at,
      times: 1,
      records: counterDistance(last, count) - 1,
      late: 0,
      prefix,
      after: last,
      before: count,
    };
    found(this.vin, { gap, isNew: this.addGap(gap, limits.maxGaps) });
  }

  private takeSignals(record: FleetRecord, { scan, limits, found }: Taking): void {
    const { facts, signals } = this;
    const { maxTextBytes, maxGaps } = limits;
    const { receivedAt, payload, origin = '' } = record;
    const claimed = scan.createdAtMs || record.at;
    const isAhead = claimed > receivedAt + AHEAD_MS;
    const createdAt = claimed === 0 || claimed > receivedAt ? receivedAt : claimed;
    if (scan.isResend) {
      const gap: Gap = { kind: 'resend', from: facts.lastDataAt || receivedAt, to: receivedAt, times: 1 };
      found(this.vin, { gap, isNew: this.addGap(gap, maxGaps) });
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
      if (!kept) {
        signals.set(field, { bytes: value, createdAt, receivedAt, changedAt: receivedAt, flags });
        this.signalBytes += SIGNAL_BYTES + value.length;
      } else if (!isLate || kept.createdAt < createdAt) {
        if (kept.bytes !== value) {
          this.signalBytes += value.length - kept.bytes.length;
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
