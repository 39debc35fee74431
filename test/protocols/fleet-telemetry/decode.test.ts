import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRecord } from '../../../src/protocols/fleet-telemetry/decode.js';
import { encodeVehicleData } from '../../../src/protocols/fleet-telemetry/encode.js';
import { bytes, field } from './hex.js';

describe('decodeRecord', () => {
  it('FT-PB-6 a value shows the member that is set, be it a default, and no other', () => {
    const data = [{ key: 'Soc', value: { intValue: 0 } }, { key: 'Soc', value: {} }, { key: 'Soc' }];
    const record = decodeRecord('V', encodeVehicleData({ data, createdAtMs: 0, vin: '' }));
    assert.ok(record.ok && record.value.topic === 'V');
    const [zero, empty, none] = record.value.message.data.map(({ value }) => value);
    assert.equal(zero?.intValue, 0);
    for (const member of ['stringValue', 'booleanValue', 'locationValue', 'longValue', 'shiftStateValue'] as const) {
      assert.equal(zero?.[member], undefined, member);
      assert.equal(empty?.[member], undefined, member);
    }
    assert.equal(none, null);
  });

  it('FT-PB-3 what is not set has its default', () => {
    const empty = new Uint8Array(0);
    const record = decodeRecord('V', empty);
    assert.ok(record.ok && record.value.topic === 'V');
    const { data, createdAt, vin, isResend } = record.value.message;
    assert.deepEqual(
      { data: [...data], createdAt, vin, isResend },
      { data: [], createdAt: null, vin: '', isResend: false },
    );
    const alerts = decodeRecord('alerts', bytes('0a00'));
    assert.ok(alerts.ok && alerts.value.topic === 'alerts');
    const [alert] = alerts.value.message.alerts;
    assert.deepEqual([alert?.name, alert?.audiences.length, alert?.startedAt], ['', 0, null]);
  });

  it('FT-PB-6 reads values of several members as the last of them, before and after preparation alike', () => {
    const payload = bytes(field('0a', '0808', field('12', '1005', '3001'), field('12', '1007')));
    const record = decodeRecord('V', payload);
    assert.ok(record.ok && record.value.topic === 'V');
    assert.deepEqual({ ...record.value.message.data[0]?.value }, { intValue: 7 });
  });

  it('FT-PB-2 refuses what is malformed, and topics without a message', () => {
    const malformed = decodeRecord('V', bytes('0a05'));
    assert.deepEqual(malformed, {
      ok: false,
      error: { code: 'PAYLOAD_MALFORMED', detail: 'length past the end', offset: 2 },
    });
    const unknown = decodeRecord('metrics', bytes(''));
    assert.ok(!unknown.ok && unknown.error.code === 'PAYLOAD_TOPIC_UNKNOWN');
  });
});
