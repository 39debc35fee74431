import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionIdFrom } from '../../../src/protocols/fleet-telemetry/index.js';
import { decodeRecord, type VehicleData } from '../../../src/protocols/fleet-telemetry/records.js';
import { createFleet, eventually } from '../../actors/simulation/fleet.js';
import { type ReceivedRecord, startTelemetryServer } from '../../fakes/telemetry-server.js';

function dataOf({ topic, payload }: ReceivedRecord): VehicleData {
  const decoded = decodeRecord(topic, payload);
  assert.ok(decoded.ok && decoded.value.topic === 'V');
  return decoded.value.message;
}

test('FT-CLI-1 a vehicle connects with its certificate and says what it is', async (t) => {
  const server = await startTelemetryServer(t);
  const { simulation } = await createFleet(t, server, { count: 2, networkInterface: 'wifi', clientVersion: '9.9' });
  simulation.start();
  await eventually(() => new Set(server.records.map(({ vin }) => vin)).size === 2, 'two vehicles');
  server.cut();
  await eventually(() => server.upgrades.length === 4, 'two more connections');
  const ids = server.upgrades.map((headers) => {
    assert.equal(headers['x-network-interface'], 'wifi');
    assert.equal(headers['version'], '9.9');
    return connectionIdFrom(headers['x-txid'] as string);
  });
  assert.ok(!ids.includes(undefined));
  assert.equal(new Set(ids).size, 4, 'the id is fresh for each connection');
});

test('FT-CLI-2 records are attributed to their sender, each txid once', async (t) => {
  const server = await startTelemetryServer(t);
  const { simulation } = await createFleet(t, server, {
    count: 3,
    records: 60,
    mix: { V: 0.6, alerts: 0.2, errors: 0.2 },
  });
  simulation.start();
  await simulation.finished();
  assert.equal(server.records.length, 60);
  for (const record of server.records) {
    assert.equal(record.senderId, `vehicle_device.${record.vin}`);
    assert.equal(record.deviceId, record.vin);
    assert.equal(record.deviceType, 'vehicle_device');
    assert.match(record.txid, /^[0-9a-f]{22}-\d{9}$/);
    assert.ok(Math.abs(record.createdAt - Date.now() / 1000) < 60);
    const decoded = decodeRecord(record.topic, record.payload);
    assert.ok(decoded.ok);
    assert.equal(decoded.value.message.vin, record.vin);
  }
  assert.equal(new Set(server.records.map(({ vin, txid }) => `${vin} ${txid}`)).size, 60);
  assert.deepEqual(new Set(server.records.map(({ topic }) => topic)), new Set(['V', 'alerts', 'errors']));
});

test('FT-CLI-3 acks settle, errors refuse for good, duplicates are ignored', async (t) => {
  const server = await startTelemetryServer(t, {
    answer: ({ txid }) => (Number(txid.slice(-9)) % 2 === 0 ? 'error' : 'ack'),
  });
  const { simulation } = await createFleet(t, server, { records: 20, resendAfterMs: 50 });
  simulation.start();
  await simulation.finished();
  const { sent, acked, refused, unacked, resent } = simulation.stats();
  assert.deepEqual(
    { sent, acked, refused, unacked, resent },
    { sent: 20, acked: 10, refused: 10, unacked: 0, resent: 0 },
  );
  assert.equal(server.records.length, 20);
});

test('FT-CLI-4 after a reconnect one resend holds the newest value of every signal that is not acked', async (t) => {
  const server = await startTelemetryServer(t, { answer: () => 'nothing' });
  const { simulation } = await createFleet(t, server, { records: 5 });
  simulation.start();
  await eventually(() => server.records.length === 5, 'five records without reply');
  server.answer(() => 'ack');
  server.cut();
  await simulation.finished();
  assert.equal(server.records.length, 6);
  const resend = server.records[5];
  assert.ok(resend && dataOf(resend).isResend);
  const signals = (records: readonly ReceivedRecord[]): Set<number> =>
    new Set(records.flatMap((record) => dataOf(record).data.map(({ key }) => key)));
  assert.deepEqual(signals([resend]), signals(server.records.slice(0, 5)));
  assert.equal(resend.connection, 1);
  const { sent, acked, superseded, unacked } = simulation.stats();
  assert.deepEqual({ sent, acked, superseded, unacked }, { sent: 6, acked: 1, superseded: 5, unacked: 0 });
});

test('FT-CLI-4 a time-out leads to a resend on the same connection', async (t) => {
  const server = await startTelemetryServer(t, { answer: (record) => (dataOf(record).isResend ? 'ack' : 'nothing') });
  const { simulation } = await createFleet(t, server, { records: 2, resendAfterMs: 60 });
  simulation.start();
  await simulation.finished();
  assert.equal(server.upgrades.length, 1);
  assert.ok(server.records.some((record) => dataOf(record).isResend));
});

test('FT-CLI-5 pings are answered with the same data', async (t) => {
  let pong = '';
  const server = await startTelemetryServer(t, {
    onConnection: (socket) => {
      socket.on('pong', (data) => (pong = data.toString()));
      socket.ping('are you there?');
    },
  });
  const { simulation } = await createFleet(t, server);
  simulation.start();
  await eventually(() => pong !== '', 'a pong');
  assert.equal(pong, 'are you there?');
});

test('FT-CLI-5 a lost connection is opened again, and close frames are answered', async (t) => {
  const codes: number[] = [];
  const server = await startTelemetryServer(t, {
    onConnection: (socket) => socket.on('close', (code) => codes.push(code)),
  });
  const { simulation } = await createFleet(t, server);
  simulation.start();
  await eventually(() => server.records.length > 0, 'a first record');
  for (const socket of server.sockets) socket.close(1001, 'the server stops');
  await eventually(() => server.records.at(-1)?.connection === 1, 'a second connection');
  assert.deepEqual(codes, [1001]);
  assert.deepEqual(simulation.stats().disconnects, { closed_1001: 1 });
  await simulation.stop(1_000);
  await eventually(() => codes.length === 2, 'the end of the second');
  assert.equal(codes[1], 1000);
});
