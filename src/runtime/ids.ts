import { createHash, randomUUID } from 'node:crypto';

/** The only source of randomness in Fleetchart, injected like the clock, so that tests and replays are exact (RT-10). */
export interface Ids {
  /** Uniform in [0, 1). Not for secrets. */
  uniform(): number;
  /** A random (version 4) UUID in lower case. */
  uuid(): string;
}

/** The ids of a running process. */
export const systemIds: Ids = {
  uniform: () => Math.random(),
  uuid: () => randomUUID(),
};

const WORD = 2 ** 32;

/** Ids that are the same for the same seed: an xorshift generator of 128 bits whose first state is the seed's hash. */
export function seededIds(seed: number | string): Ids {
  const hash = createHash('sha256').update(String(seed)).digest();
  let a = hash.readUInt32LE(0);
  let b = hash.readUInt32LE(4);
  let c = hash.readUInt32LE(8);
  // Never all zero: from there xorshift does not move.
  let d = hash.readUInt32LE(12) | 1;

  const word = (): number => {
    let t = d;
    t ^= t << 11;
    t ^= t >>> 8;
    d = c;
    c = b;
    b = a;
    a = (t ^ a ^ (a >>> 19)) >>> 0;
    return a;
  };

  return {
    uniform: () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / (WORD * 2 ** 21),
    uuid: () => {
      const bytes = Buffer.alloc(16);
      for (let offset = 0; offset < 16; offset += 4) bytes.writeUInt32LE(word(), offset);
      bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
      bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    },
  };
}
