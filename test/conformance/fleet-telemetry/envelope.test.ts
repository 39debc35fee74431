import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEnvelope,
  decodeReply,
  type Envelope,
  encodeAck,
  encodeError,
  encodeStream,
  transactionId,
  vehicleMessage,
} from '../../../src/protocols/fleet-telemetry/index.js';
import {
  builtAck,
  builtOther,
  builtStream,
  randomStreamValues,
  unusualStream,
} from '../../protocols/fleet-telemetry/built-frames.js';
import { Random } from '../../protocols/fleet-telemetry/random.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const text = (view: Uint8Array) => Buffer.from(view).toString('utf8');
const hex = (...groups: string[]) => Buffer.from(groups.join('').replaceAll(/\s/g, ''), 'hex');
const GOLDEN_ACK = hex(
  '14000000 0000 0e00 1800 1400 1000 0f00 0800 0400 0e000000 14000000 34000000 00000005 10000000 14000000',
  '00000000 00000000 01000000 56000000 0d000000 6361722d303030303030303432 000000 00000000 00000000',
);
const GOLDEN_ERROR = hex(
  '14000000 0000 0e00 1800 1400 1000 0f00 0800 0400 0e000000 14000000 40000000 00000004 10000000 14000000',
  '0000000000000000 0000000000000000 0d000000 6361722d303030303030303432 00',
  '0e00 1400 0000 1000 0c00 0800 0400 0e000000 10000000 14000000 18000000 34000000',
  '0000000000000000 0000000000000000 18000000 696e636f7272656374206d65737361676520666f726d6174 00000000',
  '0000000000000000',
);

function read(message: Uint8Array): Envelope {
  const decoded = decodeEnvelope(message);
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.error.detail);
  return decoded.value;
}

/** All values of a stream message, comparable with what it was made from. */
function valuesOf(envelope: Envelope) {
  assert.equal(envelope.kind, 'stream');
  const { txid, topic, messageId, stream } = envelope;
  const plain = Object.entries({ txid, topic, messageId, ...stream });
  return Object.fromEntries(plain.map(([name, value]) => [name, typeof value === 'number' ? value : [...value]]));
}

function plain(values: object) {
  const entries = Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? value : [...value]]);
  return Object.fromEntries(entries);
}

test('FT-FB-1 every field of a stream message is read', () => {
  const random = new Random(1);
  for (let i = 0; i < 500; i++) {
    const values = randomStreamValues(random);
    assert.deepEqual(valuesOf(read(builtStream(values))), plain(values));
  }
});

test('FT-FB-1 unusual layouts and trailing bytes are read all the same', () => {
  const random = new Random(2);
  for (let i = 0; i < 1000; i++) {
    const values = randomStreamValues(random);
    assert.deepEqual(valuesOf(read(unusualStream(values, random))), plain(values), `message ${i}`);
  }
});

/** An envelope of slots 2 and 3 only, at 8, whose vtable stands behind it at 0x14; `message` is the u32 at 0x10. */
function behind(message: number): Buffer {
  const table = hex('f4ffffff 04000000', '00000000', '0c00 0c00 0000 0000 0400 0800');
  table.writeUInt32LE(message, 8);
  return Buffer.concat([hex('08000000 00000000'), table]);
}

test('FT-FB-1 a vtable may stand behind its table and serve two tables', () => {
  // The stream at 0x20 uses the vtable at 0x14 too: its slots 2 and 3, payload and device_type.
  const stream = hex('0c000000', '00000000', '04000000', '02000000 aabb');
  const envelope = read(Buffer.concat([behind(0x20 - 0x10), stream]));
  assert.equal(envelope.kind, 'stream');
  assert.deepEqual([...envelope.stream.payload], []);
  assert.deepEqual([...envelope.stream.deviceType], [0xaa, 0xbb]);
});

test('FT-FB-4 offsets have no sign: what seems to point back points out of the message', () => {
  assert.equal(decodeEnvelope(behind(0xfffffff8)).ok, false);
});

test('FT-FB-1 missing vectors read as empty', () => {
  const envelope = read(builtOther(bytes(''), bytes(''), 3));
  assert.deepEqual([envelope.txid.length, envelope.topic.length, envelope.messageId.length], [0, 0, 0]);
});

test('FT-FB-1 nothing is copied: byte fields are views of the message', () => {
  const message = Buffer.from(encodeStream(vehicleMessage('VIN0001', record('t-1'))));
  const envelope = read(message);
  assert.equal(envelope.kind, 'stream');
  const before = envelope.stream.payload[0] as number;
  message[envelope.stream.payload.byteOffset - message.byteOffset] = before + 1;
  assert.equal(envelope.stream.payload[0], before + 1);
});

test('FT-FB-1 the largest times of the fields are read as they are', () => {
  const values = { ...randomStreamValues(new Random(3)), createdAt: 2 ** 32 - 1, deliveredAtMs: 2 ** 53 - 1 };
  assert.deepEqual(valuesOf(read(builtStream(values))), plain(values));
});

test('FT-FB-2 a message of no bytes, and one without union value, is empty and has no txid', () => {
  for (const message of [hex(''), hex('00000000'), builtOther(bytes('t-1'), bytes('V'), -1)]) {
    const envelope = read(message);
    assert.equal(envelope.kind, 'empty');
    assert.equal(envelope.txid.length, 0);
    assert.equal(envelope.messageType, 0);
  }
});

test('FT-FB-3 another union type is told with its number and txid', () => {
  for (const type of [0, 1, 2, 3, 5, 6, 255]) {
    const envelope = read(builtOther(bytes('t-1'), bytes('V'), type));
    assert.equal(envelope.kind, 'other');
    assert.equal(envelope.messageType, type);
    assert.equal(text(envelope.txid), 't-1');
  }
});

test('FT-FB-4 what is too short, out of range or text is unreadable', () => {
  const texts = ['x', 'hello, this is not a flatbuffer', '{"txid":"1"}', '\u0000\u0000\u0000'];
  const offsets = ['ffffffff', '04000000', '00000080', '01000000'].map((offset) => hex(offset));
  for (const message of [...texts.map(bytes), ...offsets]) {
    const decoded = decodeEnvelope(message);
    assert.equal(decoded.ok ? 'read' : decoded.error.code, 'ENVELOPE_UNREADABLE', message.toString('hex'));
  }
});

test('FT-FB-4 a truncated message is never read as another one', () => {
  const random = new Random(4);
  for (let i = 0; i < 20; i++) {
    const values = randomStreamValues(random);
    const whole = builtStream(values);
    for (let length = 1; length < whole.length; length++) {
      const decoded = decodeEnvelope(whole.subarray(0, length));
      // Padding at the end may be lost without harm.
      if (decoded.ok) assert.deepEqual(valuesOf(decoded.value), plain(values), `${length} of ${whole.length}`);
      else assert.equal(decoded.error.code, 'ENVELOPE_UNREADABLE');
    }
  }
});

test('FT-FB-4 what ends with the message is read, and one byte less is unreadable', () => {
  const vtableLast = hex('04000000 fcffffff 0400'); // the root table at 4, its vtable at 8 without slots
  const timeLast = Buffer.concat([
    behind(0x30 - 0x10),
    hex('1000 0c00 0000 0000 0000 0000 0000 0400', '10000000', 'ffffffff ff010000'), // vtable at 0x20, table at 0x30
  ]);
  assert.equal(read(vtableLast).kind, 'empty');
  const { deliveredAtMs } = valuesOf(read(timeLast));
  assert.equal(deliveredAtMs, 0x1ffffffffff);
  for (const whole of [vtableLast, timeLast]) assert.equal(decodeEnvelope(whole.subarray(0, -1)).ok, false);
});

test('FT-FB-4 each field that points out of the message is named with its place', () => {
  const values = { ...randomStreamValues(new Random(5)), createdAt: 1, deliveredAtMs: 1 };
  const fields = { envelope: ['txid', 'topic', '', 'message', 'message_id'], stream: ['', 'sender_id', 'payload'] };
  const whole = Buffer.from(builtStream(values));
  const root = whole.readUInt32LE(0);
  const slotsOf = (table: number) => table - whole.readInt32LE(table) + 4;
  const fieldOf = (table: number, slot: number) => table + whole.readUInt16LE(slotsOf(table) + 2 * slot);
  const stream = fieldOf(root, 3) + whole.readUInt32LE(fieldOf(root, 3));
  for (const [table, names] of [
    [root, fields.envelope],
    [stream, fields.stream],
  ] as const) {
    names.forEach((name, slot) => {
      if (name === '') return;
      const broken = Buffer.from(whole);
      broken.writeUInt32LE(whole.length, fieldOf(table, slot));
      const decoded = decodeEnvelope(broken);
      assert.ok(!decoded.ok);
      assert.match(decoded.error.detail, name === 'message' ? /^stream table / : new RegExp(`^${name} `));
      const far = Buffer.from(whole);
      far.writeUInt16LE(0xffff, slotsOf(table) + 2 * slot);
      const unreadable = decodeEnvelope(far);
      assert.ok(!unreadable.ok);
      assert.match(unreadable.error.detail, new RegExp(`^${name} `));
    });
  }
});

test('FT-FB-5 the ack of the specification is made byte for byte', () => {
  assert.equal(Buffer.from(encodeAck(bytes('car-000000042'), bytes('V'))).toString('hex'), GOLDEN_ACK.toString('hex'));
  assert.equal(GOLDEN_ACK.length, 88);
});

test('FT-FB-4 the error of the specification is made byte for byte', () => {
  assert.equal(Buffer.from(encodeError(bytes('car-000000042'))).toString('hex'), GOLDEN_ERROR.toString('hex'));
  assert.equal(GOLDEN_ERROR.length, 168);
});

const record = (txid: string) => ({ txid, topic: 'V', payload: Uint8Array.of(10, 0), createdAtMs: 1_700_000_000_999 });

test('FT-CLI-2 a vehicle names itself, its record and the second in each message', () => {
  const txid = transactionId('78ae54a58800468194dc95', 397);
  assert.equal(txid, '78ae54a58800468194dc95-000000397');
  const envelope = read(encodeStream(vehicleMessage('5YJ3E1EA7KF000316', record(txid))));
  assert.equal(envelope.kind, 'stream');
  assert.equal(text(envelope.txid), txid);
  assert.equal(text(envelope.topic), 'V');
  assert.equal(envelope.messageId.length, 0);
  assert.equal(text(envelope.stream.senderId), 'vehicle_device.5YJ3E1EA7KF000316');
  assert.equal(text(envelope.stream.deviceType), 'vehicle_device');
  assert.equal(text(envelope.stream.deviceId), '5YJ3E1EA7KF000316');
  assert.equal(envelope.stream.createdAt, 1_700_000_000);
  assert.equal(envelope.stream.deliveredAtMs, 0);
});

test('FT-CLI-3 message type 5 says stored, 4 says refused, by txid', () => {
  assert.deepEqual(decodeReply(GOLDEN_ACK), { ok: true, value: { kind: 'ack', txid: 'car-000000042', topic: 'V' } });
  const error = { kind: 'error', text: 'incorrect message format' } as const;
  assert.deepEqual(decodeReply(GOLDEN_ERROR), { ok: true, value: { ...error, txid: 'car-000000042' } });
  assert.deepEqual(decodeReply(encodeError(bytes(''))), { ok: true, value: { ...error, txid: '' } });
  // An ack of a stricter peer, whose union value is a table.
  const strict = decodeReply(builtOther(bytes('t-1'), bytes('V'), 5));
  assert.deepEqual(strict, { ok: true, value: { kind: 'ack', txid: 't-1', topic: 'V' } });
  assert.deepEqual(decodeReply(builtAck(bytes(''), bytes(''))), {
    ok: true,
    value: { kind: 'ack', txid: '', topic: '' },
  });
});

test('FT-CLI-3 anything else is no reply', () => {
  const codes = [builtOther(bytes('t-1'), bytes('V'), 3), hex('00000000'), bytes('pong')].map((message) => {
    const reply = decodeReply(message);
    return reply.ok ? 'read' : reply.error.code;
  });
  assert.deepEqual(codes, ['REPLY_UNKNOWN', 'REPLY_UNKNOWN', 'ENVELOPE_UNREADABLE']);
});
