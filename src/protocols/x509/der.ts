import type { X509Failure } from './types.js';

// A reader of DER for certificates. Invariants:
// 1. Every length is checked against the end of the element around it before a byte is read.
// 2. Nothing recurses: depth is that of the caller's code, cost is linear in the input.
// 3. Only `DerError` is thrown, and only to the decoder of this folder, which turns it into a result.

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of `[number] EXPLICIT` around something constructed. */
export function explicitTag(number: number): number {
  return 0xa0 | number;
}

export class DerError extends Error {
  constructor(
    readonly code: X509Failure['code'],
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** An element: its tag, and where its content stands. */
export interface Element {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

/** Reads the elements between two offsets one after another. */
export class DerReader {
  constructor(
    readonly bytes: Buffer,
    private at: number,
    private readonly end: number,
  ) {}

  static of(bytes: Buffer): DerReader {
    return new DerReader(bytes, 0, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** The content of `element` as a reader of its own. */
  inside(element: Element): DerReader {
    return new DerReader(this.bytes, element.contentStart, element.end);
  }

  /** The next element, which must be a `tag`. */
  expect(tag: number, what: string): Element {
    const element = this.next(what);
    if (element.tag !== tag) throw new DerError('X509_MALFORMED', `${what} has tag ${element.tag}`, element.start);
    return element;
  }

  /** The next element if it is a `tag`; else nothing is consumed. */
  optional(tag: number, what: string): Element | undefined {
    return !this.isAtEnd && this.bytes[this.at] === tag ? this.next(what) : undefined;
  }

  next(what: string): Element {
    const start = this.at;
    const tag = this.byte(start, what);
    if ((tag & 0x1f) === 0x1f) throw new DerError('X509_MALFORMED', `${what} has a tag of several bytes`, start);
    const first = this.byte(start + 1, what);
    let contentStart = start + 2;
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4) throw new DerError('X509_MALFORMED', `${what} has a length not of DER`, start + 1);
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + this.byte(contentStart + i, what);
      contentStart += count;
      if (length < 0x80) throw new DerError('X509_MALFORMED', `${what} has a length not of DER`, start + 1);
    }
    const end = contentStart + length;
    if (end > this.end) throw new DerError('X509_TRUNCATED', `${what} ends behind what holds it`, start);
    this.at = end;
    return { tag, start, contentStart, end };
  }

  /** Refuses anything behind the last element. */
  finish(what: string): void {
    if (!this.isAtEnd) throw new DerError('X509_MALFORMED', `bytes behind ${what}`, this.at);
  }

  private byte(offset: number, what: string): number {
    const value = offset < this.end ? this.bytes[offset] : undefined;
    if (value === undefined) throw new DerError('X509_TRUNCATED', `${what} is cut short`, offset);
    return value;
  }
}
