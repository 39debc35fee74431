import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  counterDistance,
  encodeVehicleData,
  fieldNumber,
  readSignal,
  SignalScan,
  shortenedValue,
  transactionCounter,
  type ValueInput,
} from '../../../src/protocols/fleet-telemetry/index.js';

const AT = Date.UTC(2026, 0, 1) + 120;

/** The bytes of one value, as a scan finds them. */
function valueBytes(value: ValueInput): Uint8Array {
  const payload = encodeVehicleData({ data: [{ key: 4, value }], createdAtMs: AT, vin: 'V' });
  const scan = new SignalScan();
  assert.ok(scan.scan(payload));
  return payload.subarray(scan.starts[0], scan.ends[0]);
}

const read = (name: string, value: ValueInput) => readSignal(fieldNumber(name) ?? -1, valueBytes(value));

describe('looking for signals without decoding them', () => {
  it('finds each signal, the time and whether it is a resend', () => {
    const data = [
      { key: 'VehicleSpeed', value: { floatValue: 12.5 } },
      { key: 'Odometer', value: { stringValue: '12.345' } },
      { key: 'Gear' },
    ];
    const scan = new SignalScan();
    assert.ok(scan.scan(encodeVehicleData({ data, createdAtMs: AT, vin: 'V', isResend: true })));
    assert.deepEqual([scan.count, scan.createdAtMs, scan.isResend], [2, AT, true], 'one without value is none');
    assert.deepEqual(scan.fields.slice(0, 2), [fieldNumber('VehicleSpeed'), fieldNumber('Odometer')]);
    assert.ok(scan.scan(encodeVehicleData({ data: [], createdAtMs: 0, vin: 'V' })));
    assert.deepEqual([scan.count, scan.createdAtMs, scan.isResend], [0, 0, false], 'nothing is left of the one before');
  });

  it('says no to what is no payload, and never throws', () => {
    const whole = encodeVehicleData({
      data: [{ key: 'VehicleSpeed', value: { floatValue: 12.5 } }],
      createdAtMs: AT,
      vin: 'V',
    });
    const scan = new SignalScan();
    for (let length = 1; length < 8; length++) assert.equal(scan.scan(whole.subarray(0, length)), false, `${length}`);
    for (let seed = 0; seed < 2_000; seed++) {
      const bytes = Buffer.from(whole);
      bytes[seed % bytes.length] = (seed * 31) & 0xff;
      scan.scan(bytes);
      for (let index = 0; index < scan.count; index++) assert.ok((scan.ends[index] ?? 0) <= bytes.length);
    }
  });
});

describe('one form of a value for all firmwares', () => {
  it('a number is a number whether it comes as text or typed', () => {
    for (const value of [{ stringValue: '12.5' }, { floatValue: 12.5 }, { doubleValue: 12.5 }]) {
      const reading = read('VehicleSpeed', value);
      assert.deepEqual(
        [reading.state === 'valid' && reading.type, 'value' in reading && reading.value],
        ['number', 12.5],
      );
    }
    assert.deepEqual(read('VehicleSpeed', { floatValue: 12.3 }), {
      state: 'valid',
      type: 'number',
      value: 12.3,
      sentAs: 'floatValue',
    });
  });

  it('a truth is one whether it comes as text, a number or typed', () => {
    for (const value of [{ stringValue: 'True' }, { stringValue: '1' }, { intValue: 1 }, { booleanValue: true }]) {
      const reading = read('Locked', value);
      assert.deepEqual(
        [reading.state === 'valid' && reading.type, 'value' in reading && reading.value],
        ['boolean', true],
      );
    }
  });

  it('a position is one whether it comes as text or typed', () => {
    const position = { latitude: 37.5, longitude: -122.25 };
    for (const value of [{ stringValue: '(37.5 N, 122.25 W)' }, { locationValue: position }]) {
      const reading = read('DestinationLocation', value);
      assert.deepEqual(
        [reading.state === 'valid' && reading.type, 'value' in reading && reading.value],
        ['position', position],
      );
    }
  });

  it('invalid is a state of its own, and so are numbers that are none', () => {
    assert.deepEqual(read('OutsideTemp', { invalid: true }), { state: 'invalid' });
    assert.deepEqual(read('OutsideTemp', { floatValue: Number.NaN }), { state: 'invalid' });
    assert.deepEqual(read('OutsideTemp', {}), { state: 'unknown' });
  });

  it('text that does not fit stays text, enums are named, long integers keep all digits', () => {
    assert.deepEqual(read('VehicleSpeed', { stringValue: 'fast' }), {
      state: 'valid',
      type: 'text',
      value: 'fast',
      sentAs: 'stringValue',
    });
    const gear = read('Gear', { shiftStateValue: 'ShiftStateD' });
    assert.deepEqual([gear.state === 'valid' && gear.type, 'value' in gear && gear.value], ['enum', 'ShiftStateD']);
    const long = read('Odometer', { longValue: 9007199254740993n });
    assert.equal('value' in long && long.value, '9007199254740993');
    const tires = read('TpmsHardWarnings', { tireLocationValue: { frontLeft: true } });
    assert.equal(tires.state === 'valid' && typeof tires.value === 'object' && tires.value['frontLeft'], true);
    const doors = read('DoorState', { doorValue: { DriverFront: true } });
    assert.equal(doors.state === 'valid' && typeof doors.value === 'object' && doors.value['DriverFront'], true);
  });

  it('never throws on bytes of any kind', () => {
    for (let seed = 0; seed < 5_000; seed++) {
      const bytes = Uint8Array.from({ length: seed % 12 }, (_, index) => (seed * (index + 7) * 2_654_435_761) >>> 24);
      readSignal(seed % 260, bytes);
      shortenedValue(bytes, 4);
    }
  });
});

describe('a value that is cut', () => {
  it('stays text, and is cut between characters', () => {
    const cut = shortenedValue(valueBytes({ stringValue: 'aä'.repeat(20) }), 5);
    const reading = readSignal(fieldNumber('VehicleName') ?? -1, cut);
    assert.equal('value' in reading && reading.value, 'aäa');
  });
});

describe('FT-CLI-2 the counter of a transaction id', () => {
  it('FT-CLI-2 is read from the form that vehicles use, and from no other', () => {
    assert.deepEqual(transactionCounter('78ae54a58800468194dc95-000000397'), {
      prefix: '78ae54a58800468194dc95',
      count: 397,
    });
    for (const other of [
      '',
      '78ae54a58800468194dc95-00000397',
      'x8ae54a58800468194dc95-000000397',
      '78ae54a58800468194dc95_000000397',
      '78ae54a58800468194dc95-00000039x',
    ]) {
      assert.equal(transactionCounter(other), undefined, other);
    }
  });

  it('FT-CLI-2 goes on after its largest number', () => {
    assert.equal(counterDistance(3, 5), 2);
    assert.equal(counterDistance(5, 3), -2);
    assert.equal(counterDistance(999_999_999, 0), 1);
    assert.equal(counterDistance(0, 999_999_999), -1);
  });
});
