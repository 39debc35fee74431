import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import {
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
  type LogLine,
  logLines,
  type ValueInput,
} from '../../../src/protocols/fleet-telemetry/records.js';
import { bytes, field, hexOf } from '../../protocols/fleet-telemetry/hex.js';

const AT_MS = 1_700_000_000_987;
const METADATA = { vin: 'VIN0001', txtype: 'V' };

function lines(topic: string, payload: Uint8Array, verbose = false, vin = 'VIN0001'): readonly LogLine[] {
  return logLines(topic, payload, vin, METADATA, { verbose });
}

function data(topic: string, payload: Uint8Array): unknown {
  const [line, ...others] = lines(topic, payload);
  assert.equal(line?.message, 'record_payload');
  assert.equal(others.length, 0);
  return line.fields['data'];
}

/** What a V record logs for one signal. */
function logged(value: ValueInput, verbose = false, vin = 'VIN0001'): unknown {
  const payload = encodeVehicleData({ data: [{ key: 'Soc', value }], createdAtMs: AT_MS, vin });
  const record = lines('V', payload, verbose, vin).at(-1);
  assert.ok(record);
  return (record.fields['data'] as Record<string, unknown>)['Soc'];
}

// Section 6.3 has no rule numbers.
describe('records in the log (6.3)', () => {
  it('6.3 V: one line with VIN, metadata, and a key for each signal', () => {
    const signals = [
      { key: 'VehicleSpeed', value: { floatValue: 12.3 } },
      { key: 9999, value: { intValue: 1 } },
      { key: 'VehicleSpeed', value: { stringValue: '13' } },
    ];
    const payload = encodeVehicleData({ data: signals, createdAtMs: AT_MS, vin: 'VIN0001', isResend: true });
    assert.deepEqual(lines('V', payload), [
      {
        level: 'info',
        message: 'record_payload',
        fields: {
          vin: 'VIN0001',
          metadata: METADATA,
          data: {
            Vin: 'VIN0001',
            CreatedAt: '2023-11-14T22:13:20Z',
            IsResend: true,
            VehicleSpeed: '13',
            9999: 1,
          },
        },
      },
    ]);
    assert.deepEqual(data('V', new Uint8Array(0)), {
      Vin: 'VIN0001',
      CreatedAt: '1970-01-01T00:00:00Z',
      IsResend: false,
    });
  });

  it('6.3 V: values as on MQTT, but invalid ones as a text', () => {
    const cases: [ValueInput, unknown][] = [
      [{ invalid: true }, '<invalid>'],
      [{ longValue: 5 }, 5],
      [{ longValue: 9_007_199_254_740_993n }, 9_007_199_254_740_993n],
      [{ shiftStateValue: 'ShiftStateD' }, 'ShiftStateD'],
      [{ hvacPowerValue: 99 }, 99],
      [{ timeValue: { hour: 7 } }, '07:00:00'],
      [{ floatValue: Number.NaN }, 'NaN'],
      [{ booleanValue: false }, false],
    ];
    for (const [value, expected] of cases) assert.deepEqual(logged(value), expected);
  });

  it('6.3 V: verbose lines say the type of each value', () => {
    const cases: [ValueInput, unknown][] = [
      [{ invalid: true }, { invalid: true }],
      [{ stringValue: '' }, { stringValue: '' }],
      [{ timeValue: { hour: 7 } }, { time: '07:00:00' }],
      [{ fastChargerValue: 'FastChargerSupercharger' }, { fastChargerType: 'FastChargerSupercharger' }],
      [{ shiftStateValue: 5 }, { shiftStateValue: 'ShiftStateD' }],
      [
        { tireLocationValue: { frontLeft: true } },
        { tireLocation: { FrontLeft: true, FrontRight: false, RearLeft: false, RearRight: false } },
      ],
    ];
    for (const [value, expected] of cases) assert.deepEqual(logged(value, true), expected);
  });

  it('6.3 V: a Semi has ten wheels; a VIN too short to tell is no Semi', () => {
    const value = { tireLocationValue: { rearLeft: true, semiRearAxleRight2: true } };
    const four = { FrontLeft: false, FrontRight: false, RearLeft: true, RearRight: false };
    for (const vin of ['5YJ3E1EA7KF000001', '', '5YJ', 'TTT']) assert.deepEqual(logged(value, false, vin), four);
    assert.deepEqual(logged(value, false, '5YJT'), {
      FrontLeft: false,
      FrontRight: false,
      SemiMiddleAxleLeft: true,
      SemiMiddleAxleRight: false,
      SemiMiddleAxleLeft2: false,
      SemiMiddleAxleRight2: false,
      SemiRearAxleLeft: false,
      SemiRearAxleRight: false,
      SemiRearAxleLeft2: false,
      SemiRearAxleRight2: true,
    });
  });

  it('6.3 V: a signal without value, or with one that cannot be said, has a line of its own', () => {
    const unknownMember = field('0a', '0804', field('12', field('ba3e', hexOf('abc'))));
    const charging = field('0a', '0804', field('12', '4004'));
    const payload = bytes(field('0a', '0808'), unknownMember, charging, field('0a', '080a', field('12', '1001')));
    const [noValue, member, dropped, record, ...others] = lines('V', payload);
    assert.deepEqual(others, []);
    assert.deepEqual(noValue, {
      level: 'info',
      message: 'unknown_payload_data_type',
      fields: { vin: 'VIN0001', name: 'Soc' },
    });
    for (const line of [member, dropped]) {
      assert.deepEqual(line, {
        level: 'info',
        message: 'unknown_payload_value_data_type',
        fields: { vin: 'VIN0001', name: 'VehicleSpeed' },
      });
    }
    assert.deepEqual(record?.fields['data'], {
      Vin: 'VIN0001',
      CreatedAt: '1970-01-01T00:00:00Z',
      IsResend: false,
      Gear: 1,
    });
  });

  it('6.3 alerts, errors and connectivity, with times in seconds', () => {
    const alerts = [
      { name: 'A', startedAtMs: AT_MS, endedAtMs: AT_MS, audiences: ['ServiceFix'] as const },
      { name: 'B' },
    ];
    assert.deepEqual(data('alerts', encodeAlerts({ alerts, createdAtMs: AT_MS, vin: 'VIN0001' })), [
      { Name: 'A', Audiences: ['ServiceFix'], StartedAt: 1_700_000_000, EndedAt: 1_700_000_000 },
      { Name: 'B', Audiences: null },
    ]);
    const errors = [{ name: 'E', body: 'text', tags: { a: 'b' }, createdAtMs: AT_MS }, { name: 'F' }];
    assert.deepEqual(data('errors', encodeErrors({ errors, createdAtMs: AT_MS, vin: 'VIN0001' })), [
      { Name: 'E', Body: 'text', Tags: { a: 'b' }, CreatedAt: 1_700_000_000 },
      { Name: 'F', Body: '', Tags: null },
    ]);
    const connectivity = encodeConnectivity({
      vin: 'VIN0001',
      connectionId: 'an id',
      status: 'CONNECTED',
      createdAtMs: AT_MS,
      networkInterface: 'lte',
    });
    assert.deepEqual(data('connectivity', connectivity), {
      Vin: 'VIN0001',
      ConnectionID: 'an id',
      NetworkInterface: 'lte',
      Status: 'CONNECTED',
      CreatedAt: 1_700_000_000,
    });
  });

  it('6.3 other topics, and what is malformed, are an error line', () => {
    for (const topic of ['metrics', 'V']) {
      const [line, ...others] = lines(topic, bytes('ff'));
      assert.equal(others.length, 0);
      assert.deepEqual([line?.level, line?.message], ['error', 'record_logging_error']);
      assert.equal(typeof line?.fields['error'], 'string');
    }
  });

  it('FT-PB-4 the logger writes integers of 64 bits with every digit', () => {
    const value = { longValue: 9_007_199_254_740_993n };
    const [line] = lines('V', encodeVehicleData({ data: [{ key: 'Odometer', value }], createdAtMs: 0, vin: '' }));
    assert.ok(line !== undefined);
    let written = '';
    pino({}, { write: (text: string) => (written += text) }).info(line.fields, line.message);
    assert.match(written, /"Odometer":9007199254740993[,}]/);
  });
});
