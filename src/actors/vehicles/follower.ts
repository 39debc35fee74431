/**
 * Reads the spool behind the acknowledgements and keeps what it learns of each vehicle.
 *
 * Invariants
 * - FO-1 The position in the spool moves only over records whose vehicles are written, in the same batch or an earlier
 *   one: after a crash they are read again and change nothing twice (KV-1).
 * - FO-2 A slice lasts about {@link SLICE_MS}; between slices the loop turns, so that reading never holds up ingest.
 * - FO-3 A record that cannot be taken, or a vehicle that cannot be written, is passed over and told.
 * - FO-4 What waits to be written is bounded by {@link MOST_UNWRITTEN} records and a quarter of the reader's bound, and
 *   waits no longer than {@link WRITE_EVERY_MS}.
 */
import { type LastValuesSettings, SignalScan } from '../../protocols/fleet-telemetry/index.js';
import type { Clock, TimerHandle } from '../../runtime/index.js';
import { decodeRecord, type Spool } from '../dispatch/index.js';
import { PASSED_OVER } from '../telemetry/events.js';
import type { KeptVehicle, Taking } from './kept-vehicle.js';
import type { KeptVehicles } from './kept-vehicles.js';

const SLICE_MS = 2;
const READ_ITEMS = 64;
const READ_BYTES = 512 * 1024;
const WRITE_EVERY_MS = 5_000;
const MOST_UNWRITTEN = 20_000;
/** So many are written at once where each row takes up many: what waits long is moved by the garbage collector. */
const WORTH_WRITING = 2_000;
const RECORDS_PER_ROW = 16;
/** Records that one step confirms: each is taken out of the log. */
const CONFIRM_STEP = 128;

export interface FollowerDeps {
  readonly spool: Spool;
  readonly vehicles: KeptVehicles;
  readonly settings: LastValuesSettings;
  readonly clock: Clock;
  readonly found: Taking['found'];
  /** A record or a vehicle that something is wrong with; the others go on. */
  readonly failed: (error: Error) => void;
}

export class Follower {
  /** Since the start. */
  readonly counts = { records: 0, failed: 0 };
  private readonly taking: Taking;
  private stopListening: (() => void) | undefined;
  private isScheduled = false;
  private isRunning = false;
  private timer: TimerHandle;
  private lastSeq: number | undefined;
  /** Up to where it has been confirmed. */
  private confirmedSeq: number | undefined;
  private unwritten = 0;
  private unwrittenBytes = 0;
  private writing: { readonly vehicles: KeptVehicle[]; next: number; readonly seq: number | undefined } | undefined;

  constructor(private readonly deps: FollowerDeps) {
    const { settings: limits, found } = deps;
    this.taking = { scan: new SignalScan(), limits, lostTo: () => deps.spool.lostTo ?? 0, found };
  }

  start(): void {
    this.isRunning = true;
    this.deps.spool.rewind();
    this.stopListening = this.deps.spool.onAvailable(() => this.soon());
    this.soon();
  }

  /** Writes what it has read; what it has not is read after the next start. */
  stop(): void {
    this.isRunning = false;
    this.stopListening?.();
    this.deps.clock.clearTimeout(this.timer);
    this.timer = undefined;
    // What is being written first, then what has gathered meanwhile.
    if (this.writing) this.write(Number.POSITIVE_INFINITY);
    this.write(Number.POSITIVE_INFINITY);
  }

  private soon(): void {
    if (this.isScheduled || !this.isRunning) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      if (this.isRunning) this.slice();
    });
  }

  private slice(): void {
    const { clock } = this.deps;
    const until = clock.monotonic() + SLICE_MS;
    if (this.writing || this.isFull) this.write(until);
    let hasMore = true;
    while (hasMore && !this.writing && !this.isFull && clock.monotonic() < until) hasMore = this.read();
    if (this.unwritten > 0) this.arm();
    if (hasMore || this.writing) this.soon();
  }

  private get isFull(): boolean {
    const { unwritten } = this;
    const { vehicles, settings } = this.deps;
    if (unwritten >= WORTH_WRITING && unwritten >= vehicles.dirtyCount * RECORDS_PER_ROW) return true;
    return unwritten >= MOST_UNWRITTEN || this.unwrittenBytes >= settings.boundBytes / 4;
  }

  private read(): boolean {
    const { spool } = this.deps;
    const items = spool.read(READ_ITEMS, READ_BYTES);
    for (const { seq, payload } of items) {
      this.lastSeq = seq;
      this.confirmedSeq ??= seq - 1;
      this.unwrittenBytes += payload.length;
      this.guard(() => this.take(seq, payload));
    }
    this.unwritten += items.length;
    return items.length > 0;
  }

  private take(seq: number, payload: Uint8Array): void {
    const { vehicles } = this.deps;
    const record = decodeRecord(payload);
    if (!record.ok) throw new Error(`${record.error.code}: ${record.error.detail}`);
    const { vehicle: vin, origin, type } = record.value;
    const isPassedOver = type === PASSED_OVER;
    if (!isPassedOver) this.counts.records++;
    // What comes over no connection is made by this server: it says nothing of when the vehicle was heard.
    if (origin === undefined || vehicles.isForgotten(vin, seq)) return;
    // Of a vehicle without records there is nothing to miss.
    const vehicle = isPassedOver ? vehicles.openKnown(vin) : vehicles.open(vin);
    if (!vehicle) return;
    if (isPassedOver) vehicle.passOver(seq, record.value, this.taking);
    else vehicle.take(seq, record.value, this.taking);
    vehicles.changed(vehicle);
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.counts.failed++;
      this.deps.failed(error as Error);
    }
  }

  private arm(): void {
    this.timer ??= this.deps.clock.setTimeout(() => {
      this.timer = undefined;
      this.write(this.deps.clock.monotonic() + SLICE_MS);
      if (this.writing) this.soon();
    }, WRITE_EVERY_MS);
  }

  /** FO-1: as many vehicles as there is time for, then the position from when the first of them was taken. */
  private write(until: number): void {
    const { clock, vehicles } = this.deps;
    if (!this.writing) {
      this.writing = { vehicles: vehicles.toWrite(), next: 0, seq: this.lastSeq };
      this.unwritten = 0;
      this.unwrittenBytes = 0;
    }
    const { writing } = this;
    do {
      const vehicle = writing.vehicles[writing.next++];
      if (vehicle) this.guard(() => vehicles.write(vehicle));
      else if (!this.confirmTowards(writing.seq)) {
        this.writing = undefined;
        return;
      }
    } while (clock.monotonic() < until);
  }

  /** False if there is nothing left to confirm. */
  private confirmTowards(seq: number | undefined): boolean {
    if (seq === undefined || this.confirmedSeq === undefined || this.confirmedSeq >= seq) return false;
    this.confirmedSeq = Math.min(seq, this.confirmedSeq + CONFIRM_STEP);
    this.deps.spool.confirm(this.confirmedSeq);
    this.deps.vehicles.confirmed(this.confirmedSeq);
    return true;
  }
}
