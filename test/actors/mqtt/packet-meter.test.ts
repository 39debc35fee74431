import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPacketMeter } from '../../../src/actors/mqtt/packet-meter.js';
import { seededIds } from '../../../src/runtime/ids.js';

/** A PUBLISH with a body of `bodyBytes`. */
function packet(bodyBytes: number): Buffer {
  const length: number[] = [];
  let left = bodyBytes;
  do {
    length.push((left % 128) | (left > 127 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(bodyBytes, 0xff)]);
}

describe('the packet meter', () => {
  it('MQT-3 lets packets up to the limit through, however they are cut', () => {
    const { uniform } = seededIds('packet meter');
    const packets = [0, 1, 127, 128, 16_383, 16_384, 1_000].map(packet);
    const limit = Math.max(...packets.map(({ length }) => length));
    const stream = Buffer.concat(packets);
    for (let round = 0; round < 200; round++) {
      const meter = createPacketMeter(limit);
      for (let at = 0; at < stream.length; ) {
        const next = at + Math.floor(uniform() ** 4 * 5_000);
        assert.equal(meter.take(stream.subarray(at, next)), undefined);
        at = next;
      }
    }
  });

  it('MQT-3 finds a packet over the limit when its length is complete', () => {
    const tooLarge = packet(1_000);
    const meter = createPacketMeter(tooLarge.length - 1);
    assert.equal(meter.take(packet(900)), undefined);
    assert.equal(meter.take(tooLarge.subarray(0, 2)), undefined);
    assert.equal(meter.take(tooLarge.subarray(2, 3)), 'packet_too_large');
  });

  it('MQT-3 finds it in the middle of a chunk', () => {
    const meter = createPacketMeter(1_024);
    assert.equal(meter.take(Buffer.concat([packet(3), packet(500), packet(2_000), packet(1)])), 'packet_too_large');
  });

  it('finds a length of more than four bytes', () => {
    const meter = createPacketMeter(2 ** 28);
    assert.equal(meter.take(Buffer.from([0x30, 0xff, 0xff, 0xff])), undefined);
    assert.equal(meter.take(Buffer.from([0xff])), 'malformed_length');
  });

  it('takes the longest length that there is', () => {
    assert.equal(createPacketMeter(2 ** 29).take(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])), undefined);
  });
});
