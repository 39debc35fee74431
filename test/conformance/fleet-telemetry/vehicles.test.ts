import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { encodeAlerts, encodeVehicleData } from '../../../src/protocols/fleet-telemetry/index.js';
import { eventually, type IngestHub, startIngestHub, VIN } from '../../fakes/ingest-hub.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const SHORT = { fleetchart: { presence: { offlineAfterSeconds: 1, restartGraceSeconds: 1 } } };

const stateOf = ({ hub }: IngestHub, vin = VIN): unknown => hub.system.peek(`presence/${vin}`)?.value;
const becomes = (hub: IngestHub, state: string, vin = VIN): Promise<void> =>
  eventually(() => stateOf(hub, vin) === state, `${vin} is ${state}`);

const data = (soc: number, isResend = false): Uint8Array =>
  encodeVehicleData({
    data: [{ key: 'Soc', value: { stringValue: String(soc) } }],
    createdAtMs: Date.now(),
    vin: VIN,
    isResend,
  });

describe('1.4 presence of vehicles', () => {
  it('FT-CON-4 BETTER: a change of network does not show; the end of the last connection does, after a while', async (t) => {
    const hub = await startIngestHub(t, SHORT);
    const wifi = await hub.vehicle(VIN, { headers: { 'X-Network-Interface': 'wifi' } });
    await becomes(hub, 'online');
    const lte = await hub.vehicle(VIN, { headers: { 'X-Network-Interface': 'lte' } });
    await wifi.vanish();
    await lte.ask();
    await eventually(async () => (await hub.metric('num_connections')) === 1, 'one is left');
    assert.equal(stateOf(hub), 'online');
    await lte.close();
    await becomes(hub, 'offline');
    assert.equal(await hub.metric('vehicles', { state: 'offline' }), 1);
    const lines = hub.log.filter(({ msg }) => msg.startsWith('vehicle_')).map(({ msg }) => msg);
    assert.deepEqual(lines, ['vehicle_online', 'vehicle_offline']);
  });

  it('FT-CON-4 BETTER: after a crash vehicles that do not come back are offline, and those that do never were', async (t) => {
    const hub = await startIngestHub(t, SHORT);
    for (const vin of ['A', 'B']) await (await hub.vehicle(vin)).ask();
    await becomes(hub, 'online', 'A');
    await becomes(hub, 'online', 'B');
    await hub.hub.system.settled();
    // What a crash leaves is what is on disk now.
    const folder = temporaryFolder(t);
    cpSync(join(hub.folder, 'data'), join(folder, 'data'), { recursive: true });
    const config = { fleetchart: { presence: { offlineAfterSeconds: 1, restartGraceSeconds: 600 } } };
    const next = await startIngestHub(t, config, { folder });
    await becomes(next, 'returning', 'A');
    await next.vehicle('A');
    await becomes(next, 'online', 'A');
    assert.equal(stateOf(next, 'B'), 'returning');
    await next.logged('telemetry_gap', { vin: 'A', kind: 'outage' });
    assert.equal(await next.metric('vehicle_gaps_total', { kind: 'outage' }), 1);
    assert.ok(!next.log.some(({ msg }) => msg === 'vehicle_online'), 'it never went away');
  });
});

describe('11 what is kept of vehicles', () => {
  it('FT-CLI-2 FT-CLI-4 records that are missing by their counter, and resends, are told', async (t) => {
    const hub = await startIngestHub(t, { records: { V: ['file'] } });
    const car = await hub.vehicle();
    const txid = (count: number): string => `78ae54a58800468194dc95-${String(count).padStart(9, '0')}`;
    car.send({ txid: txid(1), payload: data(1) });
    const alerts = encodeAlerts({ alerts: [{ name: 'A' }], createdAtMs: Date.now(), vin: VIN });
    car.send({ txid: txid(2), topic: 'alerts', payload: alerts });
    car.send({ txid: txid(3), payload: data(3) });
    car.send({ txid: txid(6), payload: data(6, true) });
    const line = await hub.logged('telemetry_gap', { kind: 'missing' });
    assert.deepEqual([line['vin'], line['records'], line['after'], line['before']], [VIN, 2, 3, 6]);
    await hub.logged('telemetry_gap', { kind: 'resend' });
    assert.equal(await hub.metric('vehicle_missing_records_total'), 2, 'one of another topic is not missing');
  });

  it('FT-AUTH-3 FT-CLI-2 messages of other topics are not missing, however fast they come and whatever their prefix', async (t) => {
    const hub = await startIngestHub(t, { records: { V: ['file'] } });
    const car = await hub.vehicle();
    const alerts = encodeAlerts({ alerts: [{ name: 'A' }], createdAtMs: Date.now(), vin: VIN });
    for (const prefix of ['a', 'b', 'c']) {
      for (let count = 1; count <= 300; count++) {
        const txid = `${prefix.repeat(22)}-${String(count).padStart(9, '0')}`;
        car.send(count % 100 === 1 ? { txid, payload: data(count) } : { txid, topic: 'alerts', payload: alerts });
      }
    }
    await car.replied(900);
    await eventually(async () => (await hub.metric('last_values_records_total')) >= 9, 'all are read');
    assert.equal(await hub.metric('vehicle_missing_records_total'), 0);
  });

  it('FT-AUTH-3 FT-CLI-2 nothing is missing because the hub was down, or kept no last values for a while', async (t) => {
    const folder = temporaryFolder(t);
    const alerts = encodeAlerts({ alerts: [{ name: 'A' }], createdAtMs: Date.now(), vin: VIN });
    let count = 0;
    for (const enabled of [true, true, false, true]) {
      const config = { records: { V: ['file'] }, fleetchart: { lastValues: { enabled } } };
      const hub = await startIngestHub(t, config, { folder });
      const car = await hub.vehicle();
      for (const topic of ['alerts', 'V', 'alerts', 'V', 'alerts', 'alerts']) {
        const txid = `${'a'.repeat(22)}-${String(++count).padStart(9, '0')}`;
        car.send(topic === 'V' ? { txid, payload: data(count) } : { txid, topic, payload: alerts });
      }
      await car.replied(6);
      if (enabled) {
        await eventually(async () => (await hub.metric('last_values_records_total')) >= 2, 'all records are read');
        assert.equal(await hub.metric('vehicle_missing_records_total'), 0);
      }
      await hub.stop();
    }
  });

  it('FT-ACK-1 what records say is read behind their acknowledgement, and holds up no dispatcher', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    for (let record = 0; record < 500; record++) car.send({ payload: data(record) });
    await car.replied(500);
    await hub.recorded((all) => all.filter(({ type }) => type === 'V').length === 500, 'all in the file');
    await eventually(async () => (await hub.metric('last_values_records_total')) >= 500, 'all are read');
    assert.equal(await hub.metric('last_values_dropped_total'), 0);
  });

  it('FT-CON-4 presence stays where last values are switched off', async (t) => {
    const hub = await startIngestHub(t, { fleetchart: { lastValues: { enabled: false } } });
    await (await hub.vehicle()).ask();
    await becomes(hub, 'online');
    assert.doesNotMatch(await hub.hub.metrics.text(), /last_values/);
  });
});
