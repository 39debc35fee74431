import { seededIds } from '../../src/runtime/ids.js';

/** What stands out to parsers: numbers at their edges, what ends something, what is not what it seems. */
const AWKWARD = [
  '\0',
  '\r\n',
  '%',
  '%00',
  '%ff',
  '%2f',
  '..',
  '//',
  '\ud800',
  '\u{1f697}',
  '__proto__',
  'constructor',
  'NaN',
  '-1',
  '1e999',
  '99999999999999999999',
  '{}',
  '[]',
  'null',
  '"',
  "'",
  '<',
  '*',
  '+',
  '#',
  '$SYS/x',
  ' ',
  '\u0001',
] as const;

/** Bytes and texts that nobody means, the same for a seed each time. */
export class Noise {
  private readonly uniform: () => number;

  constructor(seed: number) {
    this.uniform = seededIds(seed).uniform;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  bytes(most: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(most + 1) }, () => this.below(256)));
  }

  text(most: number): string {
    let text = '';
    for (let parts = this.below(most + 1); parts > 0; parts--) {
      text += this.below(3) === 0 ? this.pick(AWKWARD) : this.bytes(6).toString('base64');
    }
    return text;
  }

  /** What is well-formed, with a few bytes changed, cut out, repeated or put in. */
  mangled(whole: Uint8Array): Buffer {
    let bytes = Buffer.from(whole);
    for (let changes = 1 + this.below(4); changes > 0; changes--) {
      const at = this.below(bytes.length + 1);
      const length = this.below(8);
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
      const how = this.below(6);
      if (how === 0) bytes = Buffer.concat([before, after.subarray(length)]);
      else if (how === 1) bytes = Buffer.concat([before, this.bytes(length), after]);
      else if (how === 2) bytes = Buffer.from(before);
      else if (how === 3) bytes = Buffer.concat([bytes, after]);
      else if (at < bytes.length) bytes[at] = this.pick([0, 1, 0x7f, 0x80, 0xff, this.below(256)]);
    }
    return bytes;
  }

  /** A value as JSON has them, now and then very deep. */
  json(depth = 4): unknown {
    switch (this.below(depth > 0 ? 8 : 5)) {
      case 0:
        return null;
      case 1:
        return this.below(2) === 0;
      case 2:
        return this.pick([0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, this.below(100)]);
      case 3:
      case 4:
        return this.text(3);
      case 5:
        return Array.from({ length: this.below(4) }, () => this.json(depth - 1));
      default:
        return Object.fromEntries(Array.from({ length: this.below(4) }, () => [this.text(2), this.json(depth - 1)]));
    }
  }
}
