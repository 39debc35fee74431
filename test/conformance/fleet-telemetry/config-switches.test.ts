import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { encodeAlerts, encodeVehicleData } from '../../../src/protocols/fleet-telemetry/index.js';
import { ManualClock } from '../../../src/runtime/index.js';
import { eventually, type IngestHub, obstructFiles, startIngestHub, VIN } from '../../fakes/ingest-hub.js';
import { FakeMqttBroker } from '../../fakes/mqtt-broker.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import type { Vehicle } from '../../fakes/vehicle.js';
import { builtOther } from '../../protocols/fleet-telemetry/built-frames.js';

const MiB = 1024 * 1024;
const AT = 1_767_225_600_000;

const withSwitches = (t: TestContext, fleetchart: object, config: object = {}, options: object = {}) =>
  startIngestHub(t, { ...config, fleetchart }, options);

/** A hub whose file dispatcher is down and may have 1 MiB waiting; `other` goes to the log. */
async function nearItsBound(t: TestContext, fleetchart: object) {
  const folder = temporaryFolder(t);
  const clear = obstructFiles(folder);
  const clock = new ManualClock(Date.now());
  const config = { records: { blob: ['file'], V: ['logger'] } };
  const spool = { dispatchers: { file: { boundBytes: MiB } } };
  const hub = await withSwitches(t, { ...fleetchart, spool }, config, { folder, clock });
  const car = await hub.vehicle();
  return { hub, car, clock, clear };
}

/** Sends a tenth of a MiB; whether it was acked before what came behind it. */
async function isAcked(car: Vehicle, txid: string): Promise<boolean> {
  car.send({ topic: 'blob', txid, payload: Buffer.alloc(MiB / 10) });
  await car.ask({ txid: `behind ${txid}`, topic: 'V' });
  return car.acked.includes(txid);
}

async function drained(hub: IngestHub, clock: ManualClock, count: number): Promise<string[]> {
  await eventually(async () => {
    await clock.advance(500);
    return hub.records().length >= count;
  }, 'delivery');
  return hub.records().map(({ txid }) => txid);
}

describe('12 the switches', () => {
  it('FT-ACK-1 ackWhen: spooled acks what is stored, received acks on receipt, stored or not', async (t) => {
    for (const ackWhen of ['spooled', 'received'] as const) {
      const { car, hub } = await nearItsBound(t, { ackWhen });
      const acked: boolean[] = [];
      for (let record = 0; record < 12; record++) acked.push(await isAcked(car, `r${record}`));
      const stored = acked.filter((isStored) => isStored).length;
      if (ackWhen === 'received') assert.equal(stored, 12, 'acked although the spool takes no more');
      else assert.ok(stored >= 8 && stored < 12, `${stored} found room`);
      assert.ok((await hub.metric('telemetry_unstored_total', { record_type: 'blob' })) > 0);
    }
  });

  it('DUR-15 spoolAtBound keepUnacked: at its bound a dispatcher takes no more, other topics go on, and nothing acked is lost', async (t) => {
    const { car, hub, clock, clear } = await nearItsBound(t, { spoolAtBound: 'keepUnacked' });
    const acked: string[] = [];
    for (let record = 0; record < 20; record++) if (await isAcked(car, `r${record}`)) acked.push(`r${record}`);
    assert.ok(acked.length < 20);
    assert.deepEqual(
      acked,
      Array.from(acked, (_, index) => `r${index}`),
      'the first ones, without a hole',
    );
    await hub.logged('input refused', { reason: 'spool_full', topic: 'blob' });
    assert.equal(await hub.metric('telemetry_unstored_total', { record_type: 'blob' }), 20 - acked.length);
    assert.equal(await hub.metric('telemetry_unstored_total', { record_type: 'V' }), 0);
    clear();
    assert.deepEqual(await drained(hub, clock, acked.length), acked);
    await eventually(() => isAcked(car, 'resent'), 'room again');
  });

  it('DUR-15 spoolAtBound dropOldest: every record is acked, and the oldest are dropped and counted', async (t) => {
    const { car, hub, clock, clear } = await nearItsBound(t, { spoolAtBound: 'dropOldest' });
    for (let record = 0; record < 20; record++) assert.equal(await isAcked(car, `r${record}`), true);
    const dropped = await hub.metric('dispatcher_dropped_total', { dispatcher: 'file', reason: 'bytes' });
    assert.ok(dropped >= 10 && dropped <= 12, `${dropped} dropped`);
    clear();
    const left = await drained(hub, clock, 20 - dropped);
    assert.deepEqual(
      left,
      Array.from(left, (_, index) => `r${index + dropped}`),
      'the newest, in order',
    );
  });

  it('FT-FB-5 doubleAckUnknownType: one ack, or two as in the reference', async (t) => {
    for (const [doubleAckUnknownType, copies] of [
      [false, 1],
      [true, 2],
    ] as const) {
      const hub = await withSwitches(t, { doubleAckUnknownType });
      const car = await hub.vehicle();
      car.sendBytes(builtOther(Buffer.from('T'), Buffer.from('V'), 5));
      car.sendBytes(new Uint8Array());
      await car.ask();
      assert.deepEqual(car.acked.slice(0, -1), [...Array(copies).fill('T'), ...Array(copies).fill('')]);
      assert.ok(car.replies.slice(0, -1).every((reply) => reply.kind === 'ack' && reply.topic === ''));
    }
  });

  it('FT-RL-2 rateLimitInterval: honoured in seconds, or ignored as in the reference', async (t) => {
    const config = { rate_limit: { enabled: true, message_limit: 2, message_interval_time: 30 } };
    for (const [rateLimitInterval, acks] of [
      ['honoured', 2],
      ['ignored', 5],
    ] as const) {
      const hub = await withSwitches(t, { rateLimitInterval }, config);
      const car = await hub.vehicle();
      for (let record = 0; record < 5; record++) car.send();
      await eventually(async () => {
        const dropped = await hub.metric('rate_limit_exceeded_total', { record_type: 'V' });
        return dropped + (await hub.metric('record_total', { record_type: 'V' })) === 5;
      }, 'five messages');
      await car.until(() => car.acked.length === acks, `${acks} acks`);
      await car.roundTrip();
      assert.equal(car.acked.length, acks);
    }
  });

  it('FT-RL-6 rateLimitCloseAfter: what stays over the limit is closed with 1013, its records unacknowledged', async (t) => {
    const config = { rate_limit: { enabled: true, message_limit: 1, message_interval_time: 3_600 } };
    const hub = await withSwitches(t, { rateLimitCloseAfter: 1 }, config);
    const car = await hub.vehicle();
    let sent = 0;
    await eventually(() => {
      if (!car.end) {
        car.send();
        sent += 1;
      }
      return car.end !== undefined;
    }, 'the close');
    assert.deepEqual(car.end, { code: 1013, reason: 'over the rate limit for too long' });
    assert.ok(sent > 2);
    assert.equal(car.acked.length, 1);
    // It comes back as any other does, with a limit of its own.
    const again = await hub.vehicle();
    assert.equal((await again.ask({})).kind, 'ack');
  });

  it('FT-AUTH-2 strictSenderId: configured topics take any sender, or only the right one', async (t) => {
    for (const [strictSenderId, kind] of [
      [false, 'ack'],
      [true, 'error'],
    ] as const) {
      const hub = await withSwitches(t, { strictSenderId });
      const car = await hub.vehicle();
      assert.equal((await car.ask({ senderId: 'vehicle_device.OTHER' })).kind, kind);
      assert.equal((await car.ask({ senderId: VIN })).kind, 'ack');
    }
  });

  it('FT-MET-1 signalCount: every record, or those over the limit as in the reference', async (t) => {
    for (const [signalCount, signals, alerts] of [
      ['every', 102 * 3, 2],
      ['reference', 2 * 3, 0],
    ] as const) {
      const hub = await withSwitches(t, { signalCount }, {}, { clock: new ManualClock(Date.now()) });
      const car = await hub.vehicle();
      const data = [1, 2, 3].map((floatValue) => ({ key: 'Soc', value: { floatValue } }));
      const payload = encodeVehicleData({ data, createdAtMs: AT, vin: VIN });
      const alertsPayload = encodeAlerts({ alerts: [{ name: 'A' }, { name: 'B' }], createdAtMs: AT, vin: VIN });
      await (await hub.vehicle('OTHER')).ask({ topic: 'alerts', payload: alertsPayload });
      for (let record = 0; record < 102; record++) car.send({ payload });
      await car.replied(102);
      assert.equal(await hub.metric('signal_count', { record_type: 'V' }), signals);
      assert.equal(await hub.metric('signal_count', { record_type: 'alerts' }), alerts);
    }
  });

  it('FT-WS-5 maxMessageBytes and hardCloseBytes: where an error ends and where a connection', async (t) => {
    const hub = await withSwitches(t, { maxMessageBytes: 2_000, hardCloseBytes: 4_000 });
    const car = await hub.vehicle();
    const sized = (length: number) => {
      const overhead = car.frameOf({ txid: 'sized', topic: 'blob', payload: Buffer.alloc(2_000) }).length - 2_000;
      return car.frameOf({ txid: 'sized', topic: 'blob', payload: Buffer.alloc(length - overhead) });
    };
    for (const [length, kind] of [
      [2_000, 'ack'],
      [2_004, 'error'],
      [4_000, 'error'],
    ] as const) {
      car.sendBytes(sized(length));
      await car.replied(car.replies.length + 1);
      assert.equal(car.replies.at(-1)?.kind, kind, String(length));
    }
    car.sendBytes(Buffer.alloc(4_001));
    assert.equal((await car.closed).code, 1009);
    const endless = await (await withSwitches(t, { hardCloseBytes: 'off' })).vehicle();
    endless.sendBytes(Buffer.alloc(5 * MiB));
    assert.deepEqual((await endless.replied(1))[0], { kind: 'error', txid: '', text: 'incorrect message format' });
    assert.equal((await endless.ask()).kind, 'ack', 'no message is long enough');
  });

  it('FT-MQ-4 mqttNullForInvalid: an invalid value is null, or not published', async (t) => {
    for (const [mqttNullForInvalid, published] of [
      [
        'null',
        [
          ['base/VIN00000000000001/v/Gear', 'null'],
          ['base/VIN00000000000001/v/Soc', '1'],
        ],
      ],
      ['omit', [['base/VIN00000000000001/v/Soc', '1']]],
    ] as const) {
      const broker = new FakeMqttBroker();
      await broker.start();
      t.after(() => broker.stop());
      const mqtt = { broker: broker.address, topic_base: 'base', qos: 1 };
      const hub = await withSwitches(
        t,
        { mqttNullForInvalid },
        { records: { V: ['mqtt'] }, reliable_ack_sources: { V: 'mqtt' }, mqtt },
      );
      const data = [
        { key: 'Gear', value: { invalid: true } },
        { key: 'Soc', value: { floatValue: 1 } },
      ];
      const car = await hub.vehicle();
      await car.ask({ payload: encodeVehicleData({ data, createdAtMs: AT, vin: VIN }) });
      assert.deepEqual(broker.publications.map(({ topic, body }) => [topic, body]).sort(), published);
    }
  });

  it('FT-WS-6 idlePing: at its interval, or never', async (t) => {
    for (const idlePing of [2, 'off'] as const) {
      const clock = new ManualClock(Date.now());
      const hub = await withSwitches(t, { idlePing }, {}, { clock });
      const car = await hub.vehicle(VIN, { answersPings: false });
      for (let second = 1; second <= 4; second++) {
        await clock.advance(1_000);
        await car.roundTrip();
        assert.equal(car.pings.length, idlePing === 'off' ? 0 : Math.floor(second / 2));
      }
      for (let minute = 0; minute < 3; minute++) await clock.advance(60_000);
      if (idlePing === 'off') assert.equal((await car.ask()).kind, 'ack');
      else assert.equal((await car.closed).code, 1006);
    }
  });
});
