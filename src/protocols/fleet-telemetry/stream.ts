import type { Result } from '../result.js';
import { DownwardBuilder } from './downward-builder.js';
import { decodeEnvelope } from './envelope.js';
import { MESSAGE_TYPE } from './types.js';

/** Bytes, or text that is sent as UTF-8. */
export type Octets = Uint8Array | string;

/** What a vehicle says in one message. */
export interface StreamMessage {
  readonly txid: Octets;
  readonly topic: Octets;
  readonly messageId?: Octets;
  /** `clientType.deviceId`. */
  readonly senderId: Octets;
  readonly payload: Uint8Array;
  readonly deviceType: Octets;
  readonly deviceId: Octets;
  /** Whole seconds since the epoch, 32 bit. */
  readonly createdAt: number;
  /** Epoch milliseconds; absent or 0 as a vehicle sends it. */
  readonly deliveredAtMs?: number;
}

/** Upper bound of all that {@link encodeStream} writes besides the bytes of its seven vectors. */
const OVERHEAD_BYTES = 256;

/** Encodes a stream message, byte for byte as the reference's general builder does (section 2.4, FT-CLI-2). */
export function encodeStream(message: StreamMessage): Uint8Array {
  const senderId = octets(message.senderId);
  const payload = message.payload;
  const deviceType = octets(message.deviceType);
  const deviceId = octets(message.deviceId);
  const txid = octets(message.txid);
  const topic = octets(message.topic);
  const messageId = octets(message.messageId ?? '');
  const { createdAt, deliveredAtMs = 0 } = message;
  if (createdAt !== createdAt >>> 0) throw new RangeError(`createdAt must be seconds in 32 bits: ${createdAt}`);
  if (!Number.isSafeInteger(deliveredAtMs) || deliveredAtMs < 0) {
    throw new RangeError(`deliveredAtMs must be whole milliseconds: ${deliveredAtMs}`);
  }
  const vectorBytes =
    senderId.length + payload.length + deviceType.length + deviceId.length + txid.length + topic.length;
  const builder = new DownwardBuilder(vectorBytes + messageId.length + OVERHEAD_BYTES);

  const senderIdAt = builder.vector(senderId);
  const payloadAt = builder.vector(payload);
  const deviceTypeAt = builder.vector(deviceType);
  const deviceIdAt = builder.vector(deviceId);
  builder.startTable();
  builder.offsetField(1, senderIdAt);
  if (createdAt !== 0) builder.u32Field(0, createdAt);
  builder.offsetField(2, payloadAt);
  builder.offsetField(3, deviceTypeAt);
  builder.offsetField(4, deviceIdAt);
  if (deliveredAtMs !== 0) builder.u64Field(5, deliveredAtMs);
  const streamAt = builder.endTable();

  const txidAt = builder.vector(txid);
  const topicAt = builder.vector(topic);
  const messageIdAt = builder.vector(messageId);
  builder.startTable();
  builder.offsetField(0, txidAt);
  builder.offsetField(1, topicAt);
  builder.u8Field(2, MESSAGE_TYPE.stream);
  builder.offsetField(3, streamAt);
  builder.offsetField(4, messageIdAt);
  return builder.finish(builder.endTable());
}

/** A message as a vehicle of this VIN sends it (FT-CLI-2). */
export function vehicleMessage(
  vin: string,
  record: { readonly txid: string; readonly topic: string; readonly payload: Uint8Array; readonly createdAtMs: number },
): StreamMessage {
  return {
    txid: record.txid,
    topic: record.topic,
    senderId: `vehicle_device.${vin}`,
    payload: record.payload,
    deviceType: 'vehicle_device',
    deviceId: vin,
    createdAt: Math.floor(record.createdAtMs / 1000),
  };
}

/** A txid of the form seen from vehicles: 22 hex digits of its own, and a counter of nine digits (FT-CLI-2). */
export function transactionId(prefix: string, counter: number): string {
  return `${prefix}-${String(counter).padStart(9, '0')}`;
}

/** What a server answers: the record is stored, or its bytes will never be accepted (FT-CLI-3). */
export type Reply =
  | { readonly kind: 'ack'; readonly txid: string; readonly topic: string }
  /** An empty txid refuses a message that the server could not attribute. */
  | { readonly kind: 'error'; readonly txid: string; readonly text: string };

/** Reads a server's reply; ack and error differ by the message type alone (FT-CLI-3). Never throws. */
export function decodeReply(bytes: Uint8Array): Result<Reply> {
  const decoded = decodeEnvelope(bytes);
  if (!decoded.ok) return decoded;
  const envelope = decoded.value;
  const txid = text(envelope.txid);
  if (envelope.kind === 'stream') {
    return { ok: true, value: { kind: 'error', txid, text: text(envelope.stream.payload) } };
  }
  if (envelope.messageType === MESSAGE_TYPE.ack) {
    return { ok: true, value: { kind: 'ack', txid, topic: text(envelope.topic) } };
  }
  return { ok: false, error: { code: 'REPLY_UNKNOWN', detail: `message type ${envelope.messageType} is no reply` } };
}

function octets(value: Octets): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
