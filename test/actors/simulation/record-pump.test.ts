import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicDrawer } from '../../../src/actors/simulation/record-mix.js';
import { encodeAck } from '../../../src/protocols/fleet-telemetry/index.js';
import type { Datum, VehicleData } from '../../../src/protocols/fleet-telemetry/records.js';
import { createPump, TXID_PREFIX, VIN } from './pump-harness.js';

const dataOf = ({ record }: { record: { message: unknown } }): readonly Datum[] => (record.message as VehicleData).data;

test('FT-CLI-2 a record names its vehicle and time, and its txid counts up', async () => {
  const { attach, run, sent, clock, ack } = createPump();
  attach();
  for (let round = 0; round < 10; round++) {
    await run(100);
    ack(...sent);
  }
  assert.equal(sent.length, 10);
  sent.forEach((record, index) => {
    assert.equal(record.txid, `${TXID_PREFIX}-${String(index + 1).padStart(9, '0')}`);
    assert.equal(record.senderId, `vehicle_device.${VIN}`);
    assert.equal(record.deviceType, 'vehicle_device');
    assert.equal(record.deviceId, VIN);
    assert.ok(Math.abs(record.createdAt * 1000 - clock.now()) < 2_000);
    assert.equal((record.record.message as VehicleData).vin, VIN);
    assert.equal(record.isResend, false);
  });
});

test('PUMP-1 no more than the window is un-acked, and an ack makes room for the next record', async () => {
  const { attach, run, sent, ack, pump } = createPump({ plan: { window: 4, intervalMs: 10 } });
  attach();
  await run(200);
  assert.equal(sent.length, 4);
  assert.equal(pump.unacked, 4);
  ack(sent[2]);
  assert.equal(sent.length, 5, 'the ack of any record makes room');
  ack(sent[0], sent[1]);
  assert.equal(sent.length, 7);
});

test('PUMP-1 as fast as the window lets, acks of one read lead to one write', () => {
  const { attach, sent, writes, ack } = createPump({ plan: { window: 16, intervalMs: 0 } });
  attach();
  assert.equal(sent.length, 16);
  assert.equal(writes.length, 1);
  ack(...sent.slice(0, 10));
  assert.equal(sent.length, 26);
  assert.equal(writes.length, 2);
});

test('PUMP-1 a connection that takes nothing gets nothing more', async () => {
  const { attach, run, sent, wire, pump } = createPump({ plan: { window: 10_000 } });
  attach();
  await run(1_000);
  const before = sent.length;
  wire.backlogBytes = 2_000_000;
  await run(1_000);
  assert.equal(sent.length, before);
  wire.backlogBytes = 0;
  await run(200);
  assert.ok(sent.length > before);
  assert.equal(pump.unacked, sent.length);
});

test('the rate is kept, also after the process was held up', async () => {
  const { attach, run, sent, clock, pump, summary } = createPump({ plan: { window: 10_000, intervalMs: 20 } });
  attach();
  await run(2_000);
  assert.ok(sent.length >= 99 && sent.length <= 101, String(sent.length));
  await clock.advance(500);
  pump.tick(clock.monotonic());
  assert.ok(sent.length >= 124 && sent.length <= 126, 'what is late by less than a second is made up for');
  await clock.advance(11_000);
  pump.tick(clock.monotonic());
  assert.ok(sent.length <= 178, 'what is later is not');
  assert.ok(summary().skipped >= 499 && summary().skipped <= 501, String(summary().skipped));
});

test('records end with the budget, resends do not count against it', async () => {
  const { attach, run, sent, pump, ack } = createPump({ records: 3, plan: { resendAfterMs: 1_000 } });
  attach();
  await run(900);
  assert.equal(sent.length, 3);
  await run(1_000);
  assert.equal(sent.length, 4);
  assert.ok(sent[3]?.isResend);
  ack(sent[3]);
  assert.equal(pump.unacked, 0);
});

test('FT-CLI-3 an ack settles its record, once; its latency is measured', async () => {
  const { attach, run, sent, ack, pump, summary, clock } = createPump({ plan: { intervalMs: 10_000 } });
  attach();
  await run(10_000);
  const sentAt = clock.monotonic();
  await clock.advance(70);
  ack(sent[0]);
  ack(sent[0]);
  const stats = summary();
  assert.equal(pump.unacked, 0);
  assert.equal(stats.acked, 1);
  assert.equal(stats.ignoredReplies, 1);
  assert.ok(stats.latency.p50 >= 70 && stats.latency.p50 <= clock.monotonic() - sentAt + 10_000);
});

test('FT-CLI-3 acks may come in any order, and those of unknown txids change nothing', async () => {
  const { attach, run, sent, ack, reply, pump, summary } = createPump();
  attach();
  await run(400);
  const foreign = encodeAck(Buffer.from('somebody-else-000000001'), Buffer.from('V'));
  const other = encodeAck(Buffer.from('00ae54a58800468194dc95-000000001'), Buffer.from('V'));
  reply(foreign, other);
  assert.equal(pump.unacked, 4);
  ack(sent[3], sent[0], sent[2], sent[1]);
  assert.equal(pump.unacked, 0);
  assert.equal(summary().ignoredReplies, 2);
});

test('FT-CLI-3 an error refuses its record for good: those bytes are not sent again', async () => {
  const { attach, run, sent, refuse, pump, summary } = createPump({ records: 1, plan: { resendAfterMs: 1_000 } });
  attach();
  await run(200);
  refuse(sent[0]?.txid ?? '');
  await run(5_000);
  assert.equal(sent.length, 1);
  assert.equal(pump.unacked, 0);
  assert.deepEqual(summary().byTopic.V, { sent: 1, acked: 0, refused: 1 });
});

test('FT-CLI-3 an error without txid refuses an unknown message and settles none', async () => {
  const { attach, run, refuse, pump, summary } = createPump({ records: 1 });
  attach();
  await run(200);
  refuse('');
  assert.equal(pump.unacked, 1);
  assert.equal(summary().unattributedRefusals, 1);
  assert.equal(summary().refused, 0);
});

test('FT-CLI-3 what is no reply is counted and changes nothing', async () => {
  const { attach, run, reply, pump, summary } = createPump({ records: 1 });
  attach();
  await run(200);
  reply(Buffer.from('hello'), Buffer.alloc(0), Buffer.alloc(4));
  assert.equal(summary().unreadableReplies, 3);
  assert.equal(pump.unacked, 1);
});

test('FT-CLI-4 after a time-out one resend holds the newest values of the signals that are not acked', async () => {
  const { attach, run, sent, ack, summary, clock } = createPump({
    fields: 8,
    records: 4,
    plan: { resendAfterMs: 5_000, window: 10 },
  });
  attach();
  await run(500);
  assert.equal(sent.length, 4);
  // The second, third and fourth are lost. All four carry place and speed, the newest of which is in the fourth.
  ack(sent[0]);
  await run(5_000);
  assert.equal(sent.length, 5);
  const resend = sent[4];
  assert.ok(resend?.isResend);
  assert.notEqual(resend.txid, sent[3]?.txid);
  const missing = new Set(sent.slice(1, 4).flatMap(({ signals }) => signals));
  // A round of records begins anew with the fourth, so that it carries signals that were acked with the first.
  assert.deepEqual(new Set(resend.signals), missing);
  assert.equal(new Set(resend.signals).size, resend.signals.length);
  assert.ok(Math.abs(resend.createdAt * 1000 - clock.now()) <= 1_500, 'values of now, not of then');
  assert.equal(summary().superseded, 3);
  assert.equal(summary().resent, 1);
});

test('FT-CLI-4 signals whose newer value is acked, or is on its way, are not sent again', async () => {
  const { attach, run, sent, ack, pump, summary } = createPump({
    fields: 22,
    records: 3,
    plan: { resendAfterMs: 1_000, window: 10, intervalMs: 400 },
  });
  attach();
  await run(1_200);
  assert.equal(sent.length, 3, 'each record has all signals');
  ack(sent[2]);
  await run(1_000);
  assert.equal(sent.length, 3);
  assert.equal(pump.unacked, 0);
  assert.equal(summary().superseded, 2);
});

test('FT-CLI-4 a reconnect resends at once, whatever the time-out', async () => {
  const { attach, run, sent, pump, ack } = createPump({ records: 3 });
  attach();
  await run(400);
  pump.detach();
  assert.equal(pump.unacked, 3);
  await run(1_000);
  assert.equal(sent.length, 3, 'nothing is sent without a connection');
  attach();
  assert.equal(sent.length, 4);
  assert.ok(sent[3]?.isResend);
  assert.deepEqual(new Set(sent[3]?.signals), new Set(sent.slice(0, 3).flatMap(({ signals }) => signals)));
  assert.equal(pump.unacked, 1);
  ack(sent[0], sent[3]);
  assert.equal(pump.unacked, 0);
});

test('FT-CLI-4 alerts and errors are sent again as they were', async () => {
  const { attach, run, sent, ack, pump, summary } = createPump({
    records: 2,
    plan: { drawTopic: topicDrawer({ alerts: 1 }), resendAfterMs: 1_000 },
  });
  attach();
  await run(300);
  ack(sent[1]);
  await run(1_000);
  assert.equal(sent.length, 3);
  assert.deepEqual(sent[2], sent[0]);
  ack(sent[2]);
  assert.equal(pump.unacked, 0);
  assert.deepEqual(summary().byTopic.alerts, { sent: 2, acked: 2, refused: 0 });
  assert.equal(summary().resent, 1);
  assert.equal(summary().superseded, 0);
});

test('PUMP-2 every txid is acked, refused, superseded or un-acked', async () => {
  const { attach, run, sent, ack, refuse, pump, summary } = createPump({
    plan: { window: 50, intervalMs: 10, resendAfterMs: 200, drawTopic: topicDrawer({ V: 2, alerts: 1, errors: 1 }) },
  });
  attach();
  let seen = 0;
  for (let round = 0; round < 60; round++) {
    await run(20);
    const before = seen;
    seen = sent.length;
    sent.slice(before, seen).forEach((record, index) => {
      if ((before + index) % 3 === 0) ack(record);
      if ((before + index) % 7 === 1) refuse(record.txid);
    });
    if (round === 30) {
      pump.detach();
      attach();
    }
    const { sent: count, acked, refused, superseded, unacked } = summary();
    assert.equal(count, acked + refused + superseded + unacked);
  }
  const { superseded, refused, resent } = summary();
  assert.ok(superseded > 0 && refused > 0 && resent > 0, JSON.stringify({ superseded, refused, resent }));
});

test('PUMP-3 the chart hears of a window that stays full, and of the reply that ends it', async () => {
  const { attach, run, sent, ack, events } = createPump({ plan: { window: 2, intervalMs: 10 } });
  attach();
  for (let round = 0; round < 20; round++) {
    await run(100);
    ack(sent.at(-1));
  }
  assert.deepEqual(events, [], 'a window that is full between acks is no news');
  await run(1_500);
  assert.deepEqual(events, ['WINDOW_FULL']);
  await run(1_500);
  assert.deepEqual(events, ['WINDOW_FULL']);
  ack(sent.at(-1));
  assert.deepEqual(events, ['WINDOW_FULL', 'WINDOW_OPEN']);
});

test('an echo counts as an ack where that is asked for', async () => {
  const { attach, run, sent, reply, summary, writes } = createPump({ records: 1, plan: { countsEcho: true } });
  attach();
  await run(200);
  assert.equal(writes.length, 1);
  const { payload, txid } = sent[0] ?? {};
  assert.ok(payload && txid);
  const { encodeStream, vehicleMessage } = await import('../../../src/protocols/fleet-telemetry/index.js');
  reply(encodeStream(vehicleMessage(VIN, { txid, topic: 'V', payload, createdAtMs: 0 })));
  assert.equal(summary().acked, 1);
});

test('the same seed gives the same drive and order of topics', async () => {
  const run = async (seed: string) => {
    const pump = createPump({ seed, plan: { window: 1_000, drawTopic: topicDrawer({ V: 1, errors: 1 }) } });
    pump.attach();
    await pump.run(2_000);
    return pump.sent.map(({ topic, payload }) => [topic, Buffer.from(payload).toString('hex')]);
  };
  const first = await run('one');
  assert.ok(first.length >= 19);
  assert.deepEqual(await run('one'), first);
  assert.notDeepEqual(await run('two'), first);
});

test('a moving vehicle sends places along a track and a charge that falls', async () => {
  const { attach, run, sent } = createPump({ fields: 22, plan: { window: 10_000, intervalMs: 1_000 } });
  attach();
  await run(60_000);
  const places = sent.flatMap((record) => dataOf(record).flatMap(({ value }) => value?.locationValue ?? []));
  assert.ok(places.length >= 59);
  assert.ok(new Set(places.map(({ latitude }) => latitude)).size > 20, 'it moves');
  for (const { latitude, longitude } of places) {
    assert.ok(latitude > 37.36 && latitude < 37.42 && longitude > -122.16 && longitude < -122.09);
  }
});
