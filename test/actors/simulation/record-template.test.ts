import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DriveState, drawProfile, driveAt } from '../../../src/actors/simulation/drive.js';
import { SimulationError } from '../../../src/actors/simulation/index.js';
import { RecordTemplate, signalValue } from '../../../src/actors/simulation/record-template.js';
import { signalsFor } from '../../../src/actors/simulation/signals.js';
import { encodeStream, transactionId, vehicleMessage } from '../../../src/protocols/fleet-telemetry/index.js';
import {
  decodeRecord,
  encodeVehicleData,
  exactInteger,
  FIELD_NAMES,
  type VehicleData,
} from '../../../src/protocols/fleet-telemetry/records.js';
import { seededIds } from '../../../src/runtime/index.js';
import { TXID_PREFIX, VIN } from './pump-harness.js';
import { sentRecords, unmasked } from './sent-records.js';

const signals = signalsFor(22, FIELD_NAMES);
const uniform = seededIds('template').uniform;
const drives: readonly DriveState[] = Array.from({ length: 50 }, () =>
  driveAt(drawProfile(uniform), 5_000 * uniform()),
);

function written(template: RecordTemplate, counter: number, nowMs: number, drive: DriveState): Buffer {
  const target = Buffer.alloc(template.length + 20, 0xee);
  template.write(target, 7, counter, nowMs, drive);
  assert.ok(target.subarray(0, 7).every((byte) => byte === 0xee));
  assert.ok(
    target.subarray(7 + template.length).every((byte) => byte === 0xee),
    'nothing is written outside',
  );
  return target.subarray(7, 7 + template.length);
}

const createTemplate = (payloadBytes = 0, mask = 0x5a, vin = VIN) =>
  new RecordTemplate({ vin, txidPrefix: TXID_PREFIX, signals, payloadBytes, mask });

test('FT-CLI-2 a record made from a template is what the encoder would have made', () => {
  const template = createTemplate();
  for (const [index, drive] of drives.entries()) {
    const counter = 1 + Math.floor(999_999_998 * uniform());
    // So late in its second that the time takes as many bytes as in a template.
    const createdAtMs = 1_767_225_600_000 + 1_000 * index + 300 + index;
    const data = signals.map((signal) => ({ key: signal.name, value: signalValue(signal, drive) }));
    const payload = encodeVehicleData({ data, createdAtMs, vin: VIN });
    const txid = transactionId(TXID_PREFIX, counter);
    const expected = encodeStream(vehicleMessage(VIN, { txid, topic: 'V', payload, createdAtMs }));
    const [frame] = unmasked(written(template, counter, createdAtMs, drive));
    assert.deepEqual(frame?.payload, Buffer.from(expected));
  }
});

test('FT-CLI-2 any time of a second is written, though it may take fewer bytes', () => {
  const template = createTemplate();
  for (const ms of [0, 1, 2, 9, 99, 134, 135, 268, 269, 500, 999]) {
    const createdAtMs = 1_767_225_601_000 + ms;
    const [record] = sentRecords(written(template, 1, createdAtMs, drives[0] as DriveState));
    assert.ok(record);
    assert.equal(record.createdAt, 1_767_225_601);
    const { createdAt } = record.record.message as VehicleData;
    assert.equal(exactInteger(createdAt?.seconds ?? { low: 0, high: 0 }), 1_767_225_601);
    assert.equal(createdAt?.nanos, ms * 1_000_000);
  }
});

test('every mask and length of VIN works', () => {
  for (const mask of [1, 0x80, 0xff]) {
    for (const vin of ['A', 'SEVENTEEN12345678', 'x'.repeat(64)]) {
      const template = createTemplate(0, mask, vin);
      const [record] = sentRecords(written(template, 42, 1_767_225_601_500, drives[0] as DriveState));
      assert.equal(record?.deviceId, vin);
      assert.equal(record?.txid, transactionId(TXID_PREFIX, 42));
    }
  }
});

test('a payload has the size that is asked for', () => {
  const least = payloadOf(createTemplate()).length;
  const sizes = Array.from({ length: 300 }, (_, index) => least + 10 + index);
  for (const size of [...sizes, 1_000, 16_500, 70_000, 900_000]) {
    const payload = payloadOf(createTemplate(size));
    assert.ok(payload.length <= size && payload.length >= size - 3, `${payload.length} for ${size}`);
    assert.ok(decodeRecord('V', payload).ok);
  }
  assert.equal(payloadOf(createTemplate(least)).length, least);
  assert.equal(payloadOf(createTemplate(1_000)).length, 1_000);
});

test('FT-CLI-5 what would be more than 1,000,000 bytes is refused, and so is less than the signals take', () => {
  const isRefused = (error: unknown): boolean => error instanceof SimulationError && error.code === 'SIMULATION_OPTION';
  assert.throws(() => createTemplate(999_990), isRefused);
  assert.throws(() => createTemplate(10), isRefused);
});

function payloadOf(template: RecordTemplate): Uint8Array {
  const [record] = sentRecords(written(template, 1, 1_767_225_601_500, drives[0] as DriveState));
  return record?.payload ?? new Uint8Array(0);
}
