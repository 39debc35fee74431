import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AlertInput,
  type DatumInput,
  type ErrorInput,
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
  type MqttForm,
  mqttMessages,
  type ValueInput,
} from '../../../src/protocols/fleet-telemetry/records.js';
import { bytes, field, hexOf, varint } from '../../protocols/fleet-telemetry/hex.js';

const AT_MS = 1_700_000_000_987;
const AT = '2023-11-14T22:13:20Z';
const FORM: MqttForm = { topicBase: 'telemetry', vin: 'VIN0001', invalid: 'null' };

/** Bodies by topic, in order. */
function published(topic: string, payload: Uint8Array, form: Partial<MqttForm> = {}): [string, string][] {
  const result = mqttMessages(topic, payload, { ...FORM, ...form });
  assert.ok(result.ok, result.ok ? '' : result.error.detail);
  return result.value.map((message) => [message.topic, message.body]);
}

function signals(data: DatumInput[], form: Partial<MqttForm> = {}): [string, string][] {
  return published('V', encodeVehicleData({ data, createdAtMs: AT_MS, vin: 'VIN0001' }), form);
}

function body(value: ValueInput): string | undefined {
  return signals([{ key: 'Soc', value }])[0]?.[1];
}

function alerts(...list: AlertInput[]): [string, string][] {
  return published('alerts', encodeAlerts({ alerts: list, createdAtMs: AT_MS, vin: 'VIN0001' }));
}

function errors(...list: ErrorInput[]): [string, string][] {
  return published('errors', encodeErrors({ errors: list, createdAtMs: AT_MS, vin: 'VIN0001' }));
}

describe('records on MQTT', () => {
  it('FT-MQ-4 each signal has a topic, an unknown one its number', () => {
    const data = [
      { key: 'VehicleSpeed', value: { floatValue: 12.3 } },
      { key: 9999, value: { intValue: 1 } },
      { key: 'Gear', value: { shiftStateValue: 'ShiftStateD' } },
    ];
    assert.deepEqual(signals(data), [
      ['telemetry/VIN0001/v/VehicleSpeed', '12.3'],
      ['telemetry/VIN0001/v/9999', '1'],
      ['telemetry/VIN0001/v/Gear', '"ShiftStateD"'],
    ]);
    assert.deepEqual(signals([]), []);
    assert.deepEqual(published('V', new Uint8Array(0)), []);
  });

  it('FT-MQ-4 of several values of a signal only the last is published', () => {
    const soc = (intValue: number): DatumInput => ({ key: 'Soc', value: { intValue } });
    assert.deepEqual(signals([soc(1), { key: 'Gear', value: { invalid: true } }, soc(2), { key: 'Soc' }]), [
      ['telemetry/VIN0001/v/Soc', '2'],
      ['telemetry/VIN0001/v/Gear', 'null'],
    ]);
    assert.deepEqual(signals([soc(1), { key: 'Soc', value: { invalid: true } }], { invalid: 'omit' }), []);
  });

  it('FT-MQ-4 a datum without value is skipped', () => {
    assert.deepEqual(signals([{ key: 'Soc' }]), []);
  });

  it('FT-MQ-4 values as in the table', () => {
    const cases: [ValueInput, string][] = [
      [{ stringValue: '12.3 "<&>' }, '"12.3 \\"<&>"'],
      [{ stringValue: '' }, '""'],
      [{ intValue: -5 }, '-5'],
      [{ longValue: 9_007_199_254_740_993n }, '9007199254740993'],
      [{ longValue: -(2n ** 63n) }, '-9223372036854775808'],
      [{ longValue: 5 }, '5'],
      [{ floatValue: 12.3 }, '12.3'],
      [{ doubleValue: 12.300000190734863 }, '12.300000190734863'],
      [{ doubleValue: 1e21 }, '1e+21'],
      [{ booleanValue: false }, 'false'],
      [{ invalid: true }, 'null'],
      [
        { locationValue: { latitude: 37.412374, longitude: -122.145867 } },
        '{"latitude":37.412374,"longitude":-122.145867}',
      ],
      [
        { doorValue: { DriverRear: true } },
        '{"DriverFront":false,"DriverRear":true,"PassengerFront":false,"PassengerRear":false,"TrunkFront":false,"TrunkRear":false}',
      ],
      [{ timeValue: { hour: 7, minute: 5 } }, '"07:05:00"'],
      [
        { tireLocationValue: { frontRight: true, semiRearAxleLeft2: true } },
        '{"front_right":true,"semi_rear_axle_left_2":true}',
      ],
      [{ tireLocationValue: {} }, '{}'],
      [{}, '{}'],
    ];
    for (const [value, expected] of cases) assert.equal(body(value), expected);
    const unknownMember = bytes(field('0a', '0808', field('12', field('ba3e', hexOf('abc')))));
    assert.deepEqual(published('V', unknownMember), [['telemetry/VIN0001/v/Soc', '{}']]);
  });

  it('FT-MQ-4 an unknown number of an enum is a text for the common types, a number for the generic ones', () => {
    const common = [9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 23, 24, 25, 26, 27, 28, 29, 30, 32, 52, 53, 54];
    const generic = [8, 33, 34, 35, 36, 37, 38, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51];
    const unknown = (member: number): string | undefined => {
      const value = field('12', varint(member * 8), varint(99));
      return published('V', bytes(field('0a', '0808', value)))[0]?.[1];
    };
    for (const member of common) assert.equal(unknown(member), '"99"', `member ${member}`);
    for (const member of generic) assert.equal(unknown(member), '99', `member ${member}`);
  });

  it('FT-MQ-4 invalid values are null, or left out', () => {
    const data = [
      { key: 'Soc', value: { invalid: true } },
      { key: 'Gear', value: { intValue: 1 } },
    ];
    assert.deepEqual(signals(data).length, 2);
    assert.deepEqual(signals(data, { invalid: 'omit' }), [['telemetry/VIN0001/v/Gear', '1']]);
  });

  it('FT-MQ-5 alerts have a history by name, and the one that started last', () => {
    const old = {
      name: 'A',
      startedAtMs: AT_MS - 60_000,
      endedAtMs: AT_MS,
      audiences: ['Customer', 'Service'] as const,
    };
    const latest = { name: 'A', startedAtMs: AT_MS };
    const formOfOld = `{"Audiences":["Customer","Service"],"EndedAt":"${AT}","StartedAt":"2023-11-14T22:12:20Z"}`;
    const formOfLatest = `{"Audiences":null,"StartedAt":"${AT}"}`;
    assert.deepEqual(alerts(latest, { name: 'B' }, old), [
      ['telemetry/VIN0001/alerts/A/history', `[${formOfLatest},${formOfOld}]`],
      ['telemetry/VIN0001/alerts/A/current', formOfLatest],
      ['telemetry/VIN0001/alerts/B/history', '[{"Audiences":null}]'],
    ]);
  });

  it('FT-MQ-5 of alerts that started at the same time the first is current, of seconds the later nanosecond', () => {
    const current = (...list: AlertInput[]): string | undefined => alerts(...list)[1]?.[1];
    const first = { name: 'A', startedAtMs: AT_MS, audiences: ['Service'] as const };
    const second = { name: 'A', startedAtMs: AT_MS };
    assert.match(current(first, second) ?? '', /Service/);
    assert.match(current(second, { ...first, startedAtMs: AT_MS + 1 }) ?? '', /Service/);
    assert.match(current({ ...second, startedAtMs: -1 }, { ...first, startedAtMs: 0 }) ?? '', /Service/);
  });

  it('FT-MQ-5 audiences that are not known are their numbers', () => {
    const payload = bytes(field('0a', field('12', varint(1), varint(77))));
    assert.deepEqual(published('alerts', payload), [
      ['telemetry/VIN0001/alerts//history', '[{"Audiences":["Customer","77"]}]'],
    ]);
  });

  it('FT-MQ-6 each error is a message', () => {
    const error = { name: 'unsupported_field', body: 'text', tags: { field_name: 'Soc' }, createdAtMs: AT_MS };
    assert.deepEqual(errors(error, { name: 'unsupported_field' }), [
      ['telemetry/VIN0001/errors/unsupported_field', `{"Body":"text","CreatedAt":"${AT}","Tags":{"field_name":"Soc"}}`],
      ['telemetry/VIN0001/errors/unsupported_field', '{"Body":"","Tags":null}'],
    ]);
  });

  it('FT-MQ-7 connectivity is one message, without the interface', () => {
    const record = { vin: 'VIN0001', connectionId: 'an id', createdAtMs: AT_MS, networkInterface: 'wifi' };
    assert.deepEqual(published('connectivity', encodeConnectivity({ ...record, status: 'DISCONNECTED' })), [
      ['telemetry/VIN0001/connectivity', `{"ConnectionId":"an id","CreatedAt":"${AT}","Status":"DISCONNECTED"}`],
    ]);
    assert.deepEqual(published('connectivity', new Uint8Array(0)), [
      ['telemetry/VIN0001/connectivity', '{"ConnectionId":"","CreatedAt":"1970-01-01T00:00:00Z","Status":"UNKNOWN"}'],
    ]);
  });

  it('FT-MQ-8 nothing is published of other topics, or of what is malformed', () => {
    const other = mqttMessages('metrics', new Uint8Array(0), FORM);
    assert.ok(!other.ok && other.error.code === 'PAYLOAD_TOPIC_UNKNOWN');
    const malformed = mqttMessages('V', bytes('ff'), FORM);
    assert.ok(!malformed.ok && malformed.error.code === 'PAYLOAD_MALFORMED');
  });

  it('FT-MQ-9 names are percent-encoded where they would change the topic', () => {
    assert.deepEqual(errors({ name: 'a/b+c#d%e f\u0000é' }), [
      ['telemetry/VIN0001/errors/a%2Fb%2Bc%23d%25e f%00é', '{"Body":"","Tags":null}'],
    ]);
    assert.equal(alerts({ name: 'a/b' })[0]?.[0], 'telemetry/VIN0001/alerts/a%2Fb/history');
    assert.equal(signals([{ key: 'Soc', value: {} }], { vin: 'a/+' })[0]?.[0], 'telemetry/a%2F%2B/v/Soc');
    const long = encodeErrors({ errors: [{ name: 'x'.repeat(65_536) }], createdAtMs: 0, vin: '' });
    const result = mqttMessages('errors', long, FORM);
    assert.ok(!result.ok && result.error.code === 'PAYLOAD_NAME_TOO_LONG');
  });

  it('FT-MQ-10 NaN and infinities are an error that names the signal', () => {
    const values: ValueInput[] = [
      { floatValue: Number.NaN },
      { floatValue: -Infinity },
      { doubleValue: Infinity },
      { locationValue: { latitude: 1, longitude: Number.NaN } },
    ];
    for (const value of values) {
      const payload = encodeVehicleData({ data: [{ key: 'VehicleSpeed', value }], createdAtMs: 0, vin: '' });
      const result = mqttMessages('V', payload, FORM);
      assert.ok(!result.ok && result.error.code === 'PAYLOAD_NOT_A_JSON_NUMBER');
      assert.match(result.error.detail, /^VehicleSpeed is (NaN|-?Infinity)$/);
    }
  });

  it('FT-MQ-5 a time that RFC 3339 cannot say is its seconds', () => {
    assert.match(alerts({ name: 'A', startedAtMs: 1e15 })[0]?.[1] ?? '', /"StartedAt":"1000000000000"/);
  });
});
