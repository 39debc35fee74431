import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KeptVehicles } from '../../../src/actors/vehicles/kept-vehicles.js';
import { SignalScan } from '../../../src/protocols/fleet-telemetry/index.js';
import { serverDefaults } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import { testSystem } from '../../fakes/runtime.js';
import { dataRecord } from './records.js';

const settings = serverDefaults.lastValues;

it('vehicles that are quiet leave memory once they are written, and come back as they were', async (t) => {
  const { system } = await testSystem(t, []);
  const kept = new KeptVehicles(system, settings, 60);
  const scan = new SignalScan();
  const take = (vin: string, seq: number): void => {
    const vehicle = kept.open(vin);
    assert.ok(vehicle);
    const before = vehicle.signals.size;
    vehicle.take(seq, dataRecord({ Soc: { intValue: seq } }, { vin }), scan, settings, () => {});
    kept.changed(vehicle, before);
  };
  for (let seq = 0; seq < 100; seq++) take(`V${seq}`, seq);
  assert.equal(kept.dirtyCount, 100);
  assert.equal(kept.lastRecordAt('V0') === undefined, false, 'what is not written stays');
  for (const vehicle of kept.takeDirty()) kept.write(vehicle);
  take('V100', 100);
  assert.equal(kept.lastRecordAt('V0'), undefined);
  assert.equal(kept.size, 100);
  assert.equal(kept.find('V0')?.facts.seq, 0);
  assert.equal(kept.find('V0')?.signals.size, 1);
  assert.equal(kept.find('nobody'), undefined);
  assert.ok(kept.remove('V0'));
  assert.equal(kept.find('V0'), undefined);
  assert.ok(!kept.remove('V0'));
});

it('a name that no key holds is no vehicle', async (t) => {
  const { system } = await testSystem(t, []);
  const kept = new KeptVehicles(system, settings);
  for (const vin of ['', 'a\u0001b', 'x'.repeat(2_000)]) assert.equal(kept.open(vin), undefined);
});
