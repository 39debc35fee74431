import type { Result } from '../../../protocols/result.js';
import type { RecordFormats } from '../dispatcher.js';
import { formOf } from '../form.js';
import type { FleetRecord } from '../record.js';

/** How records stand in a file, and how to tell a whole one from a torn one. */
export interface Framing {
  /** With the dot. */
  readonly extension: string;
  encode(record: FleetRecord): Result<Uint8Array>;
  /**
   * Reads a file from its start, chunk after chunk, and tells how many bytes of it are whole records. Bytes that were
   * never synced may be missing in the middle and read as zeros after a power cut, which neither framing ever writes
   * where it looks for them.
   */
  scan(): Scan;
}

export interface Scan {
  /** Returns false when the rest need not be read. */
  take(chunk: Buffer): boolean;
  wholeBytes(): number;
}

const NEWLINE = 0x0a;

/** One JSON document a line. JSON has no raw zero byte and, written without indentation, no newline. */
export function jsonLines(formats: RecordFormats): Framing {
  return {
    extension: '.jsonl',
    encode(record) {
      const json = formOf(formats.json, record);
      if (!json.ok) return json;
      if (json.value.includes('\n')) {
        return { ok: false, error: { code: 'DISPATCH_NOT_ONE_LINE', detail: 'the JSON form has a newline' } };
      }
      return { ok: true, value: Buffer.from(`${json.value}\n`) };
    },
    scan() {
      let read = 0;
      let whole = 0;
      return {
        take(chunk) {
          const hole = chunk.indexOf(0);
          const lastNewline = (hole < 0 ? chunk : chunk.subarray(0, hole)).lastIndexOf(NEWLINE);
          if (lastNewline >= 0) whole = read + lastNewline + 1;
          read += chunk.length;
          return hole < 0;
        },
        wholeBytes: () => whole,
      };
    },
  };
}

/** Tags of the fields of `fleetchart.Record` in proto/fleetchart/record.proto. */
const TAG = { type: 0x0a, vehicle: 0x12, at: 0x18, receivedAt: 0x20, metadata: 0x2a, payload: 0x32 } as const;

/** Protobuf messages, each behind its length as a varint, as protobuf libraries' delimited readers expect them. */
export const delimitedProtobuf: Framing = {
  extension: '.pb',
  encode(record) {
    const { type, vehicle, payload } = record;
    const [at, receivedAt] = [wholeTime(record.at), wholeTime(record.receivedAt)];
    const pairs = Object.entries(record.metadata);
    let size = textSize(type) + textSize(vehicle) + 1 + varintSize(at) + 1 + varintSize(receivedAt);
    for (const [key, value] of pairs) size += fieldSize(textSize(key) + textSize(value));
    size += fieldSize(payload.length);

    const out = Buffer.allocUnsafe(varintSize(size) + size);
    let end = putVarint(out, 0, size);
    end = putText(out, putText(out, end, TAG.type, type), TAG.vehicle, vehicle);
    end = putNumber(out, putNumber(out, end, TAG.at, at), TAG.receivedAt, receivedAt);
    for (const [key, value] of pairs) {
      end = putNumber(out, end, TAG.metadata, textSize(key) + textSize(value));
      end = putText(out, putText(out, end, TAG.type, key), TAG.vehicle, value);
    }
    out.set(payload, putNumber(out, end, TAG.payload, payload.length));
    return { ok: true, value: out };
  },
  scan() {
    let whole = 0;
    let read = 0;
    /** Bytes of the present message that are still to come; 0 between messages. */
    let left = 0;
    let length = 0;
    let shift = 0;
    let expectsTag = false;
    return {
      take(chunk) {
        let at = 0;
        while (at < chunk.length) {
          if (left > 0) {
            // Every message begins with its type.
            if (expectsTag && chunk[at] !== TAG.type) return false;
            expectsTag = false;
            const step = Math.min(left, chunk.length - at);
            left -= step;
            at += step;
            if (left === 0) whole = read + at;
            continue;
          }
          const byte = chunk[at++] as number;
          length += (byte & 0x7f) * 2 ** shift;
          shift += 7;
          if (byte >= 0x80) {
            if (shift > 28) return false;
            continue;
          }
          if (length === 0) return false;
          left = length;
          length = 0;
          shift = 0;
          expectsTag = true;
        }
        read += chunk.length;
        return true;
      },
      wholeBytes: () => whole,
    };
  },
};

/** A whole number of at most 2^53; times before 1970 count as 1970. */
const wholeTime = (ms: number): number => Math.max(0, Math.trunc(ms));
const fieldSize = (bytes: number): number => 1 + varintSize(bytes) + bytes;
const textSize = (text: string): number => fieldSize(Buffer.byteLength(text));

function varintSize(value: number): number {
  let size = 1;
  for (let left = value; left > 0x7f; left = Math.floor(left / 0x80)) size++;
  return size;
}

/** These write at `at` and return where they ended. */
function putText(out: Buffer, at: number, tag: number, text: string): number {
  const start = putNumber(out, at, tag, Buffer.byteLength(text));
  return start + out.write(text, start);
}

function putNumber(out: Buffer, at: number, tag: number, value: number): number {
  out[at] = tag;
  return putVarint(out, at + 1, value);
}

function putVarint(out: Buffer, at: number, value: number): number {
  let end = at;
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) out[end++] = (left % 0x80) | 0x80;
  out[end++] = left;
  return end;
}
