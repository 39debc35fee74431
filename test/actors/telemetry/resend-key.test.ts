import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resendKey } from '../../../src/actors/telemetry/resend-key.js';

const key = (payload: string, txid = 'tx', vehicle = 'VIN1', topic = 'V'): string | undefined =>
  resendKey(vehicle, topic, Buffer.from(txid), Buffer.from(payload));

test('FT-ACK-3 FT-AUTH-5 a record is named by vehicle, topic, txid and payload, and no other has its name', () => {
  assert.equal(key('same'), key('same'));
  // These have one CRC-32.
  assert.notEqual(key('plumless'), key('buckeroo'));
  assert.notEqual(key('same'), key('same', 'other'));
  assert.notEqual(key('same'), key('same', 'tx', 'VIN2'));
  assert.notEqual(key('same'), key('same', 'tx', 'VIN1', 'alerts'));
});

test('FT-ACK-3 without a txid, or with a name that cannot be kept, there is no key', () => {
  assert.equal(key('same', ''), undefined);
  assert.equal(key('same', 'tx', 'V\u00cdN'), undefined);
  assert.equal(key('same', 'tx', 'V'.repeat(129)), undefined);
});
