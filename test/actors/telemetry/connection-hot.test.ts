import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRecord, type FleetRecord } from '../../../src/actors/dispatch/index.js';
import { connectionHot, type IngestReply, SPOOL } from '../../../src/actors/telemetry/connection-hot.js';
import type { IngestSettings } from '../../../src/actors/telemetry/events.js';
import {
  decodedPayload,
  encodeStream,
  encodeVehicleData,
  type StreamMessage,
} from '../../../src/protocols/fleet-telemetry/index.js';
import type { HotResult } from '../../../src/runtime/index.js';
import { connectionInput } from './inputs.js';

const AT = 1_767_225_600_123;

const message = (changes: Partial<StreamMessage> = {}): Uint8Array =>
  encodeStream({
    txid: 'tx-1',
    topic: 'V',
    senderId: 'vehicle_device.VIN1',
    deviceType: 'vehicle_device',
    deviceId: 'VIN1',
    createdAt: 1_700_000_000,
    payload: encodeVehicleData({ data: [], createdAtMs: AT, vin: 'FORGED' }),
    ...changes,
  });

function connection(changes: Partial<IngestSettings> = {}) {
  const state = connectionHot.initial(connectionInput(changes));
  return (bytes: Uint8Array, at = AT): HotResult => connectionHot.on(state, bytes, at) as HotResult;
}

const kindOf = ({ reply }: HotResult) => (reply as IngestReply).verdict.kind;

function recordOf({ append }: HotResult): FleetRecord {
  assert.ok(append);
  const record = decodeRecord(append.payload);
  assert.ok(record.ok);
  return record.value;
}

describe('the hot function of a connection', () => {
  it('a record goes to the spool, for the dispatchers of its topic, with what is known of it', () => {
    const result = connection()(message());
    assert.deepEqual([result.append?.log, result.append?.readers], [SPOOL, ['file', 'mqtt']]);
    const { payload, metadata, ...facts } = recordOf(result);
    assert.deepEqual(
      { ...facts, metadata: { ...metadata } },
      {
        type: 'V',
        vehicle: 'VIN1',
        at: 1_700_000_000_000,
        receivedAt: AT,
        metadata: { txid: 'tx-1', device_client_version: '1.2.0' },
        origin: 'id-1',
      },
    );
    const decoded = decodedPayload('V', payload);
    assert.ok(decoded.ok);
    assert.match(Buffer.from(decoded.value).toString(), /"vin":"VIN1"/);
  });

  it('FT-AUTH-5 a txid of any bytes comes back as it was', () => {
    const txid = Buffer.from([0, 0x80, 0xff, 0xc3, 0x28]);
    const { metadata } = recordOf(connection()(message({ txid })));
    assert.deepEqual(Buffer.from(metadata['txid'] ?? '', 'latin1'), txid);
  });

  it('FT-ACK-1 FT-ACK-2 the answer waits for the flush, unless receipt is enough', () => {
    assert.equal(connection()(message()).replyWhen, 'stored');
    assert.equal(connection({ ackWhen: 'received' })(message()).replyWhen, 'now');
    const reliable = connection({ ackWhen: 'received', reliableAckSources: { V: 'file' } });
    assert.equal(reliable(message()).replyWhen, 'stored');
    assert.equal(reliable(message({ topic: 'alerts', payload: new Uint8Array() })).replyWhen, 'now');
  });

  it('what is no record is answered and not stored', () => {
    const on = connection();
    for (const [bytes, kind] of [
      [Buffer.from('garbage'), 'refuse'],
      [new Uint8Array(), 'acknowledge'],
      [message({ topic: 'unmapped' }), 'acknowledge'],
      [message({ topic: 'unmapped', senderId: 'other' }), 'refuse'],
      [message({ payload: Buffer.from([0xff]) }), 'refuse'],
    ] as const) {
      const result = on(bytes);
      assert.equal(kindOf(result), kind);
      assert.equal(result.append, undefined);
      assert.equal((result.reply as IngestReply).size, bytes.length);
    }
  });

  it('FT-AUTH-3 FT-CLI-2 of what is no record the follower gets the id that a vehicle counts, before it is answered', () => {
    const on = connection({ follower: 'follower' });
    const txid = `${'a'.repeat(22)}-000000007`;
    const result = on(message({ topic: 'unmapped', txid }));
    assert.equal(kindOf(result), 'acknowledge');
    assert.deepEqual([result.append?.readers, result.append?.once], [['follower'], undefined]);
    assert.equal(result.replyWhen, 'stored');
    const received = connection({ follower: 'follower', ackWhen: 'received' });
    assert.equal(received(message({ topic: 'unmapped', txid })).replyWhen, 'now');
    const { type, vehicle, origin, metadata, payload } = recordOf(result);
    assert.deepEqual([type, vehicle, origin, { ...metadata }, payload.length], ['', 'VIN1', 'id-1', { txid }, 0]);
    assert.equal(on(message({ topic: 'unmapped' })).append, undefined, 'an id of another form says nothing');
    assert.equal(on(message({ topic: 'unmapped', txid, senderId: 'other' })).append, undefined);
    assert.equal(connection()(message({ topic: 'unmapped', txid })).append, undefined, 'nobody follows');
  });

  it('FT-RL-1 the chart hears of the first message that is dropped and of the first that is not', () => {
    const on = connection({ rateLimit: { limit: 2, intervalMs: 1_000 } });
    const events = [0, 1, 2, 3, 4, 1_000, 1_001, 1_002].map((ms) => on(message(), AT + ms).event?.type);
    assert.deepEqual(events, [
      undefined,
      undefined,
      'LIMIT_EXCEEDED',
      undefined,
      undefined,
      'WITHIN_LIMIT',
      undefined,
      'LIMIT_EXCEEDED',
    ]);
  });

  it('FT-RL-6 says once that the limit has been exceeded for too long, whatever was admitted in between', () => {
    const on = connection({ rateLimit: { limit: 2, intervalMs: 1_000, closeAfterMs: 5_000 } });
    const told: (readonly [number, string])[] = [];
    for (let ms = 0; ms <= 8_000; ms += 100) {
      const type = on(message(), AT + ms).event?.type;
      if (type === 'LIMIT_EXCEEDED_TOO_LONG') told.push([ms, type]);
    }
    // The first one was refused at 200 ms.
    assert.deepEqual(told, [[5_200, 'LIMIT_EXCEEDED_TOO_LONG']]);
  });

  it('FT-RL-6 a whole interval within the limit begins anew, and without the switch nothing ever ends', () => {
    const times = [0, 100, 200, 1_100, 1_200, 2_300, 3_400, 4_500, 5_600, 5_700, 5_800, 6_700];
    for (const closeAfterMs of [1_000, undefined]) {
      const rateLimit = { limit: 2, intervalMs: 1_000, ...(closeAfterMs ? { closeAfterMs } : {}) };
      const on = connection({ rateLimit });
      const types = times.map((ms) => on(message(), AT + ms).event?.type);
      assert.ok(!types.includes('LIMIT_EXCEEDED_TOO_LONG'), String(closeAfterMs));
    }
  });

  it('FT-JS-6 FT-TX-6 where records leave as JSON, one that has none is refused; topics without a message pass', () => {
    const on = connection({ transmitDecodedRecords: true });
    const payload = encodeVehicleData({ data: [], createdAtMs: 253_402_300_800_000, vin: 'VIN1' });
    assert.equal(kindOf(on(message({ payload }))), 'refuse');
    assert.equal(kindOf(connection()(message({ payload }))), 'record', 'as protobuf it is one');
    const blob = on(message({ topic: 'blob', payload: Buffer.from([0xff, 0x00]) }));
    assert.deepEqual(Buffer.from(recordOf(blob).payload), Buffer.from([0xff, 0x00]));
  });

  it('gives the same for the same, so that a recording can be replayed', () => {
    const messages = [
      message(),
      Buffer.from('x'),
      message({ topic: 'blob', payload: Buffer.alloc(100, 7) }),
      new Uint8Array(),
    ];
    const run = () => {
      const on = connection({ rateLimit: { limit: 3, intervalMs: 1_000 } });
      return messages.map((bytes, index) => on(bytes, AT + index));
    };
    assert.deepEqual(run(), run());
  });

  it('keeps connections apart that share their settings', () => {
    const input = connectionInput({ rateLimit: { limit: 1, intervalMs: 1_000 } });
    const [first, second] = [connectionHot.initial(input), connectionHot.initial(input)];
    assert.equal(kindOf(connectionHot.on(first, message(), AT) as HotResult), 'record');
    assert.equal(kindOf(connectionHot.on(first, message(), AT) as HotResult), 'drop');
    assert.equal(kindOf(connectionHot.on(second, message(), AT) as HotResult), 'record');
  });
});
