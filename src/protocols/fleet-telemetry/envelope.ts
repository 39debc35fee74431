import type { Result } from '../result.js';
import { type Envelope, MESSAGE_TYPE, NO_BYTES, type Stream } from './types.js';

// A reader of flatbuffers for the two tables of this protocol. Invariants:
// 1. Every position is checked against the end of the message before it is read (FT-FB-1).
// 2. Only what a field names is read; order, padding, sharing and trailing bytes do not matter (FT-FB-1).
// 3. There is no loop over the input and no recursion, so the cost does not depend on it.

/** Slots of a table as byte offsets into its vtable. */
const ENVELOPE = { txid: 4, topic: 6, messageType: 8, message: 10, messageId: 12 } as const;
const STREAM = { createdAt: 4, senderId: 6, payload: 8, deviceType: 10, deviceId: 12, deliveredAtMs: 14 } as const;

/** A field that the vtable does not list: it has its default. No field can stand at 0. */
const ABSENT = 0;
const OUT_OF_RANGE = -1;

const EMPTY: Result<Envelope> = {
  ok: true,
  value: { kind: 'empty', txid: NO_BYTES, topic: NO_BYTES, messageType: MESSAGE_TYPE.none, messageId: NO_BYTES },
};

/**
 * Reads one message of either direction without copying: the byte fields are views of `bytes` and keep it alive.
 * Messages without a stream are values too, told apart by `kind` (FT-FB-2, FT-FB-3); the only failure is
 * `ENVELOPE_UNREADABLE` (FT-FB-4). Never throws.
 */
export function decodeEnvelope(bytes: Uint8Array): Result<Envelope> {
  if (bytes.length === 0) return EMPTY;
  if (bytes.length < 4) return unreadable('root offset', 0);
  const table = u32(bytes, 0);
  const vtable = vtableOf(bytes, table);
  if (vtable === OUT_OF_RANGE) return unreadable('envelope table', table);

  const message = fieldAt(bytes, table, vtable, ENVELOPE.message, 4);
  if (message === ABSENT) return EMPTY;
  if (message === OUT_OF_RANGE) return unreadable('message', table);
  const type = fieldAt(bytes, table, vtable, ENVELOPE.messageType, 1);
  if (type === OUT_OF_RANGE) return unreadable('message_type', table);
  const messageType = type === ABSENT ? MESSAGE_TYPE.none : (bytes[type] as number);

  const txid = vectorAt(bytes, table, vtable, ENVELOPE.txid);
  if (txid === undefined) return unreadable('txid', table);
  const topic = vectorAt(bytes, table, vtable, ENVELOPE.topic);
  if (topic === undefined) return unreadable('topic', table);
  const messageId = vectorAt(bytes, table, vtable, ENVELOPE.messageId);
  if (messageId === undefined) return unreadable('message_id', table);

  // The value of an ack is not a table (section 2.3), so nothing but a stream is descended into.
  if (messageType !== MESSAGE_TYPE.stream) {
    return { ok: true, value: { kind: 'other', txid, topic, messageType, messageId } };
  }
  const stream = streamAt(bytes, message + u32(bytes, message));
  if (!stream.ok) return stream;
  return { ok: true, value: { kind: 'stream', txid, topic, messageType, messageId, stream: stream.value } };
}

function streamAt(bytes: Uint8Array, table: number): Result<Stream> {
  const vtable = vtableOf(bytes, table);
  if (vtable === OUT_OF_RANGE) return unreadable('stream table', table);
  const createdAt = fieldAt(bytes, table, vtable, STREAM.createdAt, 4);
  if (createdAt === OUT_OF_RANGE) return unreadable('created_at', table);
  const senderId = vectorAt(bytes, table, vtable, STREAM.senderId);
  if (senderId === undefined) return unreadable('sender_id', table);
  const payload = vectorAt(bytes, table, vtable, STREAM.payload);
  if (payload === undefined) return unreadable('payload', table);
  const deviceType = vectorAt(bytes, table, vtable, STREAM.deviceType);
  if (deviceType === undefined) return unreadable('device_type', table);
  const deviceId = vectorAt(bytes, table, vtable, STREAM.deviceId);
  if (deviceId === undefined) return unreadable('device_id', table);
  const deliveredAt = fieldAt(bytes, table, vtable, STREAM.deliveredAtMs, 8);
  if (deliveredAt === OUT_OF_RANGE) return unreadable('delivered_at_epoch_ms', table);
  return {
    ok: true,
    value: {
      createdAt: createdAt === ABSENT ? 0 : u32(bytes, createdAt),
      senderId,
      payload,
      deviceType,
      deviceId,
      deliveredAtMs: deliveredAt === ABSENT ? 0 : u32(bytes, deliveredAt) + u32(bytes, deliveredAt + 4) * 2 ** 32,
    },
  };
}

/** Position of the vtable of the table at `table`; its first two bytes, its size, are readable. */
function vtableOf(bytes: Uint8Array, table: number): number {
  if (table + 4 > bytes.length) return OUT_OF_RANGE;
  const vtable = table - (u32(bytes, table) | 0);
  return vtable < 0 || vtable + 2 > bytes.length ? OUT_OF_RANGE : vtable;
}

/** Position of a field whose `size` bytes are readable, {@link ABSENT}, or {@link OUT_OF_RANGE}. */
function fieldAt(bytes: Uint8Array, table: number, vtable: number, slot: number, size: number): number {
  if (slot >= u16(bytes, vtable)) return ABSENT;
  if (vtable + slot + 2 > bytes.length) return OUT_OF_RANGE;
  const offset = u16(bytes, vtable + slot);
  if (offset === 0) return ABSENT;
  const at = table + offset;
  return at + size > bytes.length ? OUT_OF_RANGE : at;
}

/** The bytes of a vector field, empty if it is absent, undefined if any of it is out of range. */
function vectorAt(bytes: Uint8Array, table: number, vtable: number, slot: number): Uint8Array | undefined {
  const field = fieldAt(bytes, table, vtable, slot, 4);
  if (field === ABSENT) return NO_BYTES;
  if (field === OUT_OF_RANGE) return undefined;
  const start = field + u32(bytes, field) + 4;
  if (start > bytes.length) return undefined;
  const end = start + u32(bytes, start - 4);
  if (end > bytes.length) return undefined;
  return end === start ? NO_BYTES : bytes.subarray(start, end);
}

function unreadable(field: string, offset: number): Result<never> {
  return { ok: false, error: { code: 'ENVELOPE_UNREADABLE', detail: `${field} lies outside the message`, offset } };
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}
