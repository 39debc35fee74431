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
    const parts: Uint8Array[] = [
      text(TAG.type, record.type),
      text(TAG.vehicle, record.vehicle),
      number(TAG.at, record.at),
      number(TAG.receivedAt, record.receivedAt),
    ];
    for (const [key, value] of Object.entries(record.metadata)) {
      parts.push(bytes(TAG.metadata, Buffer.concat([text(TAG.type, key), text(TAG.vehicle, value)])));
    }
    parts.push(bytes(TAG.payload, record.payload));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return { ok: true, value: Buffer.concat([varint(length), ...parts]) };
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

function text(tag: number, value: string): Buffer {
  return bytes(tag, Buffer.from(value));
}

function bytes(tag: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(value.length), value]);
}

/** A whole number of at most 2^53; times before 1970 count as 1970. */
function number(tag: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(Math.max(0, Math.trunc(value)))]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let left = value;
  while (left > 0x7f) {
    out.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  out.push(left);
  return Buffer.from(out);
}
