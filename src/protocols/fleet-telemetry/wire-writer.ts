import { BYTES, FIXED32, FIXED64, VARINT } from './wire.js';

const FIRST_SIZE = 512;
const NO_BUFFER = Buffer.alloc(0);

/** Writes protobuf's wire format into one growing buffer. Field numbers are those of this schema: tags take two bytes at most. */
export class WireWriter {
  private buffer = NO_BUFFER;
  private position = 0;

  /** A copy of what was written; what is written next begins anew. */
  finish(): Buffer {
    const written = Buffer.from(this.buffer.subarray(0, this.position));
    this.position = 0;
    return written;
  }

  /** A varint of 32 bits; negative numbers take ten bytes, as the wire format asks. */
  int32(field: number, value: number): void {
    this.reserve(12);
    this.tag(field, VARINT);
    if (value < 0) this.put64(BigInt.asUintN(64, BigInt(value)));
    else this.put32(value);
  }

  int64(field: number, value: number | bigint): void {
    this.reserve(12);
    this.tag(field, VARINT);
    if (typeof value === 'number' && value >= 0 && value <= 0xffff_ffff) this.put32(value);
    else this.put64(BigInt.asUintN(64, BigInt(value)));
  }

  bool(field: number, value: boolean): void {
    this.int32(field, value ? 1 : 0);
  }

  float(field: number, value: number): void {
    this.reserve(6);
    this.tag(field, FIXED32);
    this.position = this.buffer.writeFloatLE(value, this.position);
  }

  double(field: number, value: number): void {
    this.reserve(10);
    this.tag(field, FIXED64);
    this.position = this.buffer.writeDoubleLE(value, this.position);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.reserve(length + 7);
    this.tag(field, BYTES);
    this.put32(length);
    this.position += this.buffer.write(value, this.position);
  }

  /** A field whose content is what `write` writes. */
  message(field: number, write: () => void): void {
    this.reserve(7);
    this.tag(field, BYTES);
    const start = this.position + 1;
    this.position = start;
    write();
    const length = this.position - start;
    if (length >= 0x80) {
      // The length takes more than the byte that was left for it.
      const extra = lengthOfVarint(length) - 1;
      this.reserve(extra);
      this.buffer.copyWithin(start + extra, start, this.position);
    }
    this.position = start - 1;
    this.put32(length);
    this.position += length;
  }

  /** Bytes of the wire format that are already there. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    for (let index = start; index < end; index += 1) this.buffer[this.position++] = bytes[index] as number;
  }

  /** A varint without tag, as packed fields have them; not negative. */
  bareVarint(value: number): void {
    this.reserve(5);
    this.put32(value);
  }

  private tag(field: number, wireType: number): void {
    this.put32((field << 3) | wireType);
  }

  private put32(value: number): void {
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.buffer[this.position++] = (rest & 0x7f) | 0x80;
    this.buffer[this.position++] = rest;
  }

  private put64(value: bigint): void {
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.buffer[this.position++] = Number(rest & 0x7fn) | 0x80;
    this.buffer[this.position++] = Number(rest);
  }

  private reserve(size: number): void {
    if (this.position + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(FIRST_SIZE, this.buffer.length * 2, this.position + size));
    larger.set(this.buffer.subarray(0, this.position));
    this.buffer = larger;
  }
}

function lengthOfVarint(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length += 1;
  return length;
}
