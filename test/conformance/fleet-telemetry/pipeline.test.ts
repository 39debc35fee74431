import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type DatumInput,
  encodeAlerts,
  encodeErrors,
  encodeStream,
  encodeVehicleData,
  vehicleMessage,
} from '../../../src/protocols/fleet-telemetry/index.js';
import { ManualClock } from '../../../src/runtime/index.js';
import {
  eventually,
  type IngestHub,
  obstructFiles,
  type RecordLine,
  startIngestHub,
  VIN,
} from '../../fakes/ingest-hub.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { speed, type Vehicle } from '../../fakes/vehicle.js';

const AT = 1_767_225_600_000;
const RELIABLE = { records: { V: ['file'], alerts: ['file'] }, reliable_ack_sources: { V: 'file' } };

const vehicleData = (data: readonly DatumInput[]) => encodeVehicleData({ data, createdAtMs: AT, vin: 'FORGED' });
/** A record as a vehicle sends it again, and another one. */
const SENT = speed(VIN, 1);
const OTHER = speed(VIN, 2);
const text = (key: string, stringValue: string): DatumInput => ({ key, value: { stringValue } });

async function recordOf(hub: IngestHub, txid: string): Promise<RecordLine> {
  const records = await hub.recorded((all) => all.some((record) => record.txid === txid), txid);
  return records.find((record) => record.txid === txid) as RecordLine;
}

/** What the file says of a record that the vehicle sent. */
async function passed(hub: IngestHub, car: Vehicle, topic: string, payload: Uint8Array): Promise<unknown> {
  const txid = car.send({ topic, payload });
  await car.until(() => car.acked.includes(txid), `the ack of ${txid}`);
  return (await recordOf(hub, txid)).data;
}

/** A hub whose dispatcher cannot write until `clear`, and a vehicle that is gone before its record is confirmed. */
async function leftUnconfirmed(t: TestContext) {
  const folder = temporaryFolder(t);
  const clear = obstructFiles(folder);
  const clock = new ManualClock(Date.now());
  const hub = await startIngestHub(t, RELIABLE, { folder, clock });
  const first = await hub.vehicle();
  first.send({ txid: 'resent', payload: SENT });
  await first.roundTrip();
  await eventually(async () => (await hub.metric('record_total', { record_type: 'V' })) === 1, 'the record');
  await first.close();
  return { hub, clock, clear, first };
}

describe('4.2 from the wire to the file', () => {
  it('FT-TX-1 the VIN is that of the certificate, whatever the message says', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    for (const [topic, payload] of [
      ['V', vehicleData([])],
      ['alerts', encodeAlerts({ alerts: [{ name: 'A1' }], createdAtMs: AT, vin: 'FORGED' })],
      [
        'errors',
        encodeErrors({ errors: [{ name: 'E1', body: 'b', tags: { a: 'b' } }], createdAtMs: AT, vin: 'FORGED' }),
      ],
    ] as const) {
      assert.equal(((await passed(hub, car, topic, payload)) as { vin: string }).vin, VIN);
    }
    assert.ok(hub.records().every(({ vin }) => vin === VIN));
  });

  it('FT-TX-2 the text of the first Location becomes a position', async (t) => {
    const hub = await startIngestHub(t);
    const payload = vehicleData([text('Location', '(37.412374 S, 122.145867 W)'), text('Location', '(1.0 N, 2.0 E)')]);
    const { data } = (await passed(hub, await hub.vehicle(), 'V', payload)) as { data: unknown[] };
    assert.deepEqual(data, [
      { key: 'Location', value: { locationValue: { latitude: -37.412374, longitude: -122.145867 } } },
      { key: 'Location', value: { stringValue: '(1.0 N, 2.0 E)' } },
    ]);
  });

  it('FT-TX-3 texts with an exponent become floats with five decimals', async (t) => {
    const hub = await startIngestHub(t);
    const payload = vehicleData([text('Soc', '1.1e10'), text('Odometer', '-.5e-3'), text('Gear', '1e-5')]);
    const { data } = (await passed(hub, await hub.vehicle(), 'V', payload)) as { data: { value: unknown }[] };
    assert.deepEqual(
      data.map(({ value }) => value),
      [{ stringValue: '11000000512.00000' }, { stringValue: '-0.00050' }, { stringValue: '1e-5' }],
    );
  });

  it('FT-TX-4 times of alerts that are milliseconds become seconds', async (t) => {
    const hub = await startIngestHub(t);
    const alerts = [{ name: 'A1', startedAtMs: AT * 1000, endedAtMs: AT }];
    const payload = encodeAlerts({ alerts, createdAtMs: AT, vin: VIN });
    const data = await passed(hub, await hub.vehicle(), 'alerts', payload);
    const [alert] = (data as { alerts: { startedAt: string; endedAt: string }[] }).alerts;
    assert.equal(alert?.startedAt, '2026-01-01T00:00:00Z');
    assert.equal(alert?.endedAt, '2026-01-01T00:00:00Z');
  });

  it('FT-TX-5 any other topic passes through byte by byte', async (t) => {
    const hub = await startIngestHub(t, { records: { custom: ['file'] } });
    const payload = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    assert.equal(await passed(hub, await hub.vehicle(), 'custom', payload), payload.toString('base64'));
  });

  it('FT-TX-6 FT-JS-6 as JSON: what cannot be said is refused before it is stored, BETTER: unknown topics keep their data', async (t) => {
    const hub = await startIngestHub(t, { transmit_decoded_records: true, records: { V: ['file'], custom: ['file'] } });
    const car = await hub.vehicle();
    const data = await passed(hub, car, 'V', vehicleData([{ key: 'VehicleSpeed', value: { floatValue: 12.3 } }]));
    assert.deepEqual(data, {
      data: [{ key: 'VehicleSpeed', value: { floatValue: 12.3 } }],
      createdAt: '2026-01-01T00:00:00Z',
      vin: VIN,
      isResend: false,
    });
    const late = encodeVehicleData({ data: [], createdAtMs: 253_402_300_800_000, vin: VIN });
    const reply = await car.ask({ txid: 'year 10000', payload: late });
    assert.deepEqual(reply, { kind: 'error', txid: 'year 10000', text: 'incorrect message format' });
    assert.equal(await passed(hub, car, 'custom', Buffer.from('bytes')), Buffer.from('bytes').toString('base64'));
  });
});

describe('4.3 authorisation by topic', () => {
  it('FT-AUTH-1 FT-AUTH-2 FT-AUTH-3 the sender id counts where the topic is not configured', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    const foreign = { senderId: 'vehicle_device.SOMEBODY' };
    assert.equal((await car.ask({ ...foreign, txid: 'configured' })).kind, 'ack');
    const refused = await car.ask({ ...foreign, topic: 'other', txid: 'refused' });
    assert.deepEqual(refused, { kind: 'error', txid: 'refused', text: 'incorrect message format' });
    for (const senderId of [`vehicle_device.${VIN}`, VIN]) {
      const reply = await car.ask({ senderId, topic: 'other', txid: senderId });
      assert.deepEqual(reply, { kind: 'ack', txid: senderId, topic: 'other' });
    }
    assert.equal((await recordOf(hub, 'configured')).vin, VIN);
    await hub.stop();
    assert.deepEqual(
      hub
        .records()
        .filter(({ type }) => type !== 'connectivity')
        .map(({ txid }) => txid),
      ['configured'],
    );
    assert.equal(await hub.metric('unexpected_record_err_total'), 1);
    const line = hub.log.find(({ reason }) => reason === 'unexpected_sender');
    assert.match(String(line?.['detail']), /"vehicle_device\.SOMEBODY" is not vehicle_device\.VIN/);
  });

  it('FT-MET-2 what is answered with an error is not counted as a record, what is acked is', async (t) => {
    const hub = await startIngestHub(t, { records: { V: ['file'] } });
    const car = await hub.vehicle();
    await car.ask();
    await car.ask({ topic: 'other' });
    await car.ask({ topic: 'other', senderId: 'OTHER' });
    await car.ask({ payload: Buffer.from([0xff]) });
    car.sendBytes(new Uint8Array());
    await car.replied(5);
    const counted = ['V', 'unmapped', ''].map((record_type) => hub.metric('record_total', { record_type }));
    assert.deepEqual(await Promise.all(counted), [1, 1, 1]);
    assert.ok((await hub.metric('record_size_bytes_total', { record_type: 'V' })) > 0);
    assert.equal(await hub.metric('dispatch_total', { record_type: 'V' }), 1);
  });

  it('FT-AUTH-4 no sender id, however foreign, counts or logs unauthorized_sender_id', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    for (const senderId of ['', 'vehicle_device.ANOTHER', 'nobody']) {
      assert.equal((await car.ask({ senderId })).kind, 'ack');
      assert.equal((await car.ask({ senderId, topic: 'unmapped' })).kind, 'error');
    }
    assert.match(await hub.hub.metrics.text(), /^unauthorized_sender_id_total 0$/m);
    assert.ok(!hub.log.some((line) => JSON.stringify(line).includes('unauthorized_sender')));
  });

  it('FT-FB-6 the time of delivery is the hub’s own, whatever the message says of it', async (t) => {
    const clock = new ManualClock(AT);
    const hub = await startIngestHub(t, {}, { clock });
    const car = await hub.vehicle();
    const message = vehicleMessage(VIN, { txid: 'delivered', topic: 'V', payload: SENT, createdAtMs: AT - 5_000 });
    car.sendBytes(encodeStream({ ...message, deliveredAtMs: 1 }));
    await car.replied(1);
    const { createdAt, receivedAt } = await recordOf(hub, 'delivered');
    assert.deepEqual([createdAt, receivedAt], [AT - 5_000, AT]);
  });

  it('FT-AUTH-5 a txid is opaque: the same one again, an empty one, any bytes', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    const odd = [
      'twice',
      'twice',
      '',
      'a\nb\u0000c',
      'é😀',
      'x'.repeat(10_000),
      'y'.repeat(70_000),
      'z'.repeat(900_000),
    ];
    for (const txid of odd) await car.ask({ txid });
    assert.deepEqual(car.acked, odd);
    const records = await hub.recorded((all) => all.length === odd.length + 1, 'all');
    assert.deepEqual(
      records.slice(1).map(({ txid }) => txid),
      odd,
    );
    const bytes = Buffer.from(car.frameOf({ txid: 'BYTES' }));
    const at = bytes.indexOf('BYTES');
    bytes.set([0xff, 0xfe, 0x00, 0x80, 0xc0], at);
    car.sendBytes(bytes);
    await car.replied(odd.length + 1);
    assert.ok(
      car.frames.at(-1)?.includes(Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc0])),
      'not UTF-8, and repeated as it is',
    );
  });
});

describe('4.4 acknowledgement', () => {
  it('FT-ACK-1 BETTER: a plain topic is acked once it is in the spool, whatever becomes of its dispatcher', async (t) => {
    const folder = temporaryFolder(t);
    const clear = obstructFiles(folder);
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, { records: { V: ['file'] } }, { folder, clock });
    const car = await hub.vehicle();
    for (let record = 0; record < 50; record++) assert.equal((await car.ask()).kind, 'ack');
    assert.deepEqual(hub.records(), []);
    clear();
    await eventually(async () => {
      await clock.advance(500);
      return hub.records().length >= 50;
    }, 'delivery when it is back');
    assert.deepEqual(
      hub.records().map(({ txid }) => txid),
      car.acked,
      'all of it, in order',
    );
  });

  it('FT-ACK-2 FT-ACK-4 FT-ACK-6 a reliable topic is acked when its dispatcher has the record; errors and others at once', async (t) => {
    const folder = temporaryFolder(t);
    const clear = obstructFiles(folder);
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, RELIABLE, { folder, clock });
    const car = await hub.vehicle();
    const reliable = Array.from({ length: 20 }, () => car.send());
    assert.equal((await car.ask({ topic: 'alerts', txid: 'plain', payload: new Uint8Array() })).kind, 'ack');
    assert.equal((await car.ask({ topic: 'unmapped', txid: 'unmapped' })).kind, 'ack');
    assert.equal((await car.ask({ txid: 'bad', payload: Buffer.from([0xff]) })).kind, 'error');
    assert.deepEqual(car.acked, ['plain', 'unmapped'], 'no reply to a record that is not confirmed');
    clear();
    await eventually(async () => {
      await clock.advance(500);
      return car.acked.length === 22;
    }, 'the acks when it is back');
    assert.deepEqual(car.acked.slice(2), reliable);
    assert.equal(await hub.metric('reliable_ack', { record_type: 'V', dispatcher: 'file' }), 20);
    for (const txid of reliable) assert.ok(hub.records().some((record) => record.txid === txid));
  });

  it('FT-ACK-3 BETTER: a resend of what waits for its dispatcher is stored once, and acked over the new connection', async (t) => {
    const { hub, clock, clear, first } = await leftUnconfirmed(t);
    const second = await hub.vehicle();
    second.send({ txid: 'resent', payload: SENT });
    second.send({ txid: 'resent', payload: SENT });
    await second.roundTrip();
    await eventually(
      async () => (await hub.metric('telemetry_resent_total', { record_type: 'V' })) === 2,
      'the resends',
    );
    clear();
    await eventually(async () => {
      await clock.advance(500);
      return second.acked.length > 0;
    }, 'the ack of the resend');
    assert.equal((await second.ask({ txid: 'resent', payload: OTHER })).kind, 'ack', 'other data are another record');
    assert.deepEqual([first.acked, second.acked], [[], ['resent', 'resent']]);
    assert.equal(await hub.metric('reliable_ack', { record_type: 'V', dispatcher: 'file' }), 2);
    assert.equal(await hub.metric('reliable_ack_miss', { record_type: 'V', dispatcher: 'file' }), 0);
    assert.deepEqual(
      hub.records().map(({ txid }) => txid),
      ['resent', 'resent'],
    );
  });

  it('FT-ACK-3 BETTER: a confirmation whose connection is gone is counted, and the resend acked at once', async (t) => {
    const { hub, clock, clear } = await leftUnconfirmed(t);
    clear();
    await eventually(async () => {
      await clock.advance(500);
      return (await hub.metric('reliable_ack_miss', { record_type: 'V', dispatcher: 'file' })) === 1;
    }, 'the confirmation');
    const second = await hub.vehicle();
    assert.equal((await second.ask({ txid: 'resent', payload: SENT })).kind, 'ack');
    assert.deepEqual(
      hub.records().map(({ txid }) => txid),
      ['resent'],
    );
  });

  it('FT-ACK-3 BETTER: what was spooled is known over connections and restarts, and not stored twice', async (t) => {
    const folder = temporaryFolder(t);
    const config = { records: { V: ['file'], odd: ['file'] } };
    let hub = await startIngestHub(t, config, { folder });
    const sent = [
      { txid: 'one', payload: SENT },
      { txid: 'two', payload: SENT },
      { txid: 'one', topic: 'odd', payload: SENT },
    ];
    const ask = async (vin?: string): Promise<void> => {
      const car = await hub.vehicle(vin);
      for (const record of sent) assert.equal((await car.ask(record)).kind, 'ack');
    };
    await ask();
    await ask();
    await ask('ANOTHER');
    assert.equal(await hub.metric('telemetry_resent_total', { record_type: 'V' }), 2);
    assert.equal(await hub.metric('record_total', { record_type: 'V' }), 4, 'each is counted once');
    await hub.stop();
    hub = await startIngestHub(t, config, { folder });
    await ask();
    await ask('ANOTHER');
    assert.equal(await hub.metric('telemetry_resent_total', { record_type: 'odd' }), 2);
    await hub.stop();
    assert.equal(hub.records().length, 6);
  });

  it('MBX-4 past maxInFlightBytes vehicles are slowed down, and all they sent is acked', async (t) => {
    const hub = await startIngestHub(t, { fleetchart: { maxInFlightBytes: 65_536 } });
    const cars = await Promise.all(['A', 'B', 'C'].map((vin) => hub.vehicle(vin)));
    const payload = vehicleData([text('VehicleName', 'x'.repeat(20_000))]);
    for (let record = 0; record < 100; record++) for (const car of cars) car.send({ payload });
    for (const car of cars) await car.replied(100);
    for (const car of cars) assert.equal(new Set(car.acked).size, 100);
    assert.equal(await hub.metric('telemetry_in_flight_bytes'), 0);
    assert.equal(await hub.metric('telemetry_held_connections'), 0);
  });

  it('FT-ACK-7 FT-FAIL-17 BETTER: a vehicle that does not read hurts only itself', async (t) => {
    const hub = await startIngestHub(t, RELIABLE);
    const deaf = await hub.vehicle('DEAF');
    const others = await Promise.all(['A', 'B'].map((vin) => hub.vehicle(vin)));
    deaf.stopReading();
    // An ack repeats its txid: these fill whatever the two kernels hold.
    const long = 'x'.repeat(200_000);
    let isEnded = false;
    const ended = hub.logged('socket_err', { vin: 'DEAF', reason: 'unread' }).then(() => {
      isEnded = true;
    });
    for (let record = 0; record < 200 && !isEnded; record++) {
      deaf.send({ txid: `${record} ${long}` });
      for (const car of others) assert.equal((await car.ask()).kind, 'ack');
    }
    await ended;
    assert.equal(await hub.metric('num_connections'), 2);
    for (const car of others) assert.equal((await car.ask()).kind, 'ack');
    assert.equal(await hub.metric('socket_err_total'), 1);
  });
});

describe('4.5 rate limiting', () => {
  const LIMITED = { rate_limit: { enabled: true, message_limit: 2, message_interval_time: 30 } };

  it('FT-RL-1 FT-RL-2 FT-FAIL-16 of five messages within the interval two are acked, the others meet silence', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, LIMITED, { clock });
    const car = await hub.vehicle();
    const sent = Array.from({ length: 5 }, () => car.send());
    car.sendBytes(Buffer.from('garbage'));
    await eventually(
      async () => (await hub.metric('telemetry_rejected_total', { reason: 'rate_limited' })) === 4,
      'four drops',
    );
    await car.until(() => car.replies.length === 2, 'two acks');
    assert.deepEqual(car.acked, sent.slice(0, 2));
    assert.equal(await hub.metric('rate_limit_exceeded_total', { record_type: 'V' }), 3);
    assert.equal(car.end, undefined, 'the connection stays');
    await hub.recorded((all) => all.length === 3, 'CONNECTED and two records');
    await clock.advance(30_000);
    assert.equal((await car.ask()).kind, 'ack', 'after the interval');
    await eventually(async () => {
      await clock.advance(500);
      return new Set(hub.records().map(({ txid }) => txid)).size === 4;
    }, 'CONNECTED and three records');
  });

  it('FT-RL-1 the limit is of one connection, new with each', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, LIMITED, { clock });
    for (let time = 0; time < 3; time++) {
      const car = await hub.vehicle();
      await car.ask();
      await car.ask();
      await car.close();
    }
  });

  it('FT-RL-1 the chart says throttled while messages are dropped, and streaming again after it', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, LIMITED, { clock });
    const car = await hub.vehicle();
    const state = () => [...(hub.hub.system.byState().get('vehicle-connection')?.keys() ?? [])];
    assert.deepEqual(state(), ['streaming']);
    for (let record = 0; record < 3; record++) car.send();
    await eventually(() => state()[0] === 'throttled', 'throttled');
    await clock.advance(30_000);
    await car.ask();
    assert.deepEqual(state(), ['streaming']);
  });

  it('FT-RL-4 without a limit 100 in 60 seconds are only counted', async (t) => {
    const hub = await startIngestHub(t, {}, { clock: new ManualClock(Date.now()) });
    const car = await hub.vehicle();
    for (let record = 0; record < 103; record++) car.send();
    await car.replied(103);
    assert.equal(car.acked.length, 103);
    assert.equal(await hub.metric('rate_limit_exceeded_total', { record_type: 'V' }), 3);
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'rate_limited' }), 0);
  });

  it('FT-RL-6 a reliable record over the limit is never acked, not even when its dispatcher is well', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, { ...RELIABLE, ...LIMITED }, { clock });
    const car = await hub.vehicle();
    const sent = Array.from({ length: 4 }, (_, index) => car.send({ payload: speed(VIN, index) }));
    await car.until(() => car.acked.length === 2, 'two acks');
    await clock.advance(10_000);
    await car.roundTrip();
    assert.deepEqual(car.acked, sent.slice(0, 2));
    assert.equal(hub.records().length, 2);
  });
});
