import { malformed, PayloadFault } from './payload-result.js';

// Reading protobuf's wire format. Invariants:
// 1. Nothing is read at or past the `end` that the caller gives, and `end` is within the payload.
// 2. Every method moves `position` forward or throws a PayloadFault, so no loop over a payload can hang.
// 3. What is refused is what Go's protobuf refuses, and besides tags and lengths that are padded to more than five
//    bytes, which Go alone reads.

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const START_GROUP = 3;
const END_GROUP = 4;
export const FIXED32 = 5;

/** How deep messages and groups may nest, the root being 0: the limit of protobufjs and of Google's C++ reader. */
const DEPTH_LIMIT = 100;

/** A position in a payload. `low` and `high` are the halves of the last varint that was read. */
export class WireReader {
  position = 0;
  low = 0;
  high = 0;

  /** The payload, not copied. */
  readonly bytes: Buffer;

  constructor(payload: Uint8Array) {
    this.bytes = Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  }

  /** Reads a tag: field number times 8 plus wire type. The number is not 0; the wire type may be an invalid one. */
  tag(end: number): number {
    const first = this.bytes[this.position] as number;
    let tag = first;
    if (first < 0x80) this.position += 1;
    else tag = this.shortVarint(end, 'tag');
    if (tag < 8) throw malformed('field number 0', this.position);
    return tag;
  }

  /** Reads the length of a text, message or packed field and answers where it ends. */
  lengthEnd(end: number): number {
    let length = 0;
    if (this.position < end && (this.bytes[this.position] as number) < 0x80) {
      length = this.bytes[this.position] as number;
      this.position += 1;
    } else length = this.shortVarint(end, 'length');
    const fieldEnd = this.position + length;
    if (fieldEnd > end) throw malformed('length past the end', this.position);
    return fieldEnd;
  }

  /** Reads a varint of up to 64 bits into `low` and `high`, and answers `low`. */
  varint(end: number): number {
    const { bytes } = this;
    let position = this.position;
    let shift = 0;
    let low = 0;
    let high = 0;
    for (;;) {
      if (position >= end) throw malformed('varint past the end', position);
      const byte = bytes[position] as number;
      position += 1;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) throw malformed('varint of more than 64 bits', position);
        this.position = position;
        this.low = low;
        this.high = high;
        return low;
      }
      if (shift === 63) throw malformed('varint of more than 64 bits', position);
      shift += 7;
    }
  }

  skipVarint(end: number): void {
    if (this.position < end && (this.bytes[this.position] as number) < 0x80) this.position += 1;
    else this.varint(end);
  }

  skipFixed(size: 4 | 8, end: number): void {
    this.position += size;
    if (this.position > end) throw malformed('fixed-size number past the end', this.position - size);
  }

  /** Skips what follows `tag`, whatever it means: the unknown fields that records keep (FT-PB-1). */
  skip(tag: number, end: number, depth: number): void {
    switch (tag & 7) {
      case VARINT:
        this.skipVarint(end);
        return;
      case FIXED64:
        this.skipFixed(8, end);
        return;
      case BYTES:
        this.position = this.lengthEnd(end);
        return;
      case FIXED32:
        this.skipFixed(4, end);
        return;
      case START_GROUP:
        this.skipGroup(tag >>> 3, end, depth + 1);
        return;
      case END_GROUP:
        throw malformed('end of a group that did not begin', this.position);
      default:
        throw malformed(`wire type ${tag & 7}`, this.position);
    }
  }

  private skipGroup(number: number, end: number, depth: number): void {
    if (depth > DEPTH_LIMIT) throw tooDeep(this.position);
    for (;;) {
      if (this.position >= end) throw malformed('group without end', this.position);
      const tag = this.tag(end);
      if ((tag & 7) === END_GROUP) {
        if (tag >>> 3 !== number) throw malformed('end of another group', this.position);
        return;
      }
      this.skip(tag, end, depth);
    }
  }

  /** A varint of at most 32 bits in at most five bytes, unsigned. */
  private shortVarint(end: number, what: string): number {
    const start = this.position;
    let value = 0;
    for (let index = 0; index < 5; index += 1) {
      if (this.position >= end) throw malformed(`${what} past the end`, start);
      const byte = this.bytes[this.position] as number;
      this.position += 1;
      if (index === 4 && byte > 0x0f) break;
      value = (value | ((byte & 0x7f) << (7 * index))) >>> 0;
      if (byte < 0x80) return value;
    }
    throw malformed(`${what} of more than 32 bits`, start);
  }
}

function tooDeep(offset: number): PayloadFault {
  return new PayloadFault({ code: 'PAYLOAD_TOO_DEEP', detail: `nested more than ${DEPTH_LIMIT} deep`, offset });
}
