import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createSession,
  decodeReply,
  encodeStream,
  type IngestPolicy,
  judge,
  type StreamMessage,
  TopicRules,
  type Verdict,
  vehicleMessage,
} from '../../../src/protocols/fleet-telemetry/index.js';
import { builtOther } from '../../protocols/fleet-telemetry/built-frames.js';

const VIN = '5YJ3E1EA7KF000316';
const IDENTITY = { clientType: 'vehicle_device', deviceId: VIN, senderId: `vehicle_device.${VIN}` };
const ANONYMOUS_ERROR = { kind: 'error', txid: '', text: 'incorrect message format' };
const bytes = (text: string) => Buffer.from(text, 'utf8');

/** Topics V and alerts; a payload of `bad` is refused, any other one gets the vin in front. */
const POLICY: IngestPolicy = {
  topics: new TopicRules({ topics: ['V', 'alerts'] }),
  preparePayload: (topic, payload, vin) =>
    Buffer.from(payload).equals(bytes('bad'))
      ? { ok: false, error: { code: 'PAYLOAD_BAD', detail: 'no protobuf' } }
      : { ok: true, value: Buffer.concat([bytes(`${topic} ${vin} `), payload]) },
};

function stream(values: Partial<StreamMessage> = {}): Uint8Array {
  const message = vehicleMessage(VIN, { txid: 't-1', topic: 'V', payload: bytes('data'), createdAtMs: 0 });
  return encodeStream({ ...message, ...values });
}

function judgeOne(message: Uint8Array, policy: Partial<IngestPolicy> = {}): Verdict {
  const whole = { ...POLICY, ...policy };
  return judge(message, createSession(IDENTITY, whole), whole, 0);
}

/** What the vehicle is told, and why; the bytes of replies are proven elsewhere. */
function answer(verdict: Verdict) {
  assert.ok(verdict.kind !== 'drop');
  const reply = decodeReply(verdict.reply);
  assert.ok(reply.ok);
  return { kind: verdict.kind, reason: verdict.reason, reply: reply.value };
}

test('FT-FAIL-4 FT-WS-5 a message over 1,000,000 bytes is refused without txid; exactly that many are accepted', () => {
  const overhead = stream({ payload: new Uint8Array(4) }).length - 4;
  const longest = stream({ payload: new Uint8Array(1_000_000 - overhead) });
  assert.equal(longest.length, 1_000_000);
  assert.equal(judgeOne(longest).reason, 'record');
  const tooBig = Buffer.concat([longest, Uint8Array.of(0)]);
  assert.deepEqual(answer(judgeOne(tooBig)), { kind: 'refuse', reason: 'too_big', reply: ANONYMOUS_ERROR });
});

test('FT-WS-5 the limit can be configured', () => {
  const message = stream();
  assert.equal(judgeOne(message, { maxMessageBytes: message.length }).reason, 'record');
  assert.equal(judgeOne(message, { maxMessageBytes: message.length - 1 }).reason, 'too_big');
});

test('FT-FAIL-5 FT-FB-2 a message without union value is acked without txid and topic', () => {
  for (const message of [new Uint8Array(0), new Uint8Array(4), builtOther(bytes('t-1'), bytes('V'), -1)]) {
    const verdict = judgeOne(message);
    const reply = { kind: 'ack', txid: '', topic: '' };
    assert.deepEqual(answer(verdict), { kind: 'acknowledge', reason: 'no_message', reply });
    assert.equal(verdict.kind === 'acknowledge' && verdict.messageType, 0);
  }
});

test('FT-FAIL-6 FT-FB-3 a message of another union type is acked with its txid and without topic', () => {
  for (const type of [0, 1, 3, 5, 255]) {
    const verdict = judgeOne(builtOther(bytes('t-1'), bytes('V'), type));
    const reply = { kind: 'ack', txid: 't-1', topic: '' };
    assert.deepEqual(answer(verdict), { kind: 'acknowledge', reason: 'unknown_type', reply });
    assert.equal(verdict.kind === 'acknowledge' && verdict.messageType, type);
  }
});

test('FT-FB-5 unknown types are acked once, or twice where the switch says so', () => {
  for (const message of [new Uint8Array(0), builtOther(bytes('t-1'), bytes('V'), 3)]) {
    const once = judgeOne(message);
    const twice = judgeOne(message, { doubleAckUnknownType: true });
    assert.deepEqual(
      [once, twice].map((verdict) => verdict.kind === 'acknowledge' && verdict.copies),
      [1, 2],
    );
  }
  const unmapped = judgeOne(stream({ topic: 'unmapped' }), { doubleAckUnknownType: true });
  assert.equal(unmapped.kind === 'acknowledge' && unmapped.copies, 1);
});

test('FT-FAIL-7 FT-FB-4 what cannot be read is refused without txid', () => {
  const whole = stream();
  for (const message of [bytes('hello world, no flatbuffer'), bytes('x'), whole.subarray(0, whole.length / 2)]) {
    assert.deepEqual(answer(judgeOne(message)), { kind: 'refuse', reason: 'unreadable', reply: ANONYMOUS_ERROR });
  }
});

test('FT-FAIL-8 a bad payload is refused with its txid, on configured topics and others', () => {
  for (const topic of ['V', 'errors']) {
    const verdict = judgeOne(stream({ topic, payload: bytes('bad') }));
    const reply = { ...ANONYMOUS_ERROR, txid: 't-1' };
    assert.deepEqual(answer(verdict), { kind: 'refuse', reason: 'bad_payload', reply });
    assert.equal(verdict.kind === 'refuse' && verdict.detail, 'PAYLOAD_BAD: no protobuf');
  }
});

test('FT-FAIL-9 FT-AUTH-3 a topic that is not configured is acked and not dispatched, if the sender is right', () => {
  for (const senderId of [`vehicle_device.${VIN}`, VIN]) {
    const verdict = judgeOne(stream({ topic: 'custom', senderId }));
    const reply = { kind: 'ack', txid: 't-1', topic: 'custom' };
    assert.deepEqual(answer(verdict), { kind: 'acknowledge', reason: 'unmapped_topic', reply });
  }
});

test('FT-FAIL-10 FT-AUTH-2 a topic that is not configured is refused with its txid, if the sender is wrong', () => {
  for (const senderId of ['', 'vehicle_device.OTHER', `energy_device.${VIN}`, `${VIN} `, VIN.slice(1)]) {
    const verdict = judgeOne(stream({ topic: 'custom', senderId }));
    const reply = { ...ANONYMOUS_ERROR, txid: 't-1' };
    assert.deepEqual(answer(verdict), { kind: 'refuse', reason: 'unexpected_sender', reply });
  }
});

test('FT-FAIL-11 FT-AUTH-1 a configured topic is a record of the certificate, whatever sender the message names', () => {
  const verdict = judgeOne(stream({ senderId: 'vehicle_device.OTHER', deviceId: 'OTHER' }));
  const reply = { kind: 'ack', txid: 't-1', topic: 'V' };
  assert.deepEqual(answer(verdict), { kind: 'record', reason: 'record', reply });
  assert.ok(verdict.kind === 'record');
  assert.equal(verdict.topic, 'V');
  assert.equal(Buffer.from(verdict.txid).toString(), 't-1');
  assert.equal(Buffer.from(verdict.payload).toString(), `V ${VIN} data`);
});

test('FT-AUTH-2 with strictSenderId the sender is checked on configured topics too', () => {
  const strict = { strictSenderId: true };
  assert.equal(judgeOne(stream({ senderId: 'vehicle_device.OTHER' }), strict).reason, 'unexpected_sender');
  assert.equal(judgeOne(stream({ senderId: VIN }), strict).reason, 'record');
});

test('FT-AUTH-3 topics match byte for byte', () => {
  for (const topic of ['v', 'V ', '', 'alert', 'alertz', 'constructor', '__proto__']) {
    assert.equal(judgeOne(stream({ topic })).reason, 'unmapped_topic', topic);
  }
  const policy = { topics: new TopicRules({ topics: ['', 'Größe', '__proto__'] }) };
  for (const topic of ['', 'Größe', '__proto__']) {
    const verdict = judgeOne(stream({ topic }), policy);
    assert.equal(verdict.kind === 'record' && verdict.topic, topic);
  }
  assert.equal(judgeOne(stream({ topic: Buffer.from('Größe', 'latin1') }), policy).reason, 'unmapped_topic');
});

test('FT-AUTH-5 FT-FAIL-20 a txid is opaque: any bytes, and the same one again', () => {
  const session = createSession(IDENTITY, POLICY);
  for (const txid of [new Uint8Array(0), Uint8Array.of(0, 255, 128), bytes('t'), bytes('t'), new Uint8Array(5000)]) {
    const verdict = judge(stream({ txid }), session, POLICY, 0);
    assert.ok(verdict.kind === 'record');
    assert.deepEqual([...verdict.txid], [...txid]);
  }
});

test('FT-FAIL-21 other fields of the message do not matter', () => {
  const odd = { messageId: 'm', deviceId: '', deviceType: 'toaster', createdAt: 2 ** 32 - 1, deliveredAtMs: 5 };
  assert.equal(judgeOne(stream(odd)).reason, 'record');
});

test('FT-ACK-1 FT-FAIL-12 without reliable source the ack waits for the spool, or for nothing, as ackWhen says', () => {
  const acknowledgeOf = (topics: TopicRules) => {
    const verdict = judgeOne(stream(), { topics });
    return verdict.kind === 'record' && verdict.acknowledge;
  };
  assert.equal(acknowledgeOf(new TopicRules({ topics: ['V'] })), 'spooled');
  assert.equal(acknowledgeOf(new TopicRules({ topics: ['V'], ackWhen: 'received' })), 'received');
});

test('FT-ACK-2 FT-FAIL-13 FT-FAIL-14 the ack of a reliable topic waits for its dispatcher and no other', () => {
  const reliableAckSources = { V: 'kafka' };
  for (const ackWhen of ['received', 'spooled'] as const) {
    const topics = new TopicRules({ topics: ['V', 'alerts', 'constructor'], ackWhen, reliableAckSources });
    const of = (topic: string) => {
      const verdict = judgeOne(stream({ topic }), { topics });
      return verdict.kind === 'record' && verdict.acknowledge;
    };
    assert.deepEqual(['V', 'alerts', 'constructor'].map(of), [{ confirmedBy: 'kafka' }, ackWhen, ackWhen]);
  }
});

test('FT-FAIL-16 FT-RL-1 a message over the limit is dropped without an answer', () => {
  const policy = { ...POLICY, rateLimit: { limit: 2, intervalMs: 1000 } };
  const session = createSession(IDENTITY, policy);
  const verdicts = [0, 1, 2, 3, 999, 1000].map((nowMs) => judge(stream(), session, policy, nowMs));
  assert.deepEqual(
    verdicts.map((verdict) => verdict.kind),
    ['record', 'record', 'drop', 'drop', 'drop', 'record'],
  );
  assert.deepEqual(verdicts[2], { kind: 'drop', reason: 'rate_limited', isOverLimit: true, topic: 'V' });
});

test('FT-FAIL-16 FT-RL-1 the limit comes before anything else: bad messages use it up and are dropped by it', () => {
  const policy = { ...POLICY, rateLimit: { limit: 1, intervalMs: 1000 } };
  const session = createSession(IDENTITY, policy);
  assert.equal(judge(bytes('rubbish'), session, policy, 0).reason, 'unreadable');
  for (const message of [stream(), bytes('rubbish'), new Uint8Array(0), new Uint8Array(1_000_001)]) {
    assert.equal(judge(message, session, policy, 1).reason, 'rate_limited');
  }
});

test('FT-RL-2 an ignored interval drops nothing', () => {
  const policy = { ...POLICY, rateLimit: { limit: 2, intervalMs: 0 } };
  const session = createSession(IDENTITY, policy);
  for (let i = 0; i < 5; i++) assert.equal(judge(stream(), session, policy, 0).kind, 'record');
});

test('FT-RL-4 the shadow limit marks what is over it and lets everything through', () => {
  const session = createSession(IDENTITY, POLICY);
  const over = [];
  for (let i = 0; i < 103; i++) {
    const verdict = judge(i === 101 ? bytes('rubbish') : stream(), session, POLICY, i);
    assert.equal(verdict.kind, i === 101 ? 'refuse' : 'record');
    if (verdict.isOverLimit) over.push(i);
  }
  assert.deepEqual(over, [100, 101, 102]);
});

test('FT-RL-5 a dropped message names its topic only if that is configured', () => {
  const policy = { ...POLICY, rateLimit: { limit: 1, intervalMs: 1000 } };
  const session = createSession(IDENTITY, policy);
  judge(stream(), session, policy, 0);
  const topics = [stream({ topic: 'alerts' }), stream({ topic: 'made up' }), bytes('rubbish')].map((message) => {
    const verdict = judge(message, session, policy, 1);
    return verdict.kind === 'drop' && verdict.topic;
  });
  assert.deepEqual(topics, ['alerts', '', '']);
});

test('FT-FAIL-10 what a verdict repeats of unchecked text is short', () => {
  const long = 'x'.repeat(100_000);
  const verdict = judgeOne(stream({ topic: long, senderId: long }));
  assert.ok(verdict.kind === 'refuse');
  assert.ok(verdict.topic.length <= 64 && verdict.detail.length <= 200);
});
