import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PassedOver } from '../../../src/actors/vehicles/passed-over.js';
import { transactionCounter } from '../../../src/protocols/fleet-telemetry/index.js';
import { txid, VIN } from './records.js';

const prefix = transactionCounter(txid(0))?.prefix ?? '';

it('FT-AUTH-3 ids between two records are counted once each, in whatever order they came', () => {
  const passed = new PassedOver();
  for (const count of [5, 3, 4, 4, 9, 12, 999_999_999]) passed.add(VIN, txid(count));
  passed.add(VIN, 'another form');
  assert.equal(passed.take(VIN, prefix, 999_999_998, 2), 1, 'the counter begins anew');
  assert.equal(passed.take(VIN, prefix, 2, 10), 4);
  assert.equal(passed.take(VIN, prefix, 2, 10), 0);
  assert.equal(passed.take(VIN, prefix, 10, 20), 1);
  assert.equal(passed.take('OTHER', prefix, 0, 20), 0);
});

it('PO-2 ranges of a vehicle that has too many run together; past the bound of all the first vehicle is forgotten', () => {
  const passed = new PassedOver(400);
  for (let count = 2; count <= 2_000; count += 2) passed.add('A', txid(count));
  assert.ok(passed.take('A', prefix, 1, 2_001) > 1_000);
  for (const vin of ['A', 'B', 'C']) for (let count = 2; count <= 400; count += 2) passed.add(vin, txid(count));
  assert.equal(passed.take('A', prefix, 1, 401), 0);
  assert.equal(passed.take('C', prefix, 1, 401), 200);
});
