import { MESSAGES, TEXT_MAP, TIMESTAMP } from '../../../src/protocols/fleet-telemetry/messages.js';

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TEXTS = [
  '',
  'text',
  '12.345',
  '1.1920928955078125e-05',
  '1.1e10',
  '-.5e-3',
  '5.e2',
  '1.0e40',
  '1e-5',
  '(37.412374 N, 122.145867 W)',
  '(-37.4 S, 1 E) and more',
  '(37.4N, 122.1W)',
  'grün ✓ 🚗',
  'quote " backslash \\ line\n',
  '__proto__',
  '\u0000\u007f',
];

const FIELD_KEYS = [21, 21, 4, 10, 39, 179, 259, 9999];

const TIMES = [0n, 1n, -1n, 1_700_000_000n, 315_575_999_999n, 315_576_000_000n, 1_700_000_000_123n, 2n ** 63n - 1n];

/**
 * Payloads of a message on the wire, mostly well-formed, but with all that a sender may do: fields in any order, several
 * times or not at all, unknown fields and groups, wrong wire types, padded varints, now and then a broken text.
 */
export class RecordGenerator {
  constructor(private readonly random: () => number) {}

  message(name: string, depth = 0): Buffer {
    const fields = MESSAGES[name]?.fields ?? [];
    const parts: Buffer[] = [];
    const count = name === 'Value' ? this.pick([0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3]) : this.below(fields.length + 2);
    for (let index = 0; index < count; index += 1) {
      const [number, , type, form] = fields[this.below(fields.length)] ?? [1, '', 'bool'];
      const roll = this.random();
      if (roll < 0.03) parts.push(this.anything(this.pick([number, 20, 77, 999, 15, 16, 536_870_911]), depth));
      else parts.push(this.field(number, type, form === 'repeated', depth));
    }
    return Buffer.concat(parts);
  }

  /** The bytes with some of them changed, cut out, put in or cut off. */
  mutated(bytes: Buffer): Buffer {
    const result = Buffer.from(bytes);
    const at = this.below(result.length + 1);
    switch (this.below(5)) {
      case 0:
        return result.subarray(0, at);
      case 1:
        return Buffer.concat([
          result.subarray(0, at),
          result.subarray(Math.min(result.length, at + 1 + this.below(4))),
        ]);
      case 2:
        return Buffer.concat([result.subarray(0, at), this.noise(1 + this.below(8)), result.subarray(at)]);
      case 3:
        for (let times = this.below(4); times >= 0; times -= 1) {
          if (result.length > 0) result[this.below(result.length)] = this.below(256);
        }
        return result;
      default:
        if (result.length > 0) {
          const position = this.below(result.length);
          result[position] = (result[position] as number) ^ (1 << this.below(8));
        }
        return result;
    }
  }

  noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private field(number: number, type: string, isRepeated: boolean, depth: number): Buffer {
    if (type === 'string') return this.bytes(number, this.text());
    if (type === 'float') return Buffer.concat([this.tag(number, 5), this.float()]);
    if (type === 'double') return Buffer.concat([this.tag(number, 1), this.double()]);
    if (type === TEXT_MAP) return this.bytes(number, this.mapEntry());
    if (type === TIMESTAMP) return this.bytes(number, this.timestamp());
    if (MESSAGES[type] !== undefined) return this.bytes(number, this.message(type, depth + 1));
    if (isRepeated && this.random() < 0.7) {
      return this.bytes(number, Buffer.concat(Array.from({ length: this.below(4) }, () => this.varint(this.number()))));
    }
    const value = type === 'Field' ? BigInt(this.pick(FIELD_KEYS)) : this.number();
    return Buffer.concat([this.tag(number, 0), this.varint(value)]);
  }

  private mapEntry(): Buffer {
    const parts: Buffer[] = [];
    for (let count = this.below(4); count > 0; count -= 1) parts.push(this.bytes(1 + this.below(2), this.text()));
    return Buffer.concat(parts);
  }

  private timestamp(): Buffer {
    const parts: Buffer[] = [];
    for (let count = this.below(3); count > 0; count -= 1) {
      parts.push(
        this.random() < 0.6
          ? Buffer.concat([this.tag(1, 0), this.varint(this.pick(TIMES))])
          : Buffer.concat([this.tag(2, 0), this.varint(BigInt(this.pick([0, 1, 120_000_000, 999_999_999, -1])))]),
      );
    }
    return Buffer.concat(parts);
  }

  /** A field of any wire type, with groups. */
  private anything(number: number, depth: number): Buffer {
    switch (this.below(depth < 6 ? 5 : 4)) {
      case 0:
        return Buffer.concat([this.tag(number, 0), this.varint(this.number())]);
      case 1:
        return Buffer.concat([this.tag(number, 1), this.noise(8)]);
      case 2:
        return this.bytes(number, this.noise(this.below(6)));
      case 3:
        return Buffer.concat([this.tag(number, 5), this.noise(4)]);
      default:
        return Buffer.concat([this.tag(number, 3), this.anything(this.below(30) + 1, depth + 1), this.tag(number, 4)]);
    }
  }

  private text(): Buffer {
    const text = Buffer.from(this.pick(TEXTS));
    return this.random() < 0.005 ? Buffer.concat([text, this.noise(2)]) : text;
  }

  private number(): bigint {
    return this.pick([
      0n,
      1n,
      5n,
      BigInt(this.below(300)),
      BigInt(this.below(2 ** 31)),
      -1n,
      -BigInt(this.below(2 ** 31)),
      9_007_199_254_740_993n,
      -(2n ** 63n),
      2n ** 32n + 5n,
    ]);
  }

  private float(): Buffer {
    const bytes = Buffer.alloc(4);
    const value = this.pick([0, -0, 12.3, 1e-7, 1e21, Number.NaN, Infinity, -Infinity, this.random() * 1000]);
    if (this.random() < 0.3) return this.noise(4);
    bytes.writeFloatLE(value);
    return bytes;
  }

  private double(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(this.pick([0, -0, 37.412374, -122.145867, 1e-7, 1e21, Number.NaN, Infinity, this.random()]));
    return bytes;
  }

  private bytes(number: number, content: Buffer): Buffer {
    return Buffer.concat([this.tag(number, 2), this.varint(BigInt(content.length), 5), content]);
  }

  private tag(number: number, wireType: number): Buffer {
    return this.varint(BigInt(number) * 8n + BigInt(wireType), 5);
  }

  /** Now and then padded, to at most `limit` bytes. */
  private varint(value: bigint, limit = 10): Buffer {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    if (this.random() < 0.01 && bytes.length < limit) {
      bytes[bytes.length - 1] = (bytes.at(-1) as number) | 0x80;
      bytes.push(0);
    }
    return Buffer.from(bytes);
  }
}
