import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import { encodeVehicleData } from '../../../src/protocols/fleet-telemetry/index.js';
import { ManualClock } from '../../../src/runtime/index.js';
import { eventually, type IngestHub, obstructFiles, startIngestHub, VIN } from '../../fakes/ingest-hub.js';
import { FakeMqttBroker } from '../../fakes/mqtt-broker.js';
import { RawClient } from '../../fakes/raw-client.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { speed, type Vehicle } from '../../fakes/vehicle.js';
import { builtAck, builtOther } from '../../protocols/fleet-telemetry/built-frames.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const hex = (...groups: string[]) => Buffer.from(groups.join('').replaceAll(/\s/g, ''), 'hex');
/** The examples of section 2.3. */
const ACK_TXID = 'car-000000042';
const ACK = hex(
  '14000000 0000 0e00 1800 1400 1000 0f00 0800 0400 0e000000 14000000 34000000 00000005 10000000 14000000',
  '00000000 00000000 01000000 56000000 0d000000 6361722d303030303030303432 000000 00000000 00000000',
);
const ERROR = hex(
  '14000000 0000 0e00 1800 1400 1000 0f00 0800 0400 0e000000 14000000 40000000 00000004 10000000 14000000',
  '0000000000000000 0000000000000000 0d000000 6361722d303030303030303432 00',
  '0e00 1400 0000 1000 0c00 0800 0400 0e000000 10000000 14000000 18000000 34000000',
  '0000000000000000 0000000000000000 18000000 696e636f7272656374206d65737361676520666f726d6174 00000000',
  '0000000000000000',
);
const ERROR_TEXT = 'incorrect message format';
const NO_PROTOBUF = Buffer.from([0xff, 0xff]);
/** A VIN that is not UTF-8. */
const noUtf8 = (topic: string) => Buffer.from([topic === 'connectivity' ? 0x0a : 0x1a, 0x02, 0xc3, 0x28]);

/** Frames that the server answers with, until it has answered so many. */
async function answersTo(car: Vehicle, message: Uint8Array, count = 1): Promise<readonly Buffer[]> {
  const already = car.frames.length;
  car.sendBytes(message);
  await car.replied(already + count);
  await car.roundTrip();
  return car.frames.slice(already);
}

/** The records that came of what vehicles sent. */
const dispatched = (hub: IngestHub): string[] =>
  hub.records().flatMap(({ type, txid }) => (type === 'connectivity' ? [] : [txid]));

async function settledRecords(hub: IngestHub): Promise<string[]> {
  await hub.stop();
  return dispatched(hub);
}

/** A port on which nothing listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

async function withMqtt(t: TestContext): Promise<FakeMqttBroker> {
  const broker = new FakeMqttBroker();
  await broker.start();
  t.after(() => broker.stop());
  return broker;
}

describe('9 the failure matrix', () => {
  it('FT-FAIL-1 an untrusted client certificate: a TLS alert or the end, and no connection', async (t) => {
    const hub = await startIngestHub(t);
    const stranger = await createAuthority({ commonName: 'Tesla Motors Products CA' });
    const { chainPem, keyPem } = await issueDeviceCertificate(stranger, { commonName: VIN });
    const client = await RawClient.open({
      ...(await hub.access()),
      cert: chainPem,
      key: keyPem,
      maxVersion: 'TLSv1.2',
    });
    await client.closed;
    assert.equal(client.isSecure, false);
    assert.match(client.errorCode, /ALERT/);
    assert.equal(await hub.metric('num_connections'), 0);
  });

  it('FT-FAIL-2 a trusted chain of an unknown issuer: 101, then the end', async (t) => {
    const other = await createAuthority({ commonName: 'Unknown CA' });
    const hub = await startIngestHub(t, {}, { files: { 'ca.crt': other.certificatePem } });
    const car = await hub.vehicle(VIN, { credentials: await issueDeviceCertificate(other, { commonName: VIN }) });
    assert.equal((await car.closed).code, 1008);
    assert.deepEqual(car.frames, []);
  });

  it('FT-FAIL-3 a text message: no reply, not dispatched, the end', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    car.socket.send(car.frameOf({ txid: 'text' }), { binary: false });
    assert.ok([1003, 1007].includes((await car.closed).code));
    assert.deepEqual(car.frames, []);
    assert.deepEqual(await settledRecords(hub), []);
  });

  it('FT-FAIL-4 over 1,000,000 bytes: an error without txid', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    await answersTo(car, car.frameOf({ txid: 'big', payload: Buffer.alloc(1_000_000) }));
    assert.deepEqual(car.replies, [{ kind: 'error', txid: '', text: ERROR_TEXT }]);
    assert.equal(await hub.metric('record_too_big_total'), 1);
    assert.deepEqual(await settledRecords(hub), []);
  });

  it('FT-FAIL-5 FT-FAIL-6 no message, or one of another type: an ack without topic, BETTER: once', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    assert.deepEqual(await answersTo(car, new Uint8Array()), [Buffer.from(builtAck(bytes(''), bytes('')))]);
    assert.deepEqual(await answersTo(car, new Uint8Array(4)), [Buffer.from(builtAck(bytes(''), bytes('')))]);
    for (const type of [1, 2, 3, 5, 77]) {
      const answers = await answersTo(car, builtOther(bytes('T'), bytes('V'), type));
      assert.deepEqual(answers, [Buffer.from(builtAck(bytes('T'), bytes('')))]);
    }
    assert.equal(await hub.metric('unknown_message_type_error_total'), 2, 'of type 0');
    assert.equal(await hub.metric('record_total', { record_type: '' }), 7);
    assert.deepEqual(await settledRecords(hub), []);
  });

  it('FT-FAIL-7 no flatbuffer, or half of one: an error without txid', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    const whole = car.frameOf({ txid: 'whole' });
    const broken = [
      bytes('{"json":true}'),
      Buffer.from([1]),
      Buffer.alloc(64, 0xff),
      whole.subarray(0, 30),
      whole.subarray(8),
    ];
    for (const message of broken) {
      await answersTo(car, message);
      assert.deepEqual(car.replies.at(-1), { kind: 'error', txid: '', text: ERROR_TEXT });
    }
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'unreadable' }), broken.length);
    assert.deepEqual(await settledRecords(hub), []);
  });

  it('FT-FAIL-8 a bad payload: an error with its txid, byte for byte', async (t) => {
    const hub = await startIngestHub(t, { records: { V: ['file'] } });
    const car = await hub.vehicle();
    for (const topic of ['V', 'alerts', 'errors', 'connectivity']) {
      for (const payload of [NO_PROTOBUF, noUtf8(topic)]) {
        const [answer] = await answersTo(car, car.frameOf({ txid: ACK_TXID, topic, payload }));
        assert.deepEqual(answer, ERROR, topic);
      }
    }
    assert.deepEqual(await settledRecords(hub), []);
  });

  it('FT-FAIL-9 FT-FAIL-10 a topic that is not configured: an ack for the right sender, an error for any other', async (t) => {
    const hub = await startIngestHub(t, { records: { alerts: ['file'] } });
    const car = await hub.vehicle();
    assert.deepEqual(await answersTo(car, car.frameOf({ txid: ACK_TXID })), [ACK]);
    for (const senderId of ['vehicle_device.OTHER', '', `vehicle_device.${VIN}x`]) {
      assert.deepEqual(await answersTo(car, car.frameOf({ txid: ACK_TXID, senderId })), [ERROR]);
    }
    assert.deepEqual(await settledRecords(hub), []);
  });

  it('FT-FAIL-11 a configured topic and another sender: acked, and dispatched with the VIN of the certificate', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    assert.deepEqual(await answersTo(car, car.frameOf({ txid: ACK_TXID, senderId: 'vehicle_device.OTHER' })), [ACK]);
    assert.deepEqual(await settledRecords(hub), [ACK_TXID]);
    assert.ok(hub.records().every(({ vin }) => vin === VIN));
  });

  it('FT-FAIL-12 FT-FAIL-14 a dispatcher that is down: acked, BETTER: nothing is lost there, and the other gets it now', async (t) => {
    const mqtt = { broker: await deadAddress(), topic_base: 'base', qos: 1 };
    const hub = await startIngestHub(t, { records: { V: ['mqtt', 'file'] }, mqtt });
    const car = await hub.vehicle();
    for (let record = 0; record < 10; record++) assert.equal((await car.ask()).kind, 'ack');
    await hub.recorded((all) => all.length === 10, 'the records at the other');
    const again = await startIngestHub(t, {
      records: { V: ['mqtt', 'file'] },
      mqtt,
      reliable_ack_sources: { V: 'file' },
    });
    assert.equal((await (await again.vehicle()).ask()).kind, 'ack', 'the reliable source is well');
  });

  it('FT-FAIL-13 the reliable source is down: no reply, and the other dispatcher gets it', async (t) => {
    const mqtt = { broker: await deadAddress(), topic_base: 'base', qos: 1 };
    const hub = await startIngestHub(t, {
      records: { V: ['mqtt', 'file'] },
      mqtt,
      reliable_ack_sources: { V: 'mqtt' },
    });
    const car = await hub.vehicle();
    for (let record = 0; record < 10; record++) car.send();
    await hub.recorded((all) => all.length === 10, 'the records at the other');
    await car.roundTrip();
    assert.deepEqual(car.frames, []);
    assert.equal(car.end, undefined);
  });

  it('FT-FAIL-15 BETTER: a slow dispatcher delays the acks that depend on it, and no message', async (t) => {
    const folder = temporaryFolder(t);
    const clear = obstructFiles(folder);
    const clock = new ManualClock(Date.now());
    const config = { records: { V: ['file'], alerts: ['file'] }, reliable_ack_sources: { V: 'file' } };
    const hub = await startIngestHub(t, config, { folder, clock });
    const car = await hub.vehicle();
    for (let record = 0; record < 500; record++) car.send();
    await car.ask({ topic: 'alerts', txid: 'behind them', payload: new Uint8Array() });
    assert.deepEqual(car.acked, ['behind them']);
    clear();
    await eventually(async () => {
      await clock.advance(500);
      return car.acked.length === 501;
    }, 'all acks');
    assert.deepEqual(dispatched(hub).length, 501);
  });

  it('FT-FAIL-16 over the rate limit: silence, and the connection stays', async (t) => {
    const hub = await startIngestHub(t, {
      rate_limit: { enabled: true, message_limit: 1, message_interval_time: 3600 },
    });
    const car = await hub.vehicle();
    await car.ask({ txid: 'first' });
    for (let record = 0; record < 5; record++) car.send();
    await car.roundTrip();
    await eventually(
      async () => (await hub.metric('rate_limit_exceeded_total', { record_type: 'V' })) === 5,
      'five drops',
    );
    assert.deepEqual(car.acked, ['first']);
    assert.equal(car.frames.length, 1);
    assert.deepEqual(await settledRecords(hub), ['first']);
  });

  it('FT-FAIL-18 decoded records of a topic without protobuf: acked, BETTER: with their data', async (t) => {
    const hub = await startIngestHub(t, { transmit_decoded_records: true, records: { custom: ['file'] } });
    const car = await hub.vehicle();
    assert.equal((await car.ask({ topic: 'custom', payload: bytes('any bytes') })).kind, 'ack');
    const [record] = await hub.recorded((all) => all.length === 1, 'the record');
    assert.equal(record?.data, bytes('any bytes').toString('base64'));
  });

  it('FT-FAIL-19 BETTER: what ends the connection in the reference is no exception here', async (t) => {
    await assert.rejects(startIngestHub(t, { records: { V: ['nowhere'] } }), /unknown dispatcher "nowhere"/);
    const broker = await withMqtt(t);
    const mqtt = { broker: broker.address, topic_base: 'base', qos: 1 };
    const hub = await startIngestHub(t, {
      records: { V: ['mqtt', 'logger'] },
      reliable_ack_sources: { V: 'mqtt' },
      mqtt,
    });
    const car = await hub.vehicle('SHO');
    const payload = encodeVehicleData({
      data: [
        { key: 'VehicleSpeed' },
        { key: 'TpmsHardWarnings', value: { tireLocationValue: { frontLeft: true } } },
        { key: 'Soc', value: { floatValue: 50 } },
      ],
      createdAtMs: 1_767_225_600_000,
      vin: 'SHO',
    });
    assert.equal((await car.ask({ payload })).kind, 'ack');
    assert.deepEqual(broker.publications.map(({ topic, body }) => [topic, body]).sort(), [
      ['base/SHO/v/Soc', '50'],
      ['base/SHO/v/TpmsHardWarnings', '{"front_left":true}'],
    ]);
    const line = await hub.logged('record_payload', { vin: 'SHO' });
    assert.equal((line['data'] as { Soc: number }).Soc, 50);
    assert.equal((await car.ask()).kind, 'ack', 'the connection goes on');
  });

  it('FT-FAIL-20 the same txid again: acked and dispatched each time', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    for (let time = 0; time < 3; time++) assert.deepEqual(await answersTo(car, car.frameOf({ txid: ACK_TXID })), [ACK]);
    assert.deepEqual(await settledRecords(hub), [ACK_TXID, ACK_TXID, ACK_TXID]);
  });

  it('FT-FAIL-21 other fields wrong or missing: no matter', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    for (const odd of [
      { messageId: 'any', deviceId: 'OTHER', deviceType: 'toaster', createdAt: 4_294_967_295 },
      { messageId: '', deviceId: '', deviceType: '', createdAt: 0 },
    ]) {
      assert.deepEqual(await answersTo(car, car.frameOf({ txid: ACK_TXID, ...odd })), [ACK]);
    }
    const records = await hub.recorded((all) => all.length === 3, 'both');
    assert.deepEqual(
      records.slice(1).map(({ createdAt }) => createdAt),
      [4_294_967_295_000, 0],
    );
  });

  it('FT-FB-4 any truncation and any bent byte of a message is answered once, and never ends a connection', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    const whole = Buffer.from(car.frameOf({ txid: 'victim', payload: speed(VIN, 1) }));
    let sent = 0;
    for (let length = 0; length < whole.length; length++) {
      car.sendBytes(whole.subarray(0, length));
      sent++;
    }
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const bent = Buffer.from(whole);
        bent[at] = value;
        car.sendBytes(bent);
        sent++;
      }
    }
    await car.replied(sent);
    await car.roundTrip();
    assert.equal(car.replies.length, sent);
    assert.equal((await car.ask()).kind, 'ack');
    assert.deepEqual(hub.escalations, []);
  });
});
