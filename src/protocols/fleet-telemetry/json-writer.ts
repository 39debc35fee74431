const FIRST_SIZE = 8192;
const LARGEST_KEPT = 1 << 20;

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const TILDE = 0x7e;

/**
 * Writes JSON text as bytes. One writer serves one record after the other, in the same buffer: joining strings and
 * encoding them afterwards costs as much as all the rest.
 */
export class JsonWriter {
  private buffer = Buffer.allocUnsafe(FIRST_SIZE);
  private length = 0;

  begin(): void {
    this.length = 0;
    if (this.buffer.length > LARGEST_KEPT) this.buffer = Buffer.allocUnsafe(FIRST_SIZE);
  }

  /** A copy of what was written since `begin`. */
  toBytes(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length));
  }

  toText(): string {
    return this.buffer.toString('utf8', 0, this.length);
  }

  /** Text of ASCII characters only, which is JSON already. */
  ascii(text: string): void {
    const { length } = text;
    this.reserve(length);
    const { buffer } = this;
    const to = this.length;
    for (let index = 0; index < length; index += 1) buffer[to + index] = text.charCodeAt(index);
    this.length = to + length;
  }

  /** As {@link ascii}, of bytes made beforehand. */
  piece(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The UTF-8 of `bytes` from `start` to `end` as a JSON string. */
  string(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start + 2);
    const { buffer } = this;
    let to = this.length;
    buffer[to++] = QUOTE;
    for (let position = start; position < end; position += 1) {
      const byte = bytes[position] as number;
      if (byte < SPACE || byte > TILDE || byte === QUOTE || byte === BACKSLASH) {
        this.escaped(JSON.stringify(bytes.toString('utf8', start, end)));
        return;
      }
      buffer[to++] = byte;
    }
    buffer[to++] = QUOTE;
    this.length = to;
  }

  /** Numbers that JSON lacks are strings, and minus zero keeps its sign (FT-JS-5). */
  number(value: number): void {
    if (!Number.isFinite(value)) this.ascii(`"${value}"`);
    else if (Object.is(value, -0)) this.ascii('-0');
    else this.ascii(String(value));
  }

  private escaped(json: string): void {
    this.reserve(Buffer.byteLength(json));
    this.length += this.buffer.write(json, this.length);
  }

  private reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + size));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
