import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createSession,
  decodeEnvelope,
  decodeReply,
  type Envelope,
  encodeAck,
  encodeError,
  type IngestPolicy,
  judge,
  TopicRules,
} from '../../../src/protocols/fleet-telemetry/index.js';
import { builtOther, builtStream, randomStreamValues, unusualStream } from './built-frames.js';
import { readPlainly } from './plain-reader.js';
import { Random } from './random.js';

const CASES = 100_000;
const TEXT = new TextEncoder();
/** Values that offsets and lengths are prone to be wrong with. */
const EDGES = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  0x7f,
  0x80,
  0xff,
  0x7fff,
  0x8000,
  0xffff,
  0x7fffffff,
  0x80000000,
  0xfffffffc,
  2 ** 32 - 1,
];

function corpus(random: Random): Buffer[] {
  const frames: Uint8Array[] = [];
  for (let i = 0; i < 60; i++) {
    const values = { ...randomStreamValues(random), topic: TEXT.encode(random.pick(['V', 'alerts', 'other', ''])) };
    const senderId = TEXT.encode(random.pick(['vehicle_device.VIN0001', 'VIN0001', 'someone']));
    frames.push(builtStream({ ...values, senderId }), unusualStream({ ...values, senderId }, random));
    frames.push(builtOther(values.txid, values.topic, random.pick([-1, 0, 3, 5])));
    frames.push(encodeAck(values.txid, values.topic), encodeError(values.txid));
  }
  return frames.map((frame) => Buffer.from(frame));
}

/** A few words that point at one another, so that accesses fall on either side of the end. */
function tiny(random: Random): Buffer {
  const words = Uint16Array.from({ length: 40 }, () => (random.chance(0.6) ? random.below(10) * 2 : random.below(8)));
  for (const at of [1, 5, 9, 13]) words[at] = random.chance(0.8) ? 0 : random.pick([1, 0xffff]);
  words[0] = random.pick([0, 4, 8, 12]);
  return Buffer.from(words.buffer, 0, random.below(81));
}

/** One hostile message: a valid one with some damage, or noise. */
function damaged(frames: readonly Buffer[], random: Random): Buffer {
  if (random.chance(0.05)) return Buffer.from(random.bytes(120));
  if (random.chance(0.3)) return tiny(random);
  let frame = Buffer.from(random.pick(frames));
  for (let damage = random.below(4); damage >= 0 && frame.length > 4; damage--) {
    const at = random.below(Math.min(frame.length, random.chance(0.7) ? 120 : frame.length));
    const kind = random.below(6);
    if (kind === 0) frame[at] = random.below(256);
    else if (kind === 1) frame[at] = (frame[at] as number) ^ (1 << random.below(8));
    else if (kind === 2) frame = frame.subarray(0, random.below(frame.length + 1));
    else if (kind === 3) frame = Buffer.concat([frame.subarray(0, at), random.bytes(8), frame.subarray(at)]);
    else if (kind === 4 && at + 4 <= frame.length) {
      frame.writeUInt32LE(random.chance(0.7) ? random.pick(EDGES) : random.below(frame.length + 8), at & ~3);
    } else if (at + 2 <= frame.length) frame.writeUInt16LE(random.pick(EDGES) & 0xffff, at & ~1);
  }
  return frame;
}

test(`FT-FB-1 FT-FB-4 ${CASES} damaged messages are read like by a plain reader, or are unreadable`, () => {
  const random = new Random(100);
  const frames = corpus(random);
  const seen = new Map<string, number>();
  for (let i = 0; i < CASES; i++) {
    const frame = damaged(frames, random);
    const decoded = decodeEnvelope(frame);
    const outcome = decoded.ok ? decoded.value.kind : decoded.error.code;
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    const expected = readPlainly(frame);
    const read = decoded.ok ? plain(decoded.value) : undefined;
    // A deep comparison takes longer than all the rest, so it is left to the case that fails.
    if (JSON.stringify(read) !== JSON.stringify(expected)) assert.deepEqual(read, expected, frame.toString('hex'));
  }
  for (const outcome of ['stream', 'other', 'empty', 'ENVELOPE_UNREADABLE']) {
    assert.ok((seen.get(outcome) ?? 0) > CASES / 100, `${outcome}: ${seen.get(outcome)} cases`);
  }
});

/** In the form, and the order, of the plain reader. */
function plain(envelope: Envelope): Record<string, unknown> {
  const { kind, messageType, txid, topic, messageId } = envelope;
  const common = { kind, messageType, txid: hex(txid), topic: hex(topic), messageId: hex(messageId) };
  if (envelope.kind !== 'stream') return common;
  const { createdAt, deliveredAtMs, senderId, payload, deviceType, deviceId } = envelope.stream;
  const times = { createdAt, deliveredAtMs };
  const names = {
    senderId: hex(senderId),
    payload: hex(payload),
    deviceType: hex(deviceType),
    deviceId: hex(deviceId),
  };
  return { ...common, ...times, ...names };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

test(`FT-CLI-3 ${CASES} damaged replies are read or named as none`, () => {
  const random = new Random(101);
  const frames = corpus(random);
  const seen = new Set<string>();
  for (let i = 0; i < CASES; i++) {
    const reply = decodeReply(damaged(frames, random));
    seen.add(reply.ok ? reply.value.kind : reply.error.code);
  }
  assert.deepEqual([...seen].sort(), ['ENVELOPE_UNREADABLE', 'REPLY_UNKNOWN', 'ack', 'error']);
});

test(`FT-FAIL-7 ${CASES} damaged messages each get a verdict whose reply a vehicle can read`, () => {
  const random = new Random(102);
  const frames = corpus(random);
  const policy: IngestPolicy = {
    topics: new TopicRules({ topics: ['V', 'alerts'] }),
    rateLimit: { limit: 10, intervalMs: 1000 },
    maxMessageBytes: 4000,
    preparePayload: (_topic, payload) =>
      (payload[0] ?? 0) < 250 ? { ok: true, value: payload } : { ok: false, error: { code: 'BAD', detail: 'bad' } },
  };
  const identity = { clientType: 'vehicle_device', deviceId: 'VIN0001', senderId: 'vehicle_device.VIN0001' };
  const session = createSession(identity, policy);
  const seen = new Set<string>();
  let nowMs = 0;
  for (let i = 0; i < CASES; i++) {
    nowMs += random.below(200) - (random.chance(0.01) ? 5000 : 0);
    const frame = damaged(frames, random);
    const verdict = judge(frame, session, policy, nowMs);
    seen.add(verdict.reason);
    if (verdict.kind === 'drop') continue;
    const reply = decodeReply(verdict.reply);
    assert.ok(reply.ok);
    assert.equal(reply.value.kind, verdict.kind === 'refuse' ? 'error' : 'ack');
    assert.equal(reply.value.txid, Buffer.from(verdict.txid).toString('utf8'));
  }
  assert.deepEqual([...seen].sort(), [
    'bad_payload',
    'no_message',
    'rate_limited',
    'record',
    'too_big',
    'unexpected_sender',
    'unknown_type',
    'unmapped_topic',
    'unreadable',
  ]);
});
