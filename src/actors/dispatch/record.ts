/**
 * The record that every dispatcher carries, whatever it came from, and its form in the spool.
 *
 * Layout, version 1: version byte, flags byte (bit 0: an origin follows), `at` and `receivedAt` as little-endian
 * doubles, then length-prefixed UTF-8 texts: type, vehicle, [origin], the number of metadata pairs and their keys and
 * values; the payload is the rest. Lengths and the number are varints of at most four bytes.
 *
 * Invariants
 * - REC-1 Encoding allocates once, and nothing that grows with the number of texts.
 * - REC-2 Decoding checks every length against the end before it returns, so nothing read later can fail.
 */

import type { Result } from '../../protocols/result.js';

/** What goes to destinations: a telemetry record, an agent's metrics, feedback of an update. */
export interface FleetRecord {
  /** What the payload is; decides which dispatchers get it. */
  readonly type: string;
  /** Vehicle id, from the identity of the connection and not from the payload. */
  readonly vehicle: string;
  /** When the vehicle says it happened, epoch milliseconds; 0 when it does not say. */
  readonly at: number;
  /** When it was received, epoch milliseconds. */
  readonly receivedAt: number;
  /** For destinations that carry headers or attributes. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Id of the connection it came from: where its acknowledgement goes (FT-ACK-3). */
  readonly origin?: string;
  readonly payload: Uint8Array;
}

const VERSION = 1;
const HAS_ORIGIN = 1;
const FIXED_BYTES = 18;
const LONGEST_TEXT = 2 ** 28 - 1;

/** Everything before the payload is written here first, because its length is known only then (REC-1). */
let scratch = Buffer.allocUnsafe(8_192);
/** A scratch buffer that one huge text made larger than this is not kept. */
const KEPT_SCRATCH_BYTES = 262_144;

/** Bytes for the spool. Lone surrogates become U+FFFD; a text of 256 MiB or more is a programming error and throws. */
export function encodeRecord(record: FleetRecord): Buffer {
  const { metadata, payload } = record;
  scratch[0] = VERSION;
  scratch[1] = record.origin === undefined ? 0 : HAS_ORIGIN;
  scratch.writeDoubleLE(record.at, 2);
  scratch.writeDoubleLE(record.receivedAt, 10);
  let end = putText(record.type, FIXED_BYTES);
  end = putText(record.vehicle, end);
  if (record.origin !== undefined) end = putText(record.origin, end);

  const pairsAt = end;
  let pairs = 0;
  end++;
  for (const key in metadata) {
    end = putText(metadata[key] as string, putText(key, end));
    pairs++;
  }
  end = putPairs(pairs, pairsAt, end);

  const bytes = Buffer.allocUnsafe(end + payload.length);
  scratch.copy(bytes, 0, 0, end);
  bytes.set(payload, end);
  if (scratch.length > KEPT_SCRATCH_BYTES) scratch = Buffer.allocUnsafe(8_192);
  return bytes;
}

/**
 * Reads what {@link encodeRecord} wrote. The payload is a view of `bytes`; metadata is read when first asked for, by a
 * getter, which a spread of the record would not copy.
 */
export function decodeRecord(bytes: Uint8Array): Result<FleetRecord> {
  const view = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length === 0) return unreadable('no bytes', 0);
  if (view[0] !== VERSION) {
    return { ok: false, error: { code: 'RECORD_VERSION_UNKNOWN', detail: `version ${view[0]}`, offset: 0 } };
  }
  if (view.length < FIXED_BYTES) return unreadable('times', view.length);
  const flags = view[1] as number;
  if ((flags & ~HAS_ORIGIN) !== 0) return unreadable('flags', 1);
  const at = view.readDoubleLE(2);
  const receivedAt = view.readDoubleLE(10);
  if (!Number.isFinite(at) || !Number.isFinite(receivedAt)) return unreadable('times', 2);

  const cursor: Cursor = { bytes: view, at: FIXED_BYTES };
  const type = takeText(cursor);
  const vehicle = takeText(cursor);
  const origin = (flags & HAS_ORIGIN) === 0 ? undefined : takeText(cursor);
  const metadataAt = cursor.at;
  const pairs = takeVarint(cursor);
  if (cursor.at === PAST_END || type === undefined || vehicle === undefined) return unreadable('texts', FIXED_BYTES);
  // Each text takes a byte at least, which bounds the loop by the input.
  for (let texts = pairs * 2; texts > 0 && cursor.at !== PAST_END; texts--) skipText(cursor);
  if (cursor.at === PAST_END) return unreadable('metadata', metadataAt);

  const payload = view.subarray(cursor.at);
  return { ok: true, value: new StoredRecord(type, vehicle, at, receivedAt, origin, payload, view, metadataAt) };
}

class StoredRecord implements FleetRecord {
  declare readonly origin?: string;
  readonly #bytes: Buffer;
  readonly #metadataAt: number;
  #metadata: Readonly<Record<string, string>> | undefined;

  constructor(
    readonly type: string,
    readonly vehicle: string,
    readonly at: number,
    readonly receivedAt: number,
    origin: string | undefined,
    readonly payload: Uint8Array,
    bytes: Buffer,
    metadataAt: number,
  ) {
    if (origin !== undefined) this.origin = origin;
    this.#bytes = bytes;
    this.#metadataAt = metadataAt;
  }

  get metadata(): Readonly<Record<string, string>> {
    this.#metadata ??= this.#readMetadata();
    return this.#metadata;
  }

  #readMetadata(): Record<string, string> {
    const cursor: Cursor = { bytes: this.#bytes, at: this.#metadataAt };
    const metadata: Record<string, string> = {};
    for (let left = takeVarint(cursor); left > 0; left--) {
      const key = takeText(cursor) ?? '';
      const value = takeText(cursor) ?? '';
      // A key `__proto__` is a key like any other.
      if (key === '__proto__') Object.defineProperty(metadata, key, { value, enumerable: true, configurable: true });
      else metadata[key] = value;
    }
    return metadata;
  }
}

interface Cursor {
  readonly bytes: Buffer;
  /** Where to read next; {@link PAST_END} once something did not fit. */
  at: number;
}

const PAST_END = -1;

function takeVarint(cursor: Cursor): number {
  const { bytes } = cursor;
  let { at } = cursor;
  if (at === PAST_END) return 0;
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor.at = at;
      return value;
    }
  }
  cursor.at = PAST_END;
  return 0;
}

function takeText(cursor: Cursor): string | undefined {
  const length = takeVarint(cursor);
  const from = cursor.at;
  if (!advance(cursor, length)) return undefined;
  return cursor.bytes.toString('utf8', from, from + length);
}

function skipText(cursor: Cursor): void {
  advance(cursor, takeVarint(cursor));
}

function advance(cursor: Cursor, length: number): boolean {
  if (cursor.at === PAST_END) return false;
  const next = cursor.at + length;
  cursor.at = next > cursor.bytes.length ? PAST_END : next;
  return cursor.at !== PAST_END;
}

/** Writes length and text at `at` of the scratch buffer and returns where it ends. */
function putText(text: string, at: number): number {
  const { length } = text;
  if (length < 64) {
    // For short ASCII a loop is quicker than a call out of JavaScript.
    reserve(at, 1 + length);
    const target = scratch;
    let next = at + 1;
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      bits |= unit;
      target[next++] = unit;
    }
    if (bits < 0x80) {
      target[at] = length;
      return next;
    }
  }
  const byteLength = Buffer.byteLength(text);
  if (byteLength > LONGEST_TEXT) throw new RangeError(`a text of ${byteLength} bytes in a record`);
  reserve(at, 4 + byteLength);
  const start = putVarint(byteLength, at);
  return start + scratch.write(text, start);
}

/** Puts the number of pairs into the one byte left for it, or makes room for a longer one. */
function putPairs(pairs: number, at: number, end: number): number {
  reserve(end, 4);
  if (pairs < 128) {
    scratch[at] = pairs;
    return end;
  }
  const more = pairs < 2 ** 14 ? 1 : pairs < 2 ** 21 ? 2 : 3;
  scratch.copyWithin(at + 1 + more, at + 1, end);
  putVarint(pairs, at);
  return end + more;
}

function putVarint(value: number, at: number): number {
  let left = value;
  while (left > 0x7f) {
    scratch[at++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  scratch[at++] = left;
  return at;
}

function reserve(at: number, bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}

const unreadable = (detail: string, offset: number): Result<never> => ({
  ok: false,
  error: { code: 'RECORD_UNREADABLE', detail, offset },
});
