import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRecord } from '../../../src/protocols/fleet-telemetry/decode.js';
import {
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
} from '../../../src/protocols/fleet-telemetry/encode.js';
import { exactInteger } from '../../../src/protocols/fleet-telemetry/integers.js';
import { memberOf } from '../../../src/protocols/fleet-telemetry/signal-values.js';
import type { ValueInput } from '../../../src/protocols/fleet-telemetry/value-encoding.js';
import { VALUE_MEMBERS } from '../../../src/protocols/fleet-telemetry/value-members.js';
import { canonical } from './slow-prepare.js';

/** A value of each member, none of them a default. */
function sampleOf({ kind, name, enumNames }: (typeof VALUE_MEMBERS)[number]): ValueInput {
  const samples: Record<string, unknown> = {
    string: 'grün',
    int32: -7,
    int64: -(2n ** 62n),
    float: 12.5,
    double: 0.1,
    bool: true,
    enum: enumNames.at(-1),
    LocationValue: { latitude: -1.5, longitude: 2 },
    Doors: { DriverFront: true, TrunkRear: true },
    TireLocation: { frontLeft: true, semiRearAxleRight2: true },
    Time: { hour: 23, minute: 59, second: 1 },
  };
  return { [name]: samples[kind] };
}

describe('encoding of records', () => {
  it('FT-PB-5 writes what protobufjs writes, fields in ascending order', () => {
    const long = 'x'.repeat(20_000);
    const data = [
      ...VALUE_MEMBERS.map((member) => ({ key: member.number, value: sampleOf(member) })),
      { key: 'Soc', value: { stringValue: long } },
      { key: 'Soc', value: {} },
      { key: 'Unknown' },
    ];
    const payloads = [
      ['V', encodeVehicleData({ data, createdAtMs: 1_700_000_000_120, vin: 'VIN', isResend: true })],
      ['V', encodeVehicleData({ data: [], createdAtMs: 0, vin: '' })],
      [
        'alerts',
        encodeAlerts({
          alerts: [{ name: 'A', audiences: ['Customer', 'Service'], startedAtMs: -1, endedAtMs: 1e12 }, { name: '' }],
          createdAtMs: 1,
          vin: 'VIN',
        }),
      ],
      [
        'errors',
        encodeErrors({
          errors: [{ name: 'E', body: long, tags: { a: 'b', c: '' }, createdAtMs: 5 }, { name: '' }],
          createdAtMs: 1,
          vin: 'VIN',
        }),
      ],
      [
        'connectivity',
        encodeConnectivity({
          vin: 'V',
          connectionId: '',
          status: 'DISCONNECTED',
          createdAtMs: 1,
          networkInterface: '',
        }),
      ],
    ] as const;
    for (const [topic, payload] of payloads) {
      assert.equal(Buffer.from(payload).toString('hex'), canonical(topic, payload).toString('hex'), topic);
    }
  });

  it('FT-PB-4 every member comes back as it went', () => {
    for (const member of VALUE_MEMBERS) {
      const input = sampleOf(member);
      const payload = encodeVehicleData({ data: [{ key: 1, value: input }], createdAtMs: 0, vin: '' });
      const record = decodeRecord('V', payload);
      assert.ok(record.ok && record.value.topic === 'V');
      const value = record.value.message.data[0]?.value;
      assert.ok(value);
      assert.equal(memberOf(value), member);
      const content: unknown = value[member.name as keyof typeof value];
      const expected: unknown = input[member.name as keyof ValueInput];
      if (member.kind === 'enum') assert.equal(member.enumNames[content as number], expected);
      else if (member.kind === 'int64') assert.equal(exactInteger(content as { low: number; high: number }), expected);
      else if (typeof expected === 'object') assert.deepEqual({ ...(content as object) }, expected);
      else assert.equal(content, expected);
    }
  });

  it('FT-PB-5 the bytes of a small record', () => {
    const data = [{ key: 'VehicleSpeed', value: { floatValue: 12.3 } }];
    const payload = encodeVehicleData({ data, createdAtMs: 1_700_000_000_120, vin: 'VIN0001' });
    assert.equal(
      Buffer.from(payload).toString('hex'),
      '0a090804120525cdcc4441' + '120b0880e2cfaa0610809c9c39' + '1a0756494e30303031',
    );
  });

  it('FT-JS-6 times before the epoch keep their nanoseconds positive', () => {
    const record = decodeRecord('V', encodeVehicleData({ data: [], createdAtMs: -0.5, vin: '' }));
    assert.ok(record.ok && record.value.topic === 'V' && record.value.message.createdAt !== null);
    const { seconds, nanos } = record.value.message.createdAt;
    assert.deepEqual([exactInteger(seconds), nanos], [-1, 999_500_000]);
  });

  it('names that the schema does not have are mistakes of the caller', () => {
    const encode = (key: string, value: ValueInput): unknown =>
      encodeVehicleData({ data: [{ key, value }], createdAtMs: 0, vin: '' });
    assert.throws(() => encode('NoSignal', {}), /no signal NoSignal/);
    assert.throws(() => encode('Soc', { shiftStateValue: 'Fast' }), /ShiftState has no value Fast/);
    assert.throws(() => encode('Soc', { value: 1 } as ValueInput), /no member value/);
  });
});
