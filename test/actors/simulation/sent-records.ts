import { decodeEnvelope } from '../../../src/protocols/fleet-telemetry/index.js';
import {
  decodeRecord,
  fieldName,
  type VehicleData,
  type VehicleRecord,
} from '../../../src/protocols/fleet-telemetry/records.js';

/** A record read back from the frame that a vehicle wrote. */
export interface SentRecord {
  readonly txid: string;
  readonly topic: string;
  readonly senderId: string;
  readonly deviceId: string;
  readonly deviceType: string;
  readonly createdAt: number;
  readonly payload: Uint8Array;
  readonly record: VehicleRecord;
  /** Names of the signals, for topic `V`. */
  readonly signals: readonly string[];
  readonly isResend: boolean;
  /** Of the whole frame. */
  readonly bytes: number;
}

/** The payloads of a client's frames, one after another; written apart from the code that makes them. */
export function unmasked(frames: Buffer): { opcode: number; payload: Buffer }[] {
  const found: { opcode: number; payload: Buffer }[] = [];
  for (let at = 0; at < frames.length; ) {
    const opcode = frames.readUInt8(at) & 15;
    let length = frames.readUInt8(at + 1) & 127;
    let next = at + 2;
    if (length === 126) {
      length = frames.readUInt16BE(next);
      next += 2;
    } else if (length === 127) {
      length = Number(frames.readBigUInt64BE(next));
      next += 8;
    }
    const mask = frames.subarray(next, next + 4);
    const payload = Buffer.from(frames.subarray(next + 4, next + 4 + length));
    payload.forEach((byte, index) => {
      payload[index] = byte ^ mask.readUInt8(index % 4);
    });
    found.push({ opcode, payload });
    at = next + 4 + length;
  }
  return found;
}

export function sentRecords(frames: Buffer): SentRecord[] {
  return unmasked(frames).map(({ payload }) => sentRecord(payload));
}

function sentRecord(message: Buffer): SentRecord {
  const decoded = decodeEnvelope(message);
  if (!decoded.ok || decoded.value.kind !== 'stream') throw new Error('no stream message');
  const { txid, topic, stream } = decoded.value;
  const record = decodeRecord(text(topic), stream.payload);
  if (!record.ok) throw new Error(`payload: ${JSON.stringify(record.error)}`);
  const data = record.value.topic === 'V' ? (record.value.message as VehicleData) : undefined;
  return {
    txid: text(txid),
    topic: text(topic),
    senderId: text(stream.senderId),
    deviceId: text(stream.deviceId),
    deviceType: text(stream.deviceType),
    createdAt: stream.createdAt,
    payload: stream.payload,
    record: record.value,
    signals: data?.data.map(({ key }) => fieldName(key)) ?? [],
    isResend: data?.isResend ?? false,
    bytes: message.length,
  };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
