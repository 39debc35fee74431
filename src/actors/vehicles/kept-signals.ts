/**
 * The last values of one vehicle's signals as they came: bytes of messages `Value`, decoded when somebody asks.
 *
 * Row, version 1: for each signal its number (2 bytes), flags (1), the times `createdAt`, `receivedAt` and `changedAt`
 * (doubles), the length of the value (2) and the value; all little-endian.
 */
import { FIELD_NAMES } from '../../protocols/fleet-telemetry/index.js';

export interface KeptSignal {
  /** One character a byte: a short text costs less than a buffer. */
  bytes: string;
  /** When the vehicle says it was so, epoch milliseconds; no later than `receivedAt`. */
  createdAt: number;
  receivedAt: number;
  /** `receivedAt` of the first record with this value. */
  changedAt: number;
  /** {@link AHEAD}, {@link CUT}. */
  flags: number;
}

/** The vehicle's clock was ahead: its time is that of the receipt. */
export const AHEAD = 1;
/** The value was too long and is cut. */
export const CUT = 2;

const HEAD_BYTES = 29;

/** Whether this schema has the signal; others are not kept, which bounds what a vehicle can make of the store. */
export const isKnownField = (field: number): boolean => field > 0 && field < FIELD_NAMES.length;

export function packSignals(signals: ReadonlyMap<number, KeptSignal>): Buffer {
  let size = 0;
  for (const { bytes } of signals.values()) size += HEAD_BYTES + bytes.length;
  const row = Buffer.allocUnsafe(size);
  let at = 0;
  for (const [field, { bytes, createdAt, receivedAt, changedAt, flags }] of signals) {
    row.writeUInt16LE(field, at);
    row[at + 2] = flags;
    row.writeDoubleLE(createdAt, at + 3);
    row.writeDoubleLE(receivedAt, at + 11);
    row.writeDoubleLE(changedAt, at + 19);
    row.writeUInt16LE(bytes.length, at + 27);
    row.write(bytes, at + HEAD_BYTES, 'latin1');
    at += HEAD_BYTES + bytes.length;
  }
  return row;
}

/** Of a row that is cut short, what can be read. */
export function unpackSignals(row: Uint8Array): Map<number, KeptSignal> {
  const buffer = Buffer.from(row.buffer, row.byteOffset, row.byteLength);
  const signals = new Map<number, KeptSignal>();
  for (let at = 0; at + HEAD_BYTES <= buffer.length; ) {
    const length = buffer.readUInt16LE(at + 27);
    const start = at + HEAD_BYTES;
    signals.set(buffer.readUInt16LE(at), {
      bytes: buffer.toString('latin1', start, start + length),
      createdAt: buffer.readDoubleLE(at + 3),
      receivedAt: buffer.readDoubleLE(at + 11),
      changedAt: buffer.readDoubleLE(at + 19),
      flags: buffer[at + 2] as number,
    });
    at = start + length;
  }
  return signals;
}
