import { Builder } from 'flatbuffers';
import type { Random } from './random.js';

// Messages made with the flatbuffers package: the independent opinion on what these bytes must be.

export interface StreamValues {
  readonly txid: Uint8Array;
  readonly topic: Uint8Array;
  readonly messageId: Uint8Array;
  readonly senderId: Uint8Array;
  readonly payload: Uint8Array;
  readonly deviceType: Uint8Array;
  readonly deviceId: Uint8Array;
  readonly createdAt: number;
  readonly deliveredAtMs: number;
}

export function randomStreamValues(random: Random): StreamValues {
  return {
    txid: random.bytes(40),
    topic: random.bytes(14),
    messageId: random.chance(0.5) ? random.bytes(40) : new Uint8Array(0),
    senderId: random.bytes(40),
    payload: random.bytes(random.chance(0.1) ? 5000 : 300),
    deviceType: random.bytes(20),
    deviceId: random.bytes(20),
    createdAt: random.chance(0.2) ? 0 : random.below(2 ** 32),
    deliveredAtMs: random.chance(0.5) ? 0 : random.below(2 ** 48),
  };
}

/** In the call order of section 2.4. */
export function builtStream(values: StreamValues): Uint8Array {
  const builder = new Builder(64);
  const senderId = builder.createString(values.senderId);
  const payload = builder.createString(values.payload);
  const deviceType = builder.createString(values.deviceType);
  const deviceId = builder.createString(values.deviceId);
  builder.startObject(6);
  builder.addFieldOffset(1, senderId, 0);
  builder.addFieldInt32(0, values.createdAt | 0, 0);
  builder.addFieldOffset(2, payload, 0);
  builder.addFieldOffset(3, deviceType, 0);
  builder.addFieldOffset(4, deviceId, 0);
  builder.addFieldInt64(5, BigInt(values.deliveredAtMs), 0n);
  const stream = builder.endObject();
  const txid = builder.createString(values.txid);
  const topic = builder.createString(values.topic);
  const messageId = builder.createString(values.messageId);
  return finished(builder, { txid, topic, messageId, messageType: 4, message: stream });
}

/** An ack as the reference makes it: its union value is an empty vector (section 2.3). */
export function builtAck(txidBytes: Uint8Array, topicBytes: Uint8Array): Uint8Array {
  const builder = new Builder(64);
  const message = builder.createString(new Uint8Array(0));
  const txid = builder.createString(txidBytes);
  const topic = builder.createString(topicBytes);
  const messageId = builder.createString(new Uint8Array(0));
  return finished(builder, { txid, topic, messageId, messageType: 5, message });
}

/** An envelope of any union type, whose value is an empty table; -1 leaves the message out. */
export function builtOther(txidBytes: Uint8Array, topicBytes: Uint8Array, messageType: number): Uint8Array {
  const builder = new Builder(64);
  builder.startObject(0);
  const message = messageType === -1 ? 0 : builder.endObject();
  if (messageType === -1) builder.clear();
  const txid = builder.createString(txidBytes);
  const topic = builder.createString(topicBytes);
  return finished(builder, { txid, topic, messageId: 0, messageType: Math.max(messageType, 0), message });
}

interface EnvelopeOffsets {
  readonly txid: number;
  readonly topic: number;
  readonly messageId: number;
  readonly messageType: number;
  readonly message: number;
}

function finished(builder: Builder, offsets: EnvelopeOffsets): Uint8Array {
  builder.startObject(5);
  builder.addFieldOffset(0, offsets.txid, 0);
  builder.addFieldOffset(1, offsets.topic, 0);
  builder.addFieldInt8(2, offsets.messageType, 0);
  builder.addFieldOffset(3, offsets.message, 0);
  builder.addFieldOffset(4, offsets.messageId, 0);
  builder.finish(builder.endObject());
  return builder.asUint8Array().slice();
}

/**
 * The same values in a well-formed layout that no known sender uses: vectors and fields in any order and with junk
 * between them, empty vectors sometimes absent, defaults written out, fields of a later schema, trailing bytes.
 */
export function unusualStream(values: StreamValues, random: Random): Uint8Array {
  const builder = new Builder(64);
  builder.forceDefaults(random.chance(0.3));
  const place = (vectors: [number, Uint8Array][]): [number, number][] =>
    random.shuffled(vectors).map(([slot, bytes]) => {
      if (random.chance(0.2)) builder.createByteVector(random.bytes(9));
      return [slot, bytes.length === 0 && random.chance(0.5) ? 0 : builder.createByteVector(bytes)];
    });
  const table = (slots: number, vectors: [number, number][], others: (() => void)[]): number => {
    const extra = random.below(3);
    const later = extra > 0 ? builder.createByteVector(random.bytes(5)) : 0;
    builder.startObject(slots + extra);
    const writes = vectors.map(([slot, at]) => () => {
      if (at !== 0) builder.addFieldOffset(slot, at, 0);
    });
    for (let slot = slots; slot < slots + extra; slot++) writes.push(() => builder.addFieldOffset(slot, later, 0));
    for (const write of random.shuffled([...writes, ...others])) write();
    return builder.endObject();
  };
  const early = random.chance(0.5);
  const envelopeVectors: [number, Uint8Array][] = [
    [0, values.txid],
    [1, values.topic],
    [4, values.messageId],
  ];
  const before = early ? place(envelopeVectors) : [];
  const streamVectors = place([
    [1, values.senderId],
    [2, values.payload],
    [3, values.deviceType],
    [4, values.deviceId],
  ]);
  const stream = table(6, streamVectors, [
    () => builder.addFieldInt32(0, values.createdAt | 0, 0),
    () => builder.addFieldInt64(5, BigInt(values.deliveredAtMs), 0n),
  ]);
  const root = table(5, early ? before : place(envelopeVectors), [
    () => builder.addFieldInt8(2, 4, 0),
    () => builder.addFieldOffset(3, stream, 0),
  ]);
  builder.finish(root);
  return Buffer.concat([builder.asUint8Array(), random.bytes(random.chance(0.5) ? 20 : 0)]);
}
