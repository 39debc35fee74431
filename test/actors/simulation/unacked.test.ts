import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeptRecord, UnackedRecords } from '../../../src/actors/simulation/unacked.js';

const alert: KeptRecord = { topic: 'alerts', frame: Buffer.from('alert') };
const EVERYTHING = Number.POSITIVE_INFINITY;
const NOTHING = { signals: [], kept: [], superseded: 0 };

test('FT-CLI-4 on reconnect every signal goes whose newest value is not acked', () => {
  const unacked = new UnackedRecords(4);
  unacked.addSignals(1, 10, [0, 1]);
  unacked.addSignals(2, 20, [1, 2]);
  unacked.addSignals(3, 30, [2, 3]);
  assert.equal(unacked.settle(2), 20);
  assert.deepEqual(unacked.takeOverdue(EVERYTHING), { signals: [0, 2, 3], kept: [], superseded: 2 });
  assert.equal(unacked.size, 0);
});

test('FT-CLI-4 a late ack of an older value does not settle a newer one', () => {
  const unacked = new UnackedRecords(1);
  unacked.addSignals(1, 10, [0]);
  unacked.addSignals(2, 20, [0]);
  unacked.settle(1);
  assert.deepEqual(unacked.takeOverdue(EVERYTHING), { signals: [0], kept: [], superseded: 1 });
});

test('FT-CLI-4 a time-out takes what is overdue, and along with it what else is not acked', () => {
  const unacked = new UnackedRecords(3);
  unacked.addSignals(1, 10, [0]);
  unacked.addSignals(2, 20, [1]);
  unacked.addSignals(3, 30, [2]);
  assert.deepEqual(unacked.takeOverdue(9), NOTHING);
  assert.deepEqual(unacked.takeOverdue(10), { signals: [0, 1, 2], kept: [], superseded: 1 });
  assert.equal(unacked.size, 2, 'their acks may still come');
  unacked.addSignals(4, 40, [0, 1, 2]);
  assert.deepEqual(unacked.takeOverdue(30), { signals: [], kept: [], superseded: 2 }, 'the resend stands for them');
  unacked.settle(4);
  assert.deepEqual(unacked.takeOverdue(EVERYTHING), NOTHING);
});

test('FT-CLI-4 a resend that is lost is sent again', () => {
  const unacked = new UnackedRecords(2);
  unacked.addSignals(1, 10, [0, 1]);
  unacked.takeOverdue(10);
  unacked.addSignals(2, 20, [0, 1]);
  assert.deepEqual(unacked.takeOverdue(20).signals, [0, 1]);
});

test('FT-CLI-3 a reply settles once, and unknown ones never', () => {
  const unacked = new UnackedRecords(1);
  unacked.addSignals(7, 5, [0]);
  assert.equal(unacked.settle(8), undefined);
  assert.equal(unacked.settle(7), 5);
  assert.equal(unacked.settle(7), undefined);
  assert.equal(unacked.settle(0), undefined);
});

test('FT-CLI-4 what is kept goes again under its own txid until it is settled', () => {
  const unacked = new UnackedRecords(1);
  unacked.addKept(1, 10, alert);
  unacked.addSignals(2, 15, [0]);
  assert.deepEqual(unacked.takeOverdue(10), { signals: [], kept: [[1, alert]], superseded: 0 });
  unacked.addKept(1, 20, alert);
  assert.deepEqual(unacked.takeOverdue(14), NOTHING, 'it was sent again later than the other');
  unacked.settle(1);
  assert.equal(unacked.takeKept(1), alert);
  assert.equal(unacked.takeKept(1), undefined);
  assert.equal(unacked.size, 1);
});
