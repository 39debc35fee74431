import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RefusedLetter, refusedLetter, respool } from '../../../src/actors/dispatch/dead-letters.js';
import { decodeRecord, encodeRecord } from '../../../src/actors/dispatch/index.js';
import { sampleRecord } from './sample-records.js';

/** A part of the spool that takes entries up to a size. */
function entrance(largest = 1_000_000, isStored = true) {
  const appended: Uint8Array[] = [];
  return {
    appended,
    hasRoom: (bytes: number) => bytes <= largest,
    append: (record: Uint8Array) => {
      if (isStored) appended.push(record);
      return { stored: isStored };
    },
  };
}

test('SUP-7 a letter says whose record it is, and holds all of it as it stood in the spool', () => {
  const record = { ...sampleRecord(7), origin: 'connection' };
  const bytes = encodeRecord(record);
  const letter: RefusedLetter = refusedLetter({ seq: 1, reason: 'X: why', bytes, record });
  assert.deepEqual([letter.type, letter.vehicle, letter.txid], [record.type, record.vehicle, record.metadata['txid']]);
  const place = entrance();
  respool('kafka', letter, place);
  const again = decodeRecord(place.appended[0] ?? new Uint8Array());
  assert.ok(again.ok);
  const { type, vehicle, at, receivedAt, metadata, origin, payload } = again.value;
  assert.deepEqual(
    { type, vehicle, at, receivedAt, metadata, origin, payload: Buffer.from(payload) },
    {
      ...record,
      payload: Buffer.from(record.payload),
    },
  );
});

test('SUP-7 bytes that cannot be read are kept as they are, and a long id of a vehicle is cut', () => {
  const bytes = Buffer.from([99]);
  assert.deepEqual(refusedLetter({ seq: 1, reason: 'X', bytes }), { record: bytes });
  const record = sampleRecord(1, { metadata: { txid: 'x'.repeat(1_000) } });
  assert.equal(refusedLetter({ seq: 1, reason: 'X', bytes, record }).txid?.length, 128);
});

test('SUP-7 what finds no room, or is no record, is not taken, and the answer says which', () => {
  const record = Buffer.alloc(10);
  for (const place of [entrance(9), entrance(10, false)]) {
    assert.throws(() => respool('kafka', { record }, place), { code: 'DISPATCH_SPOOL_FULL', message: /for kafka/ });
    assert.deepEqual(place.appended, []);
  }
  for (const letter of [undefined, null, {}, { record: 'text' }, { unstorable: 'x' }]) {
    assert.throws(() => respool('kafka', letter, entrance()), { code: 'DEAD_LETTER_CONFLICT' });
  }
  assert.throws(() => respool('kafka', { record }, undefined), { code: 'DEAD_LETTER_CONFLICT' });
});
