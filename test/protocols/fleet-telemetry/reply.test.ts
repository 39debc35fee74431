import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeAck, encodeError } from '../../../src/protocols/fleet-telemetry/index.js';
import { builtAck, builtStream } from './built-frames.js';
import { Random } from './random.js';

const NOTHING = new Uint8Array(0);

test('FT-FB-5 acks of any lengths are byte for byte what the general builder makes', () => {
  const random = new Random(23);
  for (let i = 0; i < 1000; i++) {
    const txid = random.bytes(i < 900 ? 40 : 3000);
    const topic = random.bytes(i < 900 ? 14 : 3000);
    assert.deepEqual(Buffer.from(encodeAck(txid, topic)), Buffer.from(builtAck(txid, topic)), `reply ${i}`);
  }
});

test('FT-FB-4 errors of any length are byte for byte what the general builder makes', () => {
  const random = new Random(22);
  for (let i = 0; i < 1000; i++) {
    const txid = random.bytes(i < 900 ? 40 : 3000);
    const expected = builtStream({
      txid,
      topic: NOTHING,
      messageId: NOTHING,
      senderId: NOTHING,
      payload: Buffer.from('incorrect message format'),
      deviceType: NOTHING,
      deviceId: NOTHING,
      createdAt: 0,
      deliveredAtMs: 0,
    });
    assert.deepEqual(Buffer.from(encodeError(txid)), Buffer.from(expected), `reply ${i}`);
  }
});
