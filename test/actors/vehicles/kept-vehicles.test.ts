import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { Gap } from '../../../src/actors/vehicles/gaps.js';
import { KeptVehicles } from '../../../src/actors/vehicles/kept-vehicles.js';
import { FIELD_NAMES, SignalScan } from '../../../src/protocols/fleet-telemetry/index.js';
import { serverDefaults } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import { testSystem } from '../../fakes/runtime.js';
import { dataRecord, txid } from './records.js';

const settings = serverDefaults.lastValues;

const MOST_BYTES = 20_000;

async function start(t: TestContext) {
  const { system } = await testSystem(t, []);
  const kept = new KeptVehicles(system, settings, MOST_BYTES);
  const taking = { scan: new SignalScan(), limits: settings, lostTo: () => 0, found: () => {} };
  const take = (vin: string, seq: number): void => {
    const vehicle = kept.open(vin);
    assert.ok(vehicle);
    vehicle.take(seq, dataRecord({ Soc: { intValue: seq } }, { vin }), taking);
    kept.changed(vehicle);
  };
  return { kept, take };
}

it('vehicles that are quiet leave memory once they are written, and come back as they were', async (t) => {
  const { kept, take } = await start(t);
  for (let seq = 0; seq < 100; seq++) take(`V${seq}`, seq);
  assert.equal(kept.dirtyCount, 100);
  assert.equal(kept.lastRecordAt('V0') === undefined, false, 'what is not written stays');
  for (const vehicle of kept.toWrite()) kept.write(vehicle);
  take('V100', 100);
  assert.equal(kept.lastRecordAt('V0'), undefined);
  assert.equal(kept.size, 100);
  assert.equal(kept.find('V0')?.facts.seq, 0);
  assert.equal(kept.find('V0')?.signals.size, 1);
  assert.equal(kept.find('nobody'), undefined);
});

it('KS-1 a vehicle stays while others are written before it, and nothing older replaces it', async (t) => {
  const { kept, take } = await start(t);
  for (let seq = 0; seq < 100; seq++) take(`V${seq}`, seq);
  const [first, ...others] = kept.toWrite();
  assert.ok(first);
  kept.write(first);
  for (let index = 0; index < 100; index++) kept.open(`quiet ${index}`);
  for (let seq = 1; seq < 100; seq++) assert.equal(kept.find(`V${seq}`)?.facts.seq, seq);
  take('V50', 1_000);
  for (const vehicle of others) kept.write(vehicle);
  for (let index = 0; index < 100; index++) kept.open(`silent ${index}`);
  assert.equal(kept.lastRecordAt('V50'), undefined, 'it has left memory');
  assert.equal(kept.find('V50')?.facts.seq, 1_000);
  assert.equal(kept.dirtyCount, 0);
});

it('KV-4 nothing is missing of a vehicle that has outgrown its room', async (t) => {
  const { system } = await testSystem(t, []);
  const kept = new KeptVehicles(system, { ...settings, maxVehicles: 1 }, 1);
  const gaps: Gap[] = [];
  const taking = {
    scan: new SignalScan(),
    limits: settings,
    lostTo: () => 0,
    found: (_: string, { gap }: { gap: Gap }) => void gaps.push(gap),
  };
  const take = (seq: number, texts: readonly string[] = []): void => {
    const vehicle = kept.open('V');
    assert.ok(vehicle);
    const values = Object.fromEntries(texts.map((name) => [name, { stringValue: 'x'.repeat(256) }]));
    vehicle.take(seq, dataRecord(values, { vin: 'V', txid: txid(seq) }), taking);
    kept.changed(vehicle);
    kept.write(vehicle);
    // It leaves memory.
    kept.open('other');
  };
  take(1, ['VehicleName']);
  take(2, FIELD_NAMES.slice(1, 100));
  assert.equal(kept.refused, 1);
  assert.deepEqual(kept.find('V')?.facts.counters, []);
  take(3);
  take(4);
  assert.deepEqual(gaps, []);
  take(6);
  assert.equal(gaps.length, 1);
});

it('KS-2 a vehicle that is forgotten while it is to be written is not written', async (t) => {
  const { kept, take } = await start(t);
  take('V0', 7);
  const vehicles = kept.toWrite();
  assert.ok(kept.remove('V0', 9));
  for (const vehicle of vehicles) kept.write(vehicle);
  assert.equal(kept.find('V0'), undefined);
  assert.equal(kept.size, 0);
  assert.ok(!kept.remove('V0', 9));
  assert.deepEqual(
    [kept.isForgotten('V0', 9), kept.isForgotten('V0', 10), kept.isForgotten('V1', 9)],
    [true, false, false],
  );
  kept.confirmed(8);
  assert.ok(kept.isForgotten('V0', 9));
  kept.confirmed(9);
  assert.ok(!kept.isForgotten('V0', 9));
});

it('a name that no key holds is no vehicle', async (t) => {
  const { system } = await testSystem(t, []);
  const kept = new KeptVehicles(system, settings);
  for (const vin of ['', 'a\u0001b', 'x'.repeat(2_000)]) assert.equal(kept.open(vin), undefined);
});
