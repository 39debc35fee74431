import type { VehicleEvent } from '../../../src/actors/simulation/events.js';
import { FrameBatch } from '../../../src/actors/simulation/frame-batch.js';
import { type LoadPlan, RecordBudget } from '../../../src/actors/simulation/load-plan.js';
import { topicDrawer } from '../../../src/actors/simulation/record-mix.js';
import { RecordPump, type Wire } from '../../../src/actors/simulation/record-pump.js';
import { rotations, signalsFor } from '../../../src/actors/simulation/signals.js';
import { Statistics } from '../../../src/actors/simulation/statistics.js';
import { encodeAck, encodeError } from '../../../src/protocols/fleet-telemetry/index.js';
import { FIELD_NAMES } from '../../../src/protocols/fleet-telemetry/records.js';
import { ManualClock, seededIds } from '../../../src/runtime/index.js';
import { START } from '../../fakes/runtime.js';
import { type SentRecord, sentRecords } from './sent-records.js';

export const VIN = '5YJ3E1EA7JF000001';
export const TXID_PREFIX = '78ae54a58800468194dc95';

interface HarnessOptions {
  readonly fields?: number;
  readonly seed?: string;
  readonly records?: number;
  readonly plan?: Partial<LoadPlan>;
}

/** A pump on a wire that keeps what is written, under a manual clock. */
export function createPump({
  fields = 8,
  seed = 'a',
  records = Number.POSITIVE_INFINITY,
  plan = {},
}: HarnessOptions = {}) {
  const clock = new ManualClock(START);
  const signals = signalsFor(fields, FIELD_NAMES);
  const statistics = new Statistics(0);
  const full: LoadPlan = {
    clock,
    startedAt: 0,
    signals,
    rotations: rotations(signals.length, fields),
    payloadBytes: 0,
    intervalMs: 100,
    window: 4,
    resendAfterMs: 30_000,
    fullAfterMs: 1_000,
    drawTopic: topicDrawer({ V: 1 }),
    mask: 0x5a,
    countsEcho: false,
    budget: new RecordBudget(records),
    // `run` takes its place.
    pacer: { add: () => {} },
    batch: new FrameBatch(),
    statistics,
    onAcked: undefined,
    ...plan,
  };
  const pump = new RecordPump(full, { vin: VIN, txidPrefix: TXID_PREFIX, uniform: seededIds(seed).uniform });
  const sent: SentRecord[] = [];
  const writes: Buffer[] = [];
  const events: VehicleEvent['type'][] = [];
  const wire = {
    backlogBytes: 0,
    write: (frames: Buffer) => {
      writes.push(frames);
      sent.push(...sentRecords(frames));
    },
  } satisfies Wire;
  const reply = (...replies: Uint8Array[]): void => {
    for (const bytes of replies) pump.reply(Buffer.from(bytes), clock.monotonic());
    pump.replied(clock.monotonic());
  };
  return {
    clock,
    pump,
    plan: full,
    statistics,
    sent,
    writes,
    events,
    wire,
    attach: () => {
      pump.attach(wire, ({ type }) => events.push(type));
      pump.tick(clock.monotonic());
    },
    /** Moves time on and calls the pump as its pacer would. */
    run: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 5) {
        await clock.advance(5);
        pump.tick(clock.monotonic());
      }
    },
    reply,
    ack: (...records: (SentRecord | undefined)[]) =>
      reply(...records.map((record) => encodeAck(Buffer.from(record?.txid ?? ''), Buffer.from(record?.topic ?? '')))),
    refuse: (txid: string) => reply(encodeError(Buffer.from(txid))),
    summary: () => statistics.summary(clock.monotonic(), NO_VEHICLES, pump.unacked),
  };
}

const NO_VEHICLES = { total: 0, connected: 0, notConnected: 0, neverConnected: 0 };
