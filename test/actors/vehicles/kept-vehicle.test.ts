import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetRecord } from '../../../src/actors/dispatch/index.js';
import type { Gap } from '../../../src/actors/vehicles/gaps.js';
import { packSignals, unpackSignals } from '../../../src/actors/vehicles/kept-signals.js';
import { KeptVehicle, LATE_MS, type Taking } from '../../../src/actors/vehicles/kept-vehicle.js';
import { signalViews } from '../../../src/actors/vehicles/views.js';
import { SignalScan } from '../../../src/protocols/fleet-telemetry/index.js';
import { serverDefaults } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import { START } from '../../fakes/runtime.js';
import { alertRecord, dataRecord, errorRecord, passedOver, txid, VIN } from './records.js';

const MINUTE = 60_000;

function newVehicle(limits = {}) {
  const settings = { ...serverDefaults.lastValues, ...limits };
  const facts = { seq: -1, lastRecordAt: 0, lastDataAt: 0, createdAt: 0, origin: '', counters: [] };
  const vehicle = new KeptVehicle(VIN, facts, new Map(), { alerts: [], errors: [], gaps: [] });
  const found: Gap[] = [];
  let seq = 0;
  let lostTo = 0;
  const taking: Taking = {
    scan: new SignalScan(),
    limits: settings,
    lostTo: () => lostTo,
    found: (_, { gap, isNew }) => isNew && found.push(gap),
  };
  const take = (record: FleetRecord, at = ++seq) => vehicle.take(at, record, taking);
  const value = (name: string): unknown => {
    const [view] = signalViews(vehicle, [name]);
    return view && ('value' in view ? view.value : view.state);
  };
  const passOver = (txid: string) => vehicle.passOver(++seq, passedOver({ txid }), taking);
  /** The next so many entries of the spool are dropped unread. */
  const lose = (entries: number): void => {
    seq += entries;
    lostTo = seq;
  };
  return { vehicle, take, value, found, passOver, lose };
}

describe('the last values of a vehicle', () => {
  it('are typed, with the time by the vehicle, the time of receipt and since when they are so', () => {
    const { vehicle, take } = newVehicle();
    take(dataRecord({ VehicleSpeed: { stringValue: '12.5' } }, { received: 200, created: 100 }));
    take(
      dataRecord({ VehicleSpeed: { stringValue: '12.5' }, Gear: { invalid: true } }, { received: 400, created: 300 }),
    );
    assert.deepEqual(signalViews(vehicle), [
      {
        name: 'Gear',
        field: 10,
        state: 'invalid',
        createdAt: START + 300,
        receivedAt: START + 400,
        changedAt: START + 400,
      },
      {
        name: 'VehicleSpeed',
        field: 4,
        state: 'valid',
        type: 'number',
        value: 12.5,
        sentAs: 'stringValue',
        createdAt: START + 300,
        receivedAt: START + 400,
        changedAt: START + 200,
      },
    ]);
  });

  it('KV-1 take a record once, however often it is read', () => {
    const { vehicle, take, value } = newVehicle();
    take(dataRecord({ Soc: { intValue: 1 } }), 7);
    take(dataRecord({ Soc: { intValue: 2 } }), 8);
    take(dataRecord({ Soc: { intValue: 1 } }), 7);
    assert.equal(value('Soc'), 2);
    assert.equal(vehicle.facts.seq, 8);
  });

  it('KV-2 a clock that is ahead is told, and holds up nothing that comes later', () => {
    const { vehicle, take, value } = newVehicle();
    take(dataRecord({ Soc: { intValue: 1 } }, { received: 0, created: 5 * MINUTE }));
    const [ahead] = signalViews(vehicle, ['Soc']);
    assert.deepEqual([ahead?.createdAt, ahead?.clockAhead], [START, true]);
    take(dataRecord({ Soc: { intValue: 2 } }, { received: 1_000, created: 900 }));
    assert.equal(value('Soc'), 2);
    assert.equal(signalViews(vehicle, ['Soc'])[0]?.clockAhead, undefined);
  });

  it('KV-2 a clock that is set back over the same connection holds up nothing either', () => {
    const { take, value } = newVehicle();
    take(dataRecord({ Soc: { intValue: 1 } }, { received: 60 * MINUTE }));
    take(dataRecord({ Soc: { intValue: 2 } }, { received: 60 * MINUTE + 1, created: 0 }));
    assert.equal(value('Soc'), 2);
  });

  it('KV-2 what waited in another network changes only what is older', () => {
    const { vehicle, take, value } = newVehicle();
    take(dataRecord({ Soc: { intValue: 1 }, Odometer: { intValue: 10 } }, { received: 0, origin: 'wifi' }));
    take(dataRecord({ Soc: { intValue: 3 } }, { received: 2_000, origin: 'lte' }));
    take(
      dataRecord(
        { Soc: { intValue: 2 }, Odometer: { intValue: 20 } },
        { received: 3_000, created: 1_000, origin: 'wifi' },
      ),
    );
    assert.deepEqual([value('Soc'), value('Odometer')], [3, 20]);
    assert.equal(vehicle.facts.origin, 'lte');
    const later = LATE_MS + 10_000;
    take(dataRecord({ Soc: { intValue: 4 } }, { received: later, origin: 'lte' }));
    take(dataRecord({ Soc: { intValue: 5 } }, { received: later + 1, created: 1_000, origin: 'wifi' }));
    assert.equal(value('Soc'), 5, 'a clock that was set');
  });

  it('KV-3 are of known signals, and their texts of a length', () => {
    const { vehicle, take } = newVehicle({ maxTextBytes: 16 });
    take(dataRecord({ VehicleName: { stringValue: 'n'.repeat(10_000) } }));
    const unknown = dataRecord({ VehicleName: { stringValue: 'x' } });
    // The number of the signal, in the datum that the payload begins with.
    (unknown.payload as Buffer)[3] = 0x7f;
    (unknown.payload as Buffer)[2] = 0x08;
    take(unknown);
    const [name] = signalViews(vehicle, ['VehicleName']);
    assert.equal(name && 'value' in name && name.value, 'n'.repeat(16));
    assert.equal(name?.cut, true);
    assert.ok(packSignals(vehicle.signals).length < 200);
  });

  it('survive being stored', () => {
    const { vehicle, take } = newVehicle();
    take(dataRecord({ VehicleName: { stringValue: 'Müllers Auto' }, Soc: { doubleValue: 55.5 } }));
    const row = packSignals(vehicle.signals);
    assert.deepEqual(unpackSignals(row), vehicle.signals);
    for (let length = 0; length < row.length; length++) unpackSignals(row.subarray(0, length));
  });
});

describe('gaps', () => {
  it('FT-CLI-2 a counter that jumps says how many records are missing, and which come late', () => {
    const { vehicle, take, found } = newVehicle();
    take(dataRecord({}, { received: 1_000, txid: txid(397) }));
    take(dataRecord({}, { received: 2_000, txid: txid(398) }));
    assert.deepEqual(found, []);
    take(dataRecord({}, { received: 9_000, txid: txid(402) }));
    const gap = {
      kind: 'missing',
      from: START + 2_000,
      to: START + 9_000,
      times: 1,
      records: 3,
      late: 0,
      prefix: txid(0).slice(0, 22),
      after: 398,
      before: 402,
    };
    assert.deepEqual(found, [gap]);
    take(dataRecord({}, { received: 9_500, txid: txid(400) }));
    assert.deepEqual(vehicle.notices.gaps, [{ ...gap, late: 1 }]);
    take(dataRecord({}, { received: 10_000, txid: txid(403) }));
    take(dataRecord({}, { received: 11_000, txid: txid(403) }));
    assert.equal(vehicle.notices.gaps.length, 1, 'a repetition is no jump');
  });

  it('FT-CLI-2 other ids, and counters that begin anew under another prefix, are no gaps', () => {
    const { take, found } = newVehicle();
    for (const id of [txid(5), 'another form', txid(6), txid(900, 'f'.repeat(22)), txid(901, 'f'.repeat(22))]) {
      take(dataRecord({}, { txid: id }));
    }
    assert.deepEqual(found, []);
  });

  it('FT-AUTH-3 messages of topics that are not configured are not missing, and say nothing else', () => {
    const { vehicle, take, found, passOver } = newVehicle();
    take(dataRecord({ Soc: { intValue: 1 } }, { received: 1_000, txid: txid(1) }));
    const before = structuredClone({ ...vehicle.facts, signals: vehicle.signals });
    assert.ok(passOver(txid(2)));
    const after = { ...vehicle.facts, signals: vehicle.signals };
    assert.deepEqual({ ...after, seq: 0, counters: [] }, { ...before, seq: 0, counters: [] });
    take(dataRecord({}, { txid: txid(3) }));
    passOver(txid(4));
    take(dataRecord({}, { txid: txid(5) }));
    assert.deepEqual(found, []);
    take(dataRecord({}, { txid: txid(7) }));
    passOver(txid(9));
    assert.deepEqual(
      found.map(({ after, before }) => [after, before]),
      [[5, 7]],
    );
    assert.equal(vehicle.notices.gaps[0]?.records, 2, 'one that goes on');
    passOver(txid(6));
    assert.equal(vehicle.notices.gaps[0]?.late, 1);
  });

  it('FT-CLI-2 of several prefixes that come in turn each counts by itself', () => {
    const { vehicle, take, found } = newVehicle();
    const other = 'f'.repeat(22);
    for (let count = 1; count < 10; count++) {
      take(dataRecord({}, { txid: txid(count) }));
      take(dataRecord({}, { txid: txid(100 + count, other) }));
    }
    // What was not acknowledged under the first prefix comes again.
    take(dataRecord({}, { txid: txid(5) }));
    take(dataRecord({}, { txid: txid(10) }));
    assert.deepEqual(found, []);
    take(dataRecord({}, { txid: txid(112, other) }));
    assert.deepEqual(
      found.map(({ prefix, after, before }) => [prefix, after, before]),
      [[other, 109, 112]],
    );
    for (let prefix = 0; prefix < 100; prefix++)
      take(dataRecord({}, { txid: txid(1, String(prefix).padStart(22, '0')) }));
    assert.equal(vehicle.facts.counters.length, 4);
  });

  it('KV-4 what was not read is not missing', () => {
    const { take, found, lose } = newVehicle();
    take(dataRecord({}, { txid: txid(1) }));
    lose(10);
    // Of another prefix: it says nothing of what was lost under the first.
    take(dataRecord({}, { txid: txid(1, 'f'.repeat(22)) }));
    take(dataRecord({}, { txid: txid(12) }));
    assert.deepEqual(found, []);
    take(dataRecord({}, { txid: txid(14) }));
    assert.deepEqual(
      found.map(({ records }) => records),
      [1],
    );
  });

  it('KV-3 of a vehicle whose prefix changes again and again are one, and push no other out', () => {
    const { vehicle, take, found } = newVehicle({ maxGaps: 3 });
    take(dataRecord({}, { txid: txid(1) }));
    take(dataRecord({}, { isResend: true, txid: txid(2) }));
    for (let turn = 0; turn < 100; turn++) {
      const prefix = String(turn).padStart(22, '0');
      take(dataRecord({}, { received: turn, txid: txid(1, prefix) }));
      take(dataRecord({}, { received: turn, txid: txid(4, prefix) }));
    }
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['resend', 'missing'],
    );
    assert.deepEqual(
      vehicle.notices.gaps.map(({ kind, times, records, after }) => [kind, times, records, after]),
      [
        ['resend', 1, undefined, undefined],
        ['missing', 100, 200, 1],
      ],
    );
  });

  it('FT-CLI-4 a resend says from when to when only the latest values are known', () => {
    const { take, found } = newVehicle();
    take(dataRecord({ Soc: { intValue: 1 } }, { received: 1_000 }));
    take(dataRecord({ Soc: { intValue: 2 } }, { received: 61_000, isResend: true }));
    assert.deepEqual(found, [{ kind: 'resend', from: START + 1_000, to: START + 61_000, times: 1 }]);
  });

  it('that follow each other closely are one, and the newest are kept', () => {
    const { vehicle, take, found } = newVehicle({ maxGaps: 3 });
    for (let count = 0; count < 100; count += 2) take(dataRecord({}, { received: count * 10, txid: txid(count) }));
    assert.deepEqual(
      vehicle.notices.gaps.map(({ times, records }) => [times, records]),
      [[49, 49]],
    );
    assert.equal(found.length, 1);
    for (let hour = 1; hour <= 5; hour++) {
      take(dataRecord({}, { received: hour * 60 * MINUTE - 1, txid: txid(1_000 * hour) }));
      take(dataRecord({}, { received: hour * 60 * MINUTE, txid: txid(1_000 * hour + 2) }));
    }
    assert.equal(vehicle.notices.gaps.length, 3);
  });
});

describe('alerts and errors', () => {
  it('an alert is active until its end comes, and an older one of its name says nothing new', () => {
    const { vehicle, take } = newVehicle();
    const active = () => vehicle.notices.alerts.filter(({ endedAt }) => endedAt === null).map(({ name }) => name);
    take(alertRecord('A', START));
    take(alertRecord('B', START));
    assert.deepEqual(active(), ['A', 'B']);
    take(alertRecord('A', START, START + 1_000));
    assert.deepEqual(active(), ['B']);
    take(alertRecord('B', START - 1_000, START - 500));
    assert.deepEqual(active(), ['B']);
  });

  it('KV-3 of many alerts those that are over go first; of errors the newest stay, each once, cut', () => {
    const { vehicle, take } = newVehicle({ maxNotices: 3, maxTextBytes: 16 });
    take(alertRecord('active', START));
    for (let index = 0; index < 10; index++) take(alertRecord(`over ${index}`, START, START + 1));
    assert.deepEqual(
      vehicle.notices.alerts.map(({ name }) => name),
      ['active', 'over 8', 'over 9'],
    );
    for (let index = 0; index < 10; index++)
      take(errorRecord(`error ${index >> 1}`, START + (index >> 1), 'b'.repeat(99)));
    assert.deepEqual(
      vehicle.notices.errors.map(({ name }) => name),
      ['error 2', 'error 3', 'error 4'],
    );
    assert.deepEqual(vehicle.notices.errors[0]?.body.length, 16);
    assert.deepEqual(vehicle.notices.errors[0]?.tags['tag']?.length, 16);
  });

  it('KV-3 are bounded in bytes, whatever the length of their texts and tags; the newest stay', () => {
    const { vehicle, take } = newVehicle({ maxNotices: 1_000, maxTextBytes: 4_096 });
    const empty = vehicle.bytes;
    const long = 'l'.repeat(4_000);
    for (let index = 0; index < 100; index++) {
      take(errorRecord(`${index} ${long}`, START + index, long));
      take(alertRecord(`${index} ${long}`, START));
    }
    assert.ok(vehicle.bytes - empty <= 20 * 1024, String(vehicle.bytes));
    assert.match(vehicle.notices.errors.at(-1)?.name ?? '', /^99 /);
    assert.match(vehicle.notices.alerts.at(-1)?.name ?? '', /^99 /);
  });
});
