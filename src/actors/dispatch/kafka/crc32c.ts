/** CRC-32C (RFC 3720, appendix B.4), four bytes at a time. */

/** Bits in reverse. */
const POLYNOMIAL = 0x82f63b78;

/** Entry `256 * n + byte`: what a byte does that is followed by `n` others. */
const TABLE = new Int32Array(4 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  TABLE[byte] = crc;
}
for (let at = 256; at < TABLE.length; at++) {
  const before = TABLE[at - 256] as number;
  TABLE[at] = (before >>> 8) ^ (TABLE[before & 0xff] as number);
}

/** Unsigned. `before` is the sum of the bytes in front of these. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const { length } = bytes;
  const table = TABLE;
  let crc = ~before;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (table[768 + (crc & 0xff)] as number) ^
      (table[512 + ((crc >>> 8) & 0xff)] as number) ^
      (table[256 + ((crc >>> 16) & 0xff)] as number) ^
      (table[crc >>> 24] as number);
  }
  for (; at < length; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
