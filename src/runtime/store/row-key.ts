/**
 * How a key stands in LMDB: any JavaScript string as its UTF-8 bytes, compared bytewise, so that keys sort by code
 * point and every string round-trips, NUL characters and unpaired surrogates included. lmdb's own encoding takes a
 * NUL in a key of 64 characters or more for the separator of an array.
 */

/** LMDB takes 1 978 bytes; some room is left. */
const LONGEST_KEY_BYTES = 1_900;

/** The shape that lmdb asks of a `keyEncoder`. */
export const rowKeyEncoder = { writeKey: writeRowKey, readKey: readRowKey };

/** Whether LMDB can hold a row of this key. */
export function isStorableKey(key: string): boolean {
  if (key.length * 3 <= LONGEST_KEY_BYTES) return key.length > 0;
  return key.length <= LONGEST_KEY_BYTES && keyBytes(key).length <= LONGEST_KEY_BYTES;
}

/** Order of two keys in LMDB: negative when `a` stands before `b`. */
export function compareRowKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const difference = a.charCodeAt(index) - b.charCodeAt(index);
    if (difference === 0) continue;
    // Code units and code points sort alike below the surrogates.
    if (a.charCodeAt(index) < 0xd800 || b.charCodeAt(index) < 0xd800) return difference;
    return Buffer.compare(keyBytes(a), keyBytes(b));
  }
  return a.length - b.length;
}

function keyBytes(key: string): Buffer {
  const bytes = Buffer.allocUnsafe(key.length * 3);
  return bytes.subarray(0, writeRowKey(key, bytes, 0));
}

function writeRowKey(key: string, target: Buffer, start: number): number {
  let position = start;
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    if (unit < 0x80) {
      target[position++] = unit;
      continue;
    }
    const point = key.codePointAt(index) ?? unit;
    if (point < 0x800) {
      target[position++] = 0xc0 | (point >> 6);
    } else if (point < 0x10000) {
      target[position++] = 0xe0 | (point >> 12);
      target[position++] = 0x80 | ((point >> 6) & 0x3f);
    } else {
      target[position++] = 0xf0 | (point >> 18);
      target[position++] = 0x80 | ((point >> 12) & 0x3f);
      target[position++] = 0x80 | ((point >> 6) & 0x3f);
      index++;
    }
    target[position++] = 0x80 | (point & 0x3f);
  }
  return position;
}

function readRowKey(source: Buffer, start: number, end: number): string {
  let position = start;
  while (position < end && (source[position] ?? 0) < 0x80) position++;
  let key = source.toString('latin1', start, position);
  while (position < end) {
    const lead = source[position++] ?? 0;
    let rest = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    let point = rest === 0 ? lead : lead & (0x3f >> rest);
    for (; rest > 0; rest--) point = (point << 6) | ((source[position++] ?? 0) & 0x3f);
    key += String.fromCodePoint(point);
  }
  return key;
}
