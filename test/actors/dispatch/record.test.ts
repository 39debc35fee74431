import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRecord, encodeRecord, type FleetRecord } from '../../../src/actors/dispatch/record.js';
import { seededIds } from '../../../src/runtime/ids.js';
import { sampleRecord } from './sample-records.js';

const plain = (record: FleetRecord) => ({
  type: record.type,
  vehicle: record.vehicle,
  at: record.at,
  receivedAt: record.receivedAt,
  metadata: { ...record.metadata },
  origin: record.origin,
  payload: Buffer.from(record.payload).toString('hex'),
});

function roundTrip(record: FleetRecord): FleetRecord {
  const decoded = decodeRecord(encodeRecord(record));
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.error.detail);
  return decoded.value;
}

describe('the record of the spool', () => {
  for (const [name, record] of Object.entries<FleetRecord>({
    'with an origin': sampleRecord(1, { origin: '0b7c1c6e-1111-4222-8333-444455556666' }),
    'without an origin': sampleRecord(2),
    'without anything': { type: '', vehicle: '', at: 0, receivedAt: 0, metadata: {}, payload: new Uint8Array() },
    'with texts that are not ASCII': sampleRecord(3, { vehicle: 'véhicule-\u{1f697}', metadata: { clé: 'größe' } }),
    'with long texts': sampleRecord(4, {
      vehicle: 'x'.repeat(70_000),
      metadata: { ['k'.repeat(300)]: 'é'.repeat(200) },
    }),
    'with many pairs': sampleRecord(5, {
      metadata: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key ${i}`, `value ${i}`])),
    }),
    'with a time before 1970 and a fraction': sampleRecord(6, { at: -12.5 }),
    'with a large payload': sampleRecord(7, { payload: Buffer.alloc(3_000_000, 7) }),
  })) {
    it(`REC-1 reads back a record ${name}`, () => {
      assert.deepEqual(plain(roundTrip(record)), plain(record));
    });
  }

  it('REC-1 keeps records apart that are encoded one after another', () => {
    const bytes = [1, 2, 3].map((number) => encodeRecord(sampleRecord(number)));
    const numbers = bytes.map((each) => {
      const decoded = decodeRecord(each);
      return decoded.ok && decoded.value.metadata['txid'];
    });
    assert.deepEqual(numbers, ['tx-1', 'tx-2', 'tx-3']);
  });

  it('REC-2 takes a key __proto__ for a key', () => {
    const metadata = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const read = roundTrip(sampleRecord(1, { metadata })).metadata;
    assert.equal(Object.getPrototypeOf(read), Object.prototype);
    assert.deepEqual(Object.entries(read), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('REC-2 makes lone surrogates replacement characters', () => {
    assert.equal(roundTrip(sampleRecord(1, { vehicle: 'a\ud800b' })).vehicle, 'a\ufffdb');
  });

  it('REC-2 names the version that it does not know', () => {
    const bytes = encodeRecord(sampleRecord(1));
    bytes[0] = 9;
    assert.deepEqual(decodeRecord(bytes), {
      ok: false,
      error: { code: 'RECORD_VERSION_UNKNOWN', detail: 'version 9', offset: 0 },
    });
  });

  it('REC-2 refuses a record cut anywhere before its payload', () => {
    const record = sampleRecord(1, { origin: 'connection', payload: new Uint8Array() });
    const bytes = encodeRecord(record);
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decodeRecord(bytes.subarray(0, length));
      assert.equal(decoded.ok, false, `cut at ${length}`);
    }
  });

  it('REC-2 refuses times that are no numbers and flags that it does not know', () => {
    const nan = encodeRecord(sampleRecord(1, { at: Number.NaN }));
    assert.equal(decodeRecord(nan).ok, false);
    const flags = encodeRecord(sampleRecord(1));
    flags[1] = 0x82;
    assert.equal(decodeRecord(flags).ok, false);
  });

  it('REC-2 survives 100,000 hostile inputs', () => {
    const { uniform: random } = seededIds(0x5eed);
    const good = [
      encodeRecord(sampleRecord(1, { origin: 'connection' })),
      encodeRecord(sampleRecord(2, { metadata: { a: 'b'.repeat(300) } })),
    ];
    let read = 0;
    for (let round = 0; round < 100_000; round++) {
      const kind = random() * 3;
      let bytes: Buffer;
      if (kind < 1) {
        bytes = Buffer.from(Array.from({ length: Math.floor(random() * 64) }, () => random() * 256));
        if (bytes.length > 1 && random() < 0.8) bytes.set([1, random() < 0.5 ? 0 : 1]);
      } else {
        bytes = Buffer.from(good[round % good.length] as Buffer);
        const changes = 1 + Math.floor(random() * 4);
        for (let i = 0; i < changes; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        if (kind > 2) bytes = bytes.subarray(0, Math.floor(random() * bytes.length));
      }
      const decoded = decodeRecord(bytes);
      if (!decoded.ok) continue;
      read++;
      assert.equal(typeof decoded.value.vehicle, 'string');
      for (const value of Object.values(decoded.value.metadata)) assert.equal(typeof value, 'string');
      assert.ok(decoded.value.payload.length <= bytes.length);
    }
    assert.ok(read > 1_000, `only ${read} inputs were records`);
  });
});
