import type { HandshakeFailure } from './types.js';

/** Only thrown to the decoder of this folder, which turns it into a result. */
export class HandshakeReadError extends Error {
  constructor(
    readonly code: HandshakeFailure['code'],
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** Numbers and vectors of TLS (RFC 8446 §3), each checked against the end of what is around it. */
export class Reader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  get left(): number {
    return this.end - this.at;
  }

  number(length: 1 | 2 | 3, what: string): number {
    const at = this.take(length, what);
    return this.bytes.readUIntBE(at, length);
  }

  /** Bytes behind a length of so many bytes. */
  vector(lengthBytes: 1 | 2 | 3, what: string): Reader {
    const length = this.number(lengthBytes, what);
    const at = this.take(length, what);
    return new Reader(this.bytes, at, at + length);
  }

  fixed(length: number, what: string): Buffer {
    const at = this.take(length, what);
    return this.bytes.subarray(at, at + length);
  }

  rest(): Buffer {
    return this.fixed(this.left, 'rest');
  }

  private take(length: number, what: string): number {
    const { at } = this;
    if (at + length > this.end) throw new HandshakeReadError('TLS_TRUNCATED', `${what} ends too early`, at);
    this.at += length;
    return at;
  }
}
