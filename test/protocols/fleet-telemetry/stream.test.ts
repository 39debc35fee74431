import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeStream, vehicleMessage } from '../../../src/protocols/fleet-telemetry/index.js';
import { builtStream, randomStreamValues } from './built-frames.js';
import { Random } from './random.js';

test('FT-FB-1 FT-CLI-2 a stream is byte for byte what the general builder makes of 1000 random messages', () => {
  const random = new Random(24);
  for (let i = 0; i < 1000; i++) {
    const values = randomStreamValues(random);
    assert.deepEqual(Buffer.from(encodeStream(values)), Buffer.from(builtStream(values)), `message ${i}`);
  }
});

test('FT-CLI-2 text is sent as UTF-8, and absent optional fields as their defaults', () => {
  const message = {
    txid: 't-1',
    topic: 'é',
    senderId: 'vehicle_device.VIN0001',
    payload: Uint8Array.of(1, 2, 3),
    deviceType: 'vehicle_device',
    deviceId: 'VIN0001',
    createdAt: 1_700_000_000,
  };
  const bytes = (text: string) => Buffer.from(text, 'utf8');
  const expected = builtStream({
    ...message,
    txid: bytes('t-1'),
    topic: bytes('é'),
    messageId: bytes(''),
    senderId: bytes('vehicle_device.VIN0001'),
    deviceType: bytes('vehicle_device'),
    deviceId: bytes('VIN0001'),
    deliveredAtMs: 0,
  });
  assert.deepEqual(Buffer.from(encodeStream(message)), Buffer.from(expected));
});

test('FT-CLI-2 a creation time that does not fit the field is a programming error', () => {
  const message = vehicleMessage('VIN0001', { txid: 't', topic: 'V', payload: new Uint8Array(0), createdAtMs: 0 });
  for (const createdAt of [-1, 1.5, 2 ** 32, Number.NaN]) {
    assert.throws(() => encodeStream({ ...message, createdAt }), RangeError);
  }
  for (const deliveredAtMs of [-1, 1.5, 2 ** 53]) {
    assert.throws(() => encodeStream({ ...message, deliveredAtMs }), RangeError);
  }
});
