// Payloads written by hand, in hexadecimal.

/** A field with a length: its tag, and the parts of its content. */
export function field(tag: string, ...parts: string[]): string {
  const content = parts.join('');
  return `${tag}${varint(content.length / 2)}${content}`;
}

export function varint(value: number | bigint): string {
  let rest = BigInt.asUintN(64, BigInt(value));
  let hex = '';
  for (; rest >= 0x80n; rest >>= 7n) hex += (Number(rest & 0x7fn) | 0x80).toString(16);
  return hex + Number(rest).toString(16).padStart(2, '0');
}

export function hexOf(text: string): string {
  return Buffer.from(text).toString('hex');
}

export function bytes(...parts: string[]): Buffer {
  return Buffer.from(parts.join(''), 'hex');
}
