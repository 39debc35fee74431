import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PayloadFault } from '../../../src/protocols/fleet-telemetry/payload-result.js';
import { WireReader } from '../../../src/protocols/fleet-telemetry/wire.js';

function reader(hex: string): WireReader {
  return new WireReader(Buffer.from(hex, 'hex'));
}

function refuses(hex: string, read: (reader: WireReader, end: number) => void, detail: RegExp): void {
  const subject = reader(hex);
  assert.throws(
    () => read(subject, subject.bytes.length),
    (fault) => fault instanceof PayloadFault && detail.test(fault.failure.detail),
    hex,
  );
}

describe('wire reader', () => {
  it('FT-PB-4 reads varints of up to 64 bits into halves', () => {
    const cases: [string, number, number][] = [
      ['00', 0, 0],
      ['7f', 127, 0],
      ['8001', 128, 0],
      ['ffffffff0f', -1, 0],
      ['8080808010', 0, 1],
      ['81808080808080 10'.replace(' ', ''), 1, 2 ** 21],
      ['ffffffffffffffffff01', -1, -1],
      ['80808080808080808001', 0, -(2 ** 31)],
    ];
    for (const [hex, low, high] of cases) {
      const subject = reader(hex);
      subject.varint(subject.bytes.length);
      assert.deepEqual([subject.low, subject.high, subject.position], [low, high, hex.length / 2], hex);
    }
  });

  it('FT-PB-2 refuses varints that are cut off or longer than 64 bits', () => {
    refuses('80', (subject, end) => subject.varint(end), /past the end/);
    refuses('ffffffffffffffffff02', (subject, end) => subject.varint(end), /64 bits/);
    refuses('ffffffffffffffffffff01', (subject, end) => subject.varint(end), /64 bits/);
    refuses('ffffffffffffffffffff01', (subject, end) => subject.skipVarint(end), /64 bits/);
  });

  it('FT-PB-2 refuses field number 0, numbers past 29 bits, and padding past five bytes', () => {
    refuses('00', (subject, end) => subject.tag(end), /field number 0/);
    refuses('8000', (subject, end) => subject.tag(end), /field number 0/);
    refuses('f8ffffff10', (subject, end) => subject.tag(end), /32 bits/);
    refuses('888080808000', (subject, end) => subject.tag(end), /32 bits/);
    const largest = reader('f8ffffff0f');
    assert.equal(largest.tag(5) >>> 3, 2 ** 29 - 1);
    const padded = reader('8a80808000');
    assert.equal(padded.tag(5), 10);
  });

  it('FT-PB-2 refuses lengths past the end', () => {
    refuses('0141'.slice(0, 2), (subject, end) => subject.lengthEnd(end), /past the end/);
    refuses('ffffffff0f', (subject, end) => subject.lengthEnd(end), /past the end/);
    refuses('', (subject, end) => subject.lengthEnd(end), /past the end/);
    const subject = reader('0241 42'.replace(' ', ''));
    assert.equal(subject.lengthEnd(3), 3);
    assert.equal(subject.position, 1);
  });

  it('FT-PB-1 skips fields of every wire type, and groups with what is in them', () => {
    for (const hex of ['0801', '090000000000000000', '0a0141', '0d00000000', '0b0c', '0b12014113140c', '0b0801 0c']) {
      const subject = reader(hex.replace(' ', ''));
      const end = subject.bytes.length;
      subject.skip(subject.tag(end), end, 0);
      assert.equal(subject.position, end, hex);
    }
  });

  it('FT-PB-2 refuses invalid wire types, stray and mismatched ends of groups', () => {
    const skip = (subject: WireReader, end: number): void => subject.skip(subject.tag(end), end, 0);
    refuses('0e00', skip, /wire type 6/);
    refuses('0f00', skip, /wire type 7/);
    refuses('0c', skip, /did not begin/);
    refuses('0b', skip, /without end/);
    refuses('0b14', skip, /another group/);
    refuses('09000000', skip, /past the end/);
    refuses('0d000000', skip, /past the end/);
  });

  it('FT-PB-2 follows groups 100 deep and no further', () => {
    const nested = (depth: number): string => '0b'.repeat(depth) + '0c'.repeat(depth);
    const subject = reader(nested(100));
    subject.skip(subject.tag(200), 200, 0);
    assert.equal(subject.position, 200);
    refuses(nested(101), (deep, end) => deep.skip(deep.tag(end), end, 0), /100 deep/);
    refuses('0b'.repeat(500_000), (deep, end) => deep.skip(deep.tag(end), end, 0), /100 deep/);
  });
});
