/**
 * The flow of one vehicle's records, past its chart.
 *
 * Invariants
 * - PUMP-1 A record is made only while a connection is open and fewer than `window` are un-acked; a resend alone may
 *   go past that.
 * - PUMP-2 Each txid sent counts once: `sent = acked + refused + superseded + unacked` at any time.
 * - PUMP-3 The chart hears of a full window only when it has stayed full for a while: in a load test it is full most of
 *   the time, and an event per record is what the pump is there to avoid.
 */
import {
  decodeEnvelope,
  encodeStream,
  MESSAGE_TYPE,
  transactionId,
  vehicleMessage,
} from '../../protocols/fleet-telemetry/index.js';
import { encodeVehicleData } from '../../protocols/fleet-telemetry/records.js';
import { type DriveProfile, type DriveState, drawProfile, driveAt } from './drive.js';
import type { VehicleEvent } from './events.js';
import type { LoadPlan } from './load-plan.js';
import type { Paced } from './pacer.js';
import type { Topic } from './record-mix.js';
import { COUNTER_END, RecordTemplate, signalValue } from './record-template.js';
import { type KeptRecord, UnackedRecords } from './unacked.js';
import { VehicleEvents } from './vehicle-events.js';
import { clientFrame, OPCODE } from './web-socket-frames.js';

/** Where frames go. */
export interface Wire {
  write(frames: Buffer): void;
  /** Bytes written that the kernel has not taken yet. */
  readonly backlogBytes: number;
}

export interface PumpVehicle {
  readonly vin: string;
  /** The part of its txids before the counter; another one in each run, or a server may know them already. */
  readonly txidPrefix: string;
  /** Uniform in [0, 1): the same for the same seed. */
  readonly uniform: () => number;
}

/** How often a vehicle with nothing to send looks for overdue replies. */
const LOOK_MS = 250;
/** Of records that the window or the socket has held up, those of so long are made up for; older ones are skipped. */
const CATCH_UP_MS = 1_000;
/** A connection that has so much unsent gets no more until it has less. */
const MOST_BACKLOG_BYTES = 1_048_576;
/** Bounds of what one vehicle sends before others get their turn. */
const MOST_AT_ONCE = 256;
const MOST_BATCH_BYTES = 262_144;

export class RecordPump implements Paced {
  private readonly unackedRecords: UnackedRecords;
  private readonly templates: readonly RecordTemplate[];
  private readonly profile: DriveProfile;
  private readonly events: VehicleEvents;
  private readonly txidStart: string;
  private wire: Wire | undefined;
  private notify: (event: VehicleEvent) => void = () => {};
  private counter = 0;
  private rotation = 0;
  private nextRecordAt = 0;
  private fullSince: number | undefined;
  private isWaiting = false;
  private isPaced = false;

  constructor(
    private readonly plan: LoadPlan,
    private readonly vehicle: PumpVehicle,
  ) {
    const { vin, txidPrefix, uniform } = vehicle;
    this.unackedRecords = new UnackedRecords(plan.signals.length);
    this.profile = drawProfile(uniform);
    this.events = new VehicleEvents(vin);
    this.txidStart = transactionId(txidPrefix, 0).slice(0, -9);
    const { mask, payloadBytes } = plan;
    this.templates = plan.rotations.map((indexes) => {
      const signals = plan.signals.filter((_, index) => indexes.includes(index));
      return new RecordTemplate({ vin, txidPrefix, signals, payloadBytes, mask });
    });
  }

  /** Records without reply. */
  get unacked(): number {
    return this.unackedRecords.size;
  }

  /** A connection is open: sends again what is un-acked (FT-CLI-4), then goes on. */
  attach(wire: Wire, notify: (event: VehicleEvent) => void): void {
    const now = this.plan.clock.monotonic();
    this.wire = wire;
    this.notify = notify;
    this.fullSince = undefined;
    this.isWaiting = false;
    // Vehicles that connect together do not send in step.
    this.nextRecordAt = now + this.vehicle.uniform() * this.plan.intervalMs;
    this.resend(now, Number.POSITIVE_INFINITY);
    if (!this.isPaced) this.plan.pacer.add(this, now);
    this.isPaced = true;
  }

  detach(): void {
    this.wire = undefined;
    this.notify = () => {};
  }

  tick(now: number): number | undefined {
    const { plan } = this;
    this.isPaced = this.wire !== undefined;
    if (!this.isPaced) return undefined;
    const look = now + Math.min(LOOK_MS, plan.resendAfterMs / 2);
    this.resend(now, now - plan.resendAfterMs);
    this.fill(now);
    this.tellFull(now);
    const isHeldUp = this.fullSince !== undefined || plan.budget.isSpent || plan.intervalMs === 0;
    return isHeldUp ? look : Math.min(look, this.nextRecordAt);
  }

  /** One message from the server, read at `now`. */
  reply(message: Buffer, now: number): void {
    const { statistics, countsEcho } = this.plan;
    const decoded = decodeEnvelope(message);
    if (!decoded.ok || decoded.value.kind === 'empty') {
      statistics.unreadableReplies += 1;
      return;
    }
    const { kind, messageType, txid } = decoded.value;
    const isAck = messageType === MESSAGE_TYPE.ack || (countsEcho && kind === 'stream');
    if (!isAck && kind !== 'stream') {
      statistics.unreadableReplies += 1;
      return;
    }
    if (txid.length === 0 && !isAck) statistics.unattributedRefusals += 1;
    else this.settle(this.counterOf(txid), isAck, now);
  }

  /** All that one read of the socket brought has been given to {@link reply}. */
  replied(now: number): void {
    if (this.unacked < this.plan.window) this.tellOpen();
    this.fill(now);
  }

  private settle(counter: number, isAck: boolean, now: number): void {
    const { statistics, onAcked } = this.plan;
    const sentAt = this.unackedRecords.settle(counter);
    if (sentAt === undefined) {
      statistics.ignoredReplies += 1;
      return;
    }
    const topic = this.unackedRecords.takeKept(counter)?.topic ?? 'V';
    const counts = statistics.topics[topic];
    if (!isAck) {
      counts.refused += 1;
      return;
    }
    counts.acked += 1;
    const latencyMs = now - sentAt;
    statistics.latency.record(latencyMs);
    statistics.recentLatency.record(latencyMs);
    onAcked?.(this.vehicle.vin, transactionId(this.vehicle.txidPrefix, counter), topic);
  }

  /** The counter in a txid of this vehicle; 0, which no record has, for any other. */
  private counterOf(txid: Uint8Array): number {
    const { txidStart } = this;
    if (txid.length !== txidStart.length + 9) return 0;
    for (let index = 0; index < txidStart.length; index++) {
      if (txid[index] !== txidStart.charCodeAt(index)) return 0;
    }
    let counter = 0;
    for (let index = txidStart.length; index < txid.length; index++) {
      counter = counter * 10 + (txid[index] as number) - 0x30;
    }
    return counter;
  }

  /** Makes the records that are due, as far as there is room for them. */
  private fill(now: number): void {
    const { wire, plan } = this;
    if (!wire || plan.budget.isSpent) return;
    let due = this.due(now);
    if (due === 0) return;
    const room = wire.backlogBytes > MOST_BACKLOG_BYTES ? 0 : plan.window - this.unacked;
    if (room <= 0) {
      this.fullSince ??= now;
      return;
    }
    this.tellOpen();
    due = Math.min(due, room, MOST_AT_ONCE);
    const nowMs = plan.clock.now();
    const drive = this.drive(now);
    while (due-- > 0 && plan.batch.length < MOST_BATCH_BYTES && plan.budget.take()) {
      this.record(now, nowMs, drive);
      this.nextRecordAt += plan.intervalMs;
    }
    this.flush(wire);
  }

  /** How many records the rate asks for by now. */
  private due(now: number): number {
    const { intervalMs, statistics } = this.plan;
    if (intervalMs === 0) return MOST_AT_ONCE;
    let lateMs = now - this.nextRecordAt;
    if (lateMs < 0) return 0;
    if (lateMs > CATCH_UP_MS) {
      const skipped = Math.floor((lateMs - CATCH_UP_MS) / intervalMs);
      statistics.skipped += skipped;
      this.nextRecordAt += skipped * intervalMs;
      lateMs -= skipped * intervalMs;
    }
    return Math.floor(lateMs / intervalMs) + 1;
  }

  private record(now: number, nowMs: number, drive: DriveState): void {
    const topic = this.plan.drawTopic(this.vehicle.uniform);
    const counter = this.nextCounter();
    this.plan.statistics.topics[topic].sent += 1;
    if (topic === 'V') this.signals(counter, now, nowMs, drive);
    else this.event(topic, counter, now, nowMs);
  }

  private signals(counter: number, now: number, nowMs: number, drive: DriveState): void {
    const { batch, rotations } = this.plan;
    const template = this.templates[this.rotation] as RecordTemplate;
    const at = batch.reserve(template.length);
    template.write(batch.buffer, at, counter, nowMs, drive);
    this.unackedRecords.addSignals(counter, now, rotations[this.rotation] as readonly number[]);
    this.rotation = (this.rotation + 1) % rotations.length;
  }

  private event(topic: Exclude<Topic, 'V'>, counter: number, now: number, nowMs: number): void {
    const payload = topic === 'alerts' ? this.events.nextAlert(nowMs) : this.events.nextError(nowMs);
    const kept: KeptRecord = { topic, frame: this.frame(topic, counter, payload, nowMs) };
    this.plan.batch.add(kept.frame);
    this.unackedRecords.addKept(counter, now, kept);
  }

  /** Sends again what was sent at `latest` or before and has no reply (FT-CLI-4). */
  private resend(now: number, latest: number): void {
    const { wire, plan } = this;
    const { signals, kept, superseded } = this.unackedRecords.takeOverdue(latest);
    plan.statistics.superseded += superseded;
    if (!wire) return;
    for (const [counter, record] of kept) {
      plan.batch.add(record.frame);
      this.unackedRecords.addKept(counter, now, record);
      plan.statistics.resent += 1;
    }
    if (signals.length > 0) this.newestValues(signals, now);
    this.flush(wire);
  }

  /** One record of the newest values of these signals, marked as a resend. */
  private newestValues(signals: readonly number[], now: number): void {
    const { plan, vehicle } = this;
    const drive = this.drive(now);
    const nowMs = plan.clock.now();
    const data = plan.signals
      .filter((_, index) => signals.includes(index))
      .map((signal) => ({ key: signal.name, value: signalValue(signal, drive) }));
    const payload = encodeVehicleData({ data, createdAtMs: nowMs, vin: vehicle.vin, isResend: true });
    const counter = this.nextCounter();
    plan.batch.add(this.frame('V', counter, payload, nowMs));
    this.unackedRecords.addSignals(counter, now, signals);
    plan.statistics.topics.V.sent += 1;
    plan.statistics.resent += 1;
  }

  private frame(topic: Topic, counter: number, payload: Uint8Array, createdAtMs: number): Buffer {
    const { vin, txidPrefix } = this.vehicle;
    const txid = transactionId(txidPrefix, counter);
    const message = encodeStream(vehicleMessage(vin, { txid, topic, payload, createdAtMs }));
    return clientFrame(OPCODE.binary, message, this.plan.mask);
  }

  private flush(wire: Wire): void {
    const { batch, statistics } = this.plan;
    if (batch.length === 0) return;
    statistics.bytesSent += batch.length;
    wire.write(batch.cut());
  }

  private tellFull(now: number): void {
    if (this.isWaiting || this.fullSince === undefined || now - this.fullSince < this.plan.fullAfterMs) return;
    this.isWaiting = true;
    this.notify({ type: 'WINDOW_FULL' });
  }

  private tellOpen(): void {
    this.fullSince = undefined;
    if (this.isWaiting) this.notify({ type: 'WINDOW_OPEN' });
    this.isWaiting = false;
  }

  private drive(now: number): DriveState {
    return driveAt(this.profile, (now - this.plan.startedAt) / 1000);
  }

  private nextCounter(): number {
    this.counter = this.counter + 1 === COUNTER_END ? 1 : this.counter + 1;
    return this.counter;
  }
}
