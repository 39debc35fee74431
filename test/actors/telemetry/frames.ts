import assert from 'node:assert/strict';

/** The payloads of unmasked frames, read as RFC 6455 §5.2 says. */
export function payloadsOf(bytes: Buffer): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    assert.equal(bytes[at], 0x82, 'one final binary frame');
    const short = bytes[at + 1] as number;
    assert.ok(short < 128, 'not masked');
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    payloads.push(bytes.subarray(at + head, at + head + length));
    at += head + length;
  }
  return payloads;
}
