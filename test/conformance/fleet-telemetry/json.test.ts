import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DatumInput,
  decodedJson,
  decodedPayload,
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
  type ValueInput,
} from '../../../src/protocols/fleet-telemetry/records.js';
import { bytes, field, hexOf, varint } from '../../protocols/fleet-telemetry/hex.js';

const AT_MS = 1_700_000_000_120;
const AT = '2023-11-14T22:13:20.120Z';

function text(topic: string, payload: Uint8Array): string {
  const result = decodedJson(topic, payload);
  assert.ok(result.ok, result.ok ? '' : result.error.detail);
  return result.value;
}

function json(topic: string, payload: Uint8Array): unknown {
  return JSON.parse(text(topic, payload));
}

/** The text of one value. */
function valueText(value: ValueInput): string {
  const all = text('V', encodeVehicleData({ data: [{ key: 'Soc', value }], createdAtMs: 0, vin: '' }));
  return all.slice(
    '{"data":[{"key":"Soc","value":'.length,
    -'}],"createdAt":"1970-01-01T00:00:00Z","vin":"","isResend":false}'.length,
  );
}

/** The JSON of a time, of any seconds and nanoseconds. */
function timeResult(seconds: number | bigint, nanos: number): ReturnType<typeof decodedJson> {
  return decodedJson('V', bytes(field('12', '08', varint(seconds), '10', varint(nanos))));
}

describe('records as JSON', () => {
  it('FT-JS-1 the samples of the specification', () => {
    const data: DatumInput[] = [
      { key: 'VehicleSpeed', value: { floatValue: 12.3 } },
      { key: 'OutsideTemp', value: { invalid: true } },
      { key: 'Gear', value: { shiftStateValue: 'ShiftStateD' } },
    ];
    assert.equal(
      text('V', encodeVehicleData({ data, createdAtMs: AT_MS, vin: 'VIN0001' })),
      '{"data":[{"key":"VehicleSpeed","value":{"floatValue":12.3}},{"key":"OutsideTemp","value":{"invalid":true}},' +
        `{"key":"Gear","value":{"shiftStateValue":"ShiftStateD"}}],"createdAt":"${AT}","vin":"VIN0001","isResend":false}`,
    );
    const connectivity = encodeConnectivity({
      vin: 'VIN0001',
      connectionId: 'an id',
      status: 'CONNECTED',
      createdAtMs: AT_MS,
      networkInterface: 'wifi',
    });
    assert.equal(
      text('connectivity', connectivity),
      `{"vin":"VIN0001","connectionId":"an id","status":"CONNECTED","createdAt":"${AT}","networkInterface":"wifi"}`,
    );
    const alert = field('0a', field('0a', hexOf('A1')), field('12', '01'), field('1a', '08', varint(1_700_000_000)));
    const alerts = bytes(alert, field('1a', hexOf('VIN0001')));
    assert.deepEqual(json('alerts', alerts), {
      alerts: [{ name: 'A1', audiences: ['Customer'], startedAt: '2023-11-14T22:13:20Z', endedAt: null }],
      createdAt: null,
      vin: 'VIN0001',
    });
  });

  it('FT-JS-1 names are lower camel case, but those of doors', () => {
    assert.equal(
      valueText({ doorValue: { DriverFront: true } }),
      '{"doorValue":{"DriverFront":true,"DriverRear":false,"PassengerFront":false,"PassengerRear":false,' +
        '"TrunkFront":false,"TrunkRear":false}}',
    );
    assert.equal(
      valueText({ tireLocationValue: { semiMiddleAxleLeft2: true, semiRearAxleRight2: true } }),
      '{"tireLocationValue":{"frontLeft":false,"frontRight":false,"rearLeft":false,"rearRight":false,' +
        '"semiMiddleAxleLeft2":true,"semiMiddleAxleRight2":false,"semiRearAxleLeft":false,"semiRearAxleRight":false,' +
        '"semiRearAxleLeft2":false,"semiRearAxleRight2":true}}',
    );
    assert.equal(
      valueText({ cabinOverheatProtectionTemperatureLimitValue: 'ClimateOverheatProtectionTempLimitLow' }),
      '{"cabinOverheatProtectionTemperatureLimitValue":"ClimateOverheatProtectionTempLimitLow"}',
    );
  });

  it('FT-JS-2 what is not set has its default, messages null, and an unset oneof nothing', () => {
    const none = new Uint8Array(0);
    assert.equal(text('V', none), '{"data":[],"createdAt":null,"vin":"","isResend":false}');
    assert.equal(text('alerts', none), '{"alerts":[],"createdAt":null,"vin":""}');
    assert.equal(text('errors', none), '{"errors":[],"createdAt":null,"vin":""}');
    assert.equal(
      text('connectivity', none),
      '{"vin":"","connectionId":"","status":"UNKNOWN","createdAt":null,"networkInterface":""}',
    );
    assert.deepEqual(json('V', bytes('0a00', field('0a', '0804', '1200'))), {
      data: [
        { key: 'Unknown', value: null },
        { key: 'VehicleSpeed', value: {} },
      ],
      createdAt: null,
      vin: '',
      isResend: false,
    });
    assert.deepEqual(json('errors', bytes('0a00')), {
      errors: [{ createdAt: null, name: '', tags: {}, body: '' }],
      createdAt: null,
      vin: '',
    });
    assert.deepEqual(json('alerts', bytes('0a00')), {
      alerts: [{ name: '', audiences: [], startedAt: null, endedAt: null }],
      createdAt: null,
      vin: '',
    });
    assert.equal(valueText({ timeValue: { minute: 5 } }), '{"timeValue":{"hour":0,"minute":5,"second":0}}');
    assert.equal(
      valueText({ locationValue: { latitude: 0, longitude: 2 } }),
      '{"locationValue":{"latitude":0,"longitude":2}}',
    );
    for (const value of [{ intValue: 0 }, { stringValue: '' }, { booleanValue: false }]) {
      assert.deepEqual(JSON.parse(valueText(value)), value);
    }
  });

  it('FT-JS-2 fields come in order of declaration, however they were sent', () => {
    const datum = field('0a', field('12', field('0a', hexOf('text'))), '0804');
    const payload = bytes('2001', field('1a', hexOf('A')), '1200', datum);
    assert.equal(
      text('V', payload),
      '{"data":[{"key":"VehicleSpeed","value":{"stringValue":"text"}}],"createdAt":"1970-01-01T00:00:00Z","vin":"A","isResend":true}',
    );
  });

  it('FT-JS-3 enums by name, unknown numbers as numbers', () => {
    assert.equal(valueText({ shiftStateValue: 99 }), '{"shiftStateValue":99}');
    assert.equal(valueText({ hvacPowerValue: -1 }), '{"hvacPowerValue":-1}');
    assert.equal(valueText({ chargingValue: 4 }), '{"chargingValue":"ChargeStateCharging"}');
    assert.deepEqual(json('V', encodeVehicleData({ data: [{ key: 9999 }, { key: -1 }], createdAtMs: 0, vin: '' })), {
      data: [
        { key: 9999, value: null },
        { key: -1, value: null },
      ],
      createdAt: '1970-01-01T00:00:00Z',
      vin: '',
      isResend: false,
    });
    assert.deepEqual(json('connectivity', bytes('1807')), {
      vin: '',
      connectionId: '',
      status: 7,
      createdAt: null,
      networkInterface: '',
    });
  });

  it('FT-JS-4 FT-PB-4 integers of 64 bits are texts of all their digits', () => {
    assert.equal(valueText({ longValue: 9_007_199_254_740_993n }), '{"longValue":"9007199254740993"}');
    assert.equal(valueText({ longValue: -(2n ** 63n) }), '{"longValue":"-9223372036854775808"}');
    assert.equal(valueText({ longValue: -5 }), '{"longValue":"-5"}');
    assert.equal(valueText({ intValue: -(2 ** 31) }), '{"intValue":-2147483648}');
  });

  it('FT-JS-5 floats in as few digits as tell them apart, NaN and infinities as text', () => {
    assert.equal(valueText({ floatValue: 12.3 }), '{"floatValue":12.3}');
    assert.equal(valueText({ floatValue: 1e21 }), '{"floatValue":1e+21}');
    assert.equal(valueText({ floatValue: Number.NaN }), '{"floatValue":"NaN"}');
    assert.equal(valueText({ floatValue: Infinity }), '{"floatValue":"Infinity"}');
    assert.equal(valueText({ doubleValue: -Infinity }), '{"doubleValue":"-Infinity"}');
    assert.equal(valueText({ doubleValue: 12.300000190734863 }), '{"doubleValue":12.300000190734863}');
    assert.equal(valueText({ doubleValue: -0 }), '{"doubleValue":-0}');
    const nowhere = { latitude: Number.NaN, longitude: 1e-7 };
    assert.equal(valueText({ locationValue: nowhere }), '{"locationValue":{"latitude":"NaN","longitude":1e-7}}');
  });

  it('FT-JS-6 times have 0, 3, 6 or 9 digits of a second', () => {
    const cases: [number, number, string][] = [
      [0, 0, '1970-01-01T00:00:00Z'],
      [1_700_000_000, 120_000_000, AT],
      [0, 1, '1970-01-01T00:00:00.000000001Z'],
      [0, 1000, '1970-01-01T00:00:00.000001Z'],
      [0, 100_000, '1970-01-01T00:00:00.000100Z'],
      [-1, 500_000_000, '1969-12-31T23:59:59.500Z'],
      [-62_135_596_800, 0, '0001-01-01T00:00:00Z'],
      [253_402_300_799, 999_999_999, '9999-12-31T23:59:59.999999999Z'],
    ];
    for (const [seconds, nanos, expected] of cases) {
      const result = timeResult(seconds, nanos);
      assert.ok(result.ok);
      assert.equal(JSON.parse(result.value).createdAt, expected);
    }
  });

  it('FT-JS-6 times out of range are an error', () => {
    const times: [number | bigint, number][] = [
      [-62_135_596_801, 0],
      [253_402_300_800, 0],
      [2n ** 63n - 1n, 0],
      [-(2n ** 63n), 0],
      [0, 1_000_000_000],
      [0, -1],
    ];
    for (const [seconds, nanos] of times) {
      const result = timeResult(seconds, nanos);
      assert.ok(!result.ok && result.error.code === 'PAYLOAD_TIME_OUT_OF_RANGE', `${seconds} ${nanos}`);
    }
    const alerts = encodeAlerts({ alerts: [{ name: 'A', startedAtMs: 1e15 }], createdAtMs: 0, vin: '' });
    const result = decodedJson('alerts', alerts);
    assert.ok(!result.ok && result.error.code === 'PAYLOAD_TIME_OUT_OF_RANGE');
  });

  it('FT-JS-7 unknown fields are dropped', () => {
    const unknownMember = field('12', field('ba3e', hexOf('abc')));
    const payload = bytes(field('ea04', 'ff'), field('0a', '0804', unknownMember, 'f80701'));
    assert.deepEqual(json('V', payload), {
      data: [{ key: 'VehicleSpeed', value: {} }],
      createdAt: null,
      vin: '',
      isResend: false,
    });
  });

  it('FT-JS-8 texts are escaped as JSON asks', () => {
    for (const stringValue of [
      '"',
      '\\',
      '\n',
      '\u0000',
      '\u007f',
      'grün',
      '🚗',
      '\u2028',
      '</script>',
      'x'.repeat(20_000),
    ]) {
      assert.deepEqual(JSON.parse(valueText({ stringValue })), { stringValue });
    }
    const errors = [{ name: '"', body: 'ü', tags: { field_name: 'Soc', '': '"' }, createdAtMs: AT_MS }];
    assert.deepEqual(json('errors', encodeErrors({ errors, createdAtMs: AT_MS, vin: '\\' })), {
      errors: [{ createdAt: AT, name: '"', tags: { field_name: 'Soc', '': '"' }, body: 'ü' }],
      createdAt: AT,
      vin: '\\',
    });
  });

  it('FT-JS-8 a tag may have any name', () => {
    const entry = field('1a', field('0a', hexOf('__proto__')), field('12', hexOf('A')));
    const payload = bytes(field('0a', entry));
    assert.match(text('errors', payload), /"tags":\{"__proto__":"A"\}/);
  });

  it('FT-TX-6 the payload is the JSON as UTF-8; a topic without a message passes through', () => {
    const payload = encodeVehicleData({
      data: [{ key: 'Soc', value: { stringValue: 'ü' } }],
      createdAtMs: AT_MS,
      vin: 'VIN',
    });
    const decoded = decodedPayload('V', payload);
    assert.ok(decoded.ok);
    assert.equal(Buffer.from(decoded.value).toString(), text('V', payload));

    const opaque = Buffer.from('ff00', 'hex');
    const passed = decodedPayload('metrics', opaque);
    assert.ok(passed.ok && passed.value === opaque);
    const refused = decodedJson('metrics', opaque);
    assert.ok(!refused.ok && refused.error.code === 'PAYLOAD_TOPIC_UNKNOWN');
    const malformed = decodedPayload('V', opaque);
    assert.ok(!malformed.ok && malformed.error.code === 'PAYLOAD_MALFORMED');
  });
});
