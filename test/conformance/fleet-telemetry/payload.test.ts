import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeRecord,
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
  exactInteger,
  preparePayload,
  type Timestamp,
  type Value,
  type ValueInput,
} from '../../../src/protocols/fleet-telemetry/records.js';
import { bytes, field, hexOf } from '../../protocols/fleet-telemetry/hex.js';

const VIN = '5YJ3E1EA7KF000001';
const VIN_HEX = `1a11${hexOf(VIN)}`;

function prepare(topic: string, payload: Uint8Array | string, vin = VIN): Buffer {
  const input = typeof payload === 'string' ? bytes(payload) : payload;
  const result = preparePayload(topic, input, vin);
  assert.ok(result.ok, result.ok ? '' : result.error.detail);
  return Buffer.from(result.value);
}

function prepareHex(topic: string, payload: string): string {
  return prepare(topic, payload).toString('hex');
}

function refused(topic: string, payload: string, code: string): void {
  const result = preparePayload(topic, bytes(payload), VIN);
  assert.ok(!result.ok, payload);
  assert.equal(result.error.code, code, payload);
}

/** The values of a V record after preparation, in order. */
function values(...data: { key: string; value?: ValueInput }[]): (Value | null)[] {
  const record = decodeRecord('V', prepare('V', encodeVehicleData({ data, createdAtMs: 0, vin: VIN })));
  assert.ok(record.ok && record.value.topic === 'V');
  return record.value.message.data.map(({ value }) => value && { ...value });
}

function valueAfter(key: string, value: ValueInput): Value | null | undefined {
  return values({ key, value })[0];
}

describe('payloads of known topics', () => {
  it('FT-PB-1 unknown fields, members, enum numbers and groups survive at every level', () => {
    const unknown = [
      field('ea04', hexOf('abc')), // field 77 in Payload
      field('0a', '088f4e', field('12', '2801')), // Field 9999
      field('0a', '0804', field('12', field('ba3e', hexOf('abc')))), // member 999 in Value
      field('0a', '0804', field('12', '4a020801')), // a known member with another wire type
      field('0a', '0804', 'f80701', '1200'), // field 127 in Datum
      '0b08010c', // a group where a list is known
    ];
    for (const hex of unknown) {
      assert.equal(prepareHex('V', `${hex}${VIN_HEX}`), `${hex}${VIN_HEX}`);
      assert.equal(prepareHex('V', hex), `${hex}${VIN_HEX}`);
    }
  });

  it('FT-PB-1 unknown fields survive beside a value that is rewritten', () => {
    const around = (member: string): string =>
      field('0a', '7801', '0815', field('12', '980601', member, '900601'), '7002');
    const text = field('0a', hexOf('(1 N, 2 E)'));
    const position = field('3a', '09000000000000f03f', '110000000000000040');
    assert.equal(prepareHex('V', around(text)), `${around(position)}${VIN_HEX}`);
  });

  it('FT-PB-2 refuses what is not a message of the topic', () => {
    for (const topic of ['V', 'alerts', 'errors', 'connectivity']) {
      for (const payload of ['ff', '00', '0a05', '0a01ff', '07', '0c', '0b', '8080808080808080808001']) {
        if (topic === 'connectivity' && payload === '0a01ff') refused(topic, payload, 'PAYLOAD_NOT_UTF8');
        else refused(topic, payload, 'PAYLOAD_MALFORMED');
      }
    }
    refused('V', `7b${'7b'.repeat(200)}`, 'PAYLOAD_TOO_DEEP');
  });

  it('FT-PB-2 looks into every known message', () => {
    for (const payload of [
      field('0a', field('12', '0a05')), // a text past its value
      field('0a', field('12', '2500')), // half a float
      field('0a', field('12', field('3a', '09'))), // half a latitude
      field('0a', field('12', field('aa01', '08'))), // a door without state
      field('12', '08'), // a time without seconds
      '2080', // half a flag
    ]) {
      refused('V', payload, 'PAYLOAD_MALFORMED');
    }
    refused('alerts', field('0a', field('12', '80')), 'PAYLOAD_MALFORMED'); // half an audience
    refused('alerts', field('0a', field('1a', '08')), 'PAYLOAD_MALFORMED'); // half a time
    refused('errors', field('0a', field('1a', '0a05')), 'PAYLOAD_MALFORMED'); // a tag name past its entry
  });

  it('FT-PB-2 refuses text that is not UTF-8, in every known field', () => {
    const texts: [string, string][] = [
      ['V', '1a01ff'],
      ['V', field('0a', field('12', '0a01ff'))],
      ['alerts', '1a01ff'],
      ['alerts', field('0a', '0a01ff')],
      ['errors', '1a01ff'],
      ['errors', field('0a', '1201ff')],
      ['errors', field('0a', '2201ff')],
      ['errors', field('0a', field('1a', '0a01ff'))],
      ['errors', field('0a', field('1a', '1201ff'))],
      ['connectivity', '0a01ff'],
      ['connectivity', '1201ff'],
      ['connectivity', '2a01ff'],
    ];
    for (const [topic, payload] of texts) refused(topic, payload, 'PAYLOAD_NOT_UTF8');
    // Unknown fields are bytes.
    assert.equal(prepareHex('V', 'ea0401ff'), `ea0401ff${VIN_HEX}`);
  });

  it('FT-PB-3 an empty payload is a message, and becomes the VIN alone', () => {
    assert.equal(prepareHex('V', ''), VIN_HEX);
    assert.equal(prepareHex('alerts', ''), VIN_HEX);
    assert.equal(prepareHex('errors', ''), VIN_HEX);
    assert.equal(prepareHex('connectivity', ''), `0a${VIN_HEX.slice(2)}`);
  });

  it('FT-PB-4 integers of 64 bits keep every digit', () => {
    for (const long of [9_007_199_254_740_993n, -9_007_199_254_740_993n, 2n ** 63n - 1n, -(2n ** 63n), 0n, -1n]) {
      const value = valueAfter('Odometer', { longValue: long });
      assert.ok(value?.longValue !== undefined);
      assert.equal(BigInt(exactInteger(value.longValue)), long);
    }
  });

  it('FT-PB-6 of several members, values and scalars the last wins; messages merge', () => {
    const cases: [string, Value | null][] = [
      [field('0a', '0804', field('12', '1005', '2801', '1007')), { intValue: 7 }],
      [field('0a', '0804', field('12', '1005'), field('12', field('0a', hexOf('A')))), { stringValue: 'A' }],
      [field('0a', '0804', field('12', '1005'), field('12', '')), { intValue: 5 }],
      [field('0a', '0804', field('12', '1005', field('0a', hexOf('1.0e1')))), { stringValue: '10.00000' }],
      [field('0a', '0804', field('12', '')), {}],
      [field('0a', '0804'), null],
    ];
    for (const [payload, expected] of cases) {
      const record = decodeRecord('V', prepare('V', payload));
      assert.ok(record.ok && record.value.topic === 'V');
      const [datum] = record.value.message.data;
      assert.deepEqual(datum?.value && { ...datum.value }, expected, payload);
    }
    // Location {latitude 1}, then {longitude 2}: one location of both.
    const halves = [field('3a', '09000000000000f03f'), field('3a', '110000000000000040')];
    const merged = field('0a', '0815', field('12', ...halves));
    const record = decodeRecord('V', prepare('V', merged));
    assert.ok(record.ok && record.value.topic === 'V');
    const location = record.value.message.data[0]?.value?.locationValue;
    assert.deepEqual({ ...location }, { latitude: 1, longitude: 2 });
  });

  it('FT-TX-1 the VIN of the certificate replaces whatever the message says', () => {
    for (const vin of ['OTHER', '', 'é']) {
      const payload = encodeVehicleData({ data: [], createdAtMs: 0, vin });
      assert.equal(prepare('V', payload).toString('hex'), `1200${VIN_HEX}`);
    }
    assert.equal(prepareHex('V', `1a014120011a0142${VIN_HEX}1a0143`), `2001${VIN_HEX}`);
    assert.equal(prepareHex('connectivity', '0a01411801'), `18010a${VIN_HEX.slice(2)}`);
    assert.equal(prepare('V', Buffer.from('1a0141', 'hex'), '').length, 0);
    const alerts = prepare('alerts', encodeAlerts({ alerts: [], createdAtMs: 0, vin: 'OTHER' }));
    assert.equal(alerts.toString('hex'), `1200${VIN_HEX}`);
    const errors = prepare('errors', encodeErrors({ errors: [], createdAtMs: 0, vin: 'OTHER' }));
    assert.equal(errors.toString('hex'), `1200${VIN_HEX}`);
  });

  it('FT-TX-2 the text of the first Location becomes a position', () => {
    const text = { stringValue: '(37.412374 N, 122.145867 W)' };
    const position = { latitude: 37.412374, longitude: -122.145867 };
    const [speed, first, second, origin] = values(
      { key: 'VehicleSpeed', value: text },
      { key: 'Location', value: text },
      { key: 'Location', value: text },
      { key: 'OriginLocation', value: text },
    );
    assert.deepEqual({ ...first?.locationValue }, position);
    for (const other of [speed, second, origin]) assert.deepEqual(other, text);
    assert.equal(first?.stringValue, undefined);
  });

  it('FT-TX-2 only the first Location is looked at, even if it is no text or no position', () => {
    const text = { stringValue: '(37.412374 N, 122.145867 W)' };
    for (const first of [{ invalid: true }, { stringValue: '' }, { stringValue: '(37.4N, 122.1W)' }]) {
      assert.deepEqual(values({ key: 'Location', value: first }, { key: 'Location', value: text }), [first, text]);
    }
    assert.deepEqual(values({ key: 'Location' }, { key: 'Location', value: text }), [null, text]);
  });

  it('FT-TX-2 a key after its value counts, and a number of which only 32 bits are 21', () => {
    for (const key of ['0815', '089580808010']) {
      const payload = field('0a', field('12', field('0a', hexOf('(1 N, 2 E)'))), key);
      const record = decodeRecord('V', prepare('V', payload));
      assert.ok(record.ok && record.value.topic === 'V');
      assert.deepEqual({ ...record.value.message.data[0]?.value?.locationValue }, { latitude: 1, longitude: 2 });
    }
  });

  it('FT-TX-3 texts that are numbers with point and exponent become float32 with five decimals', () => {
    const cases = [
      ['1.1920928955078125e-05', '0.00001'],
      ['1.23e-9', '0.00000'],
      ['1.1e10', '11000000512.00000'],
      ['-.5e-3', '-0.00050'],
      ['5.e2', '500.00000'],
      ['1.0e40', '1.0e40'],
      ['1e-5', '1e-5'],
      ['0.00000012', '0.00000012'],
      ['3', '3'],
    ] as const;
    for (const [text, expected] of cases) {
      for (const key of ['PackVoltage', 'Location']) {
        assert.deepEqual(valueAfter(key, { stringValue: text }), { stringValue: expected });
      }
    }
  });

  it('FT-TX-4 times of alerts in milliseconds become seconds and nanoseconds', () => {
    const times = (startedAtMs: number, endedAtMs?: number): (Timestamp | null)[] => {
      const alert = { name: 'A1', startedAtMs, ...(endedAtMs !== undefined && { endedAtMs }) };
      const payload = encodeAlerts({ alerts: [alert], createdAtMs: 1_700_000_000_123_000, vin: VIN });
      const record = decodeRecord('alerts', prepare('alerts', payload));
      assert.ok(record.ok && record.value.topic === 'alerts');
      const { alerts, createdAt } = record.value.message;
      return [alerts[0]?.startedAt ?? null, alerts[0]?.endedAt ?? null, createdAt];
    };
    const plain = (time: Timestamp | null | undefined): unknown => time && [exactInteger(time.seconds), time.nanos];

    // The encoder takes milliseconds, so a thousand times as many are milliseconds in the place of seconds.
    const [started, ended, created] = times(1_700_000_000_123_000, 315_576_000_000_000).map(plain);
    assert.deepEqual(started, [1_700_000_000, 123_000_000]);
    assert.deepEqual(ended, [315_576_000, 0]);
    assert.deepEqual(created, [1_700_000_000_123, 0]);
    assert.deepEqual(plain(times(315_575_999_999_500)[0]), [315_575_999_999, 500_000_000]);
    assert.deepEqual(plain(times(1_700_000_000_123_456)[0]), [1_700_000_000, 123_000_000]);
    assert.equal(times(1)[1], null);
  });

  it('FT-TX-4 alerts whose times are seconds are not touched', () => {
    const alerts = [{ name: 'A1', startedAtMs: 1_700_000_000_000, audiences: ['Customer' as const] }];
    const payload = encodeAlerts({ alerts, createdAtMs: 0, vin: VIN });
    assert.equal(prepare('alerts', payload).toString('hex'), Buffer.from(payload).toString('hex'));
  });

  it('FT-TX-5 any other topic passes through byte-identical', () => {
    for (const topic of ['v', 'metrics', '', 'vehicle', '__proto__', 'constructor']) {
      const payload = Buffer.from('ff00ff', 'hex');
      const result = preparePayload(topic, payload, VIN);
      assert.ok(result.ok && result.value === payload, topic);
    }
  });

  it('FT-CON-2 the server-made record has the facts of the connection', () => {
    const payload = encodeConnectivity({
      vin: VIN,
      connectionId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      status: 'CONNECTED',
      createdAtMs: 1_700_000_000_120,
      networkInterface: 'wifi',
    });
    assert.equal(
      Buffer.from(payload).toString('hex'),
      `0a11${hexOf(VIN)}` +
        `1224${hexOf('6ba7b810-9dad-11d1-80b4-00c04fd430c8')}` +
        '1801' +
        '220b0880e2cfaa0610809c9c39' +
        `2a04${hexOf('wifi')}`,
    );
  });
});
