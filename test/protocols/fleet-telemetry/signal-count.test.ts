import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAlerts, encodeErrors, encodeVehicleData } from '../../../src/protocols/fleet-telemetry/encode.js';
import { signalCount } from '../../../src/protocols/fleet-telemetry/signal-count.js';

describe('signalCount', () => {
  it('FT-MET-1 counts signals of V and alerts of alerts, and nothing else', () => {
    const data = [{ key: 'Soc', value: { intValue: 5 } }, { key: 'Soc' }, { key: 0 }];
    assert.equal(signalCount('V', encodeVehicleData({ data, createdAtMs: 1, vin: 'VIN' })), 3);
    assert.equal(signalCount('V', new Uint8Array(0)), 0);
    const alerts = [{ name: 'A' }, { name: 'B' }];
    assert.equal(signalCount('alerts', encodeAlerts({ alerts, createdAtMs: 1, vin: 'VIN' })), 2);
    const errors = [{ name: 'A' }];
    assert.equal(signalCount('errors', encodeErrors({ errors, createdAtMs: 1, vin: 'VIN' })), 0);
    assert.equal(signalCount('other', Buffer.from('0a000a00', 'hex')), 0);
  });

  it('FT-MET-1 counts no unknown field, and stops at a mistake', () => {
    assert.equal(signalCount('V', Buffer.from('0a00080109000000000000000012001a000a00', 'hex')), 2);
    assert.equal(signalCount('V', Buffer.from('0a000a000a05', 'hex')), 2);
  });
});
