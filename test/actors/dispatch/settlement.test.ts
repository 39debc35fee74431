import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery } from '../../../src/actors/dispatch/dispatcher.js';
import { DispatchError } from '../../../src/actors/dispatch/errors.js';
import { Settlement } from '../../../src/actors/dispatch/settlement.js';

function settlementOf(count: number) {
  const told: Delivery[] = [];
  return { told, settlement: new Settlement(count, (delivery) => told.push(delivery)) };
}

describe('the settlement of a batch', () => {
  it('counts its settled beginning, with the refusals in it in order', () => {
    const { told, settlement } = settlementOf(6);
    settlement.settle(2, 'third');
    settlement.settle(4, 'fifth');
    assert.deepEqual(told, []);
    settlement.settle(0, 'first');
    settlement.settle(1);
    assert.deepEqual(settlement.outcome, {
      delivered: 3,
      refused: [
        { index: 0, reason: 'first' },
        { index: 2, reason: 'third' },
      ],
    });
    const failure = new DispatchError('DISPATCH_FAILED', 'no');
    settlement.fail(failure);
    settlement.fail(new DispatchError('DISPATCH_FAILED', 'later'));
    assert.equal(settlement.failure, failure);
  });

  it('what was told of its progress stays as it was', () => {
    const { told, settlement } = settlementOf(4);
    settlement.settle(0, 'first');
    settlement.settle(1, 'second');
    settlement.settleAll([2, 3], 'the rest');
    assert.deepEqual(told, [
      { delivered: 1, refused: [{ index: 0, reason: 'first' }] },
      {
        delivered: 2,
        refused: [
          { index: 0, reason: 'first' },
          { index: 1, reason: 'second' },
        ],
      },
    ]);
    assert.deepEqual(
      settlement.outcome.refused?.map(({ reason }) => reason),
      ['first', 'second', 'the rest', 'the rest'],
    );
  });

  it('tells the progress of a request once, and nothing where its beginning has not moved', () => {
    const { told, settlement } = settlementOf(2_001);
    const indexes = Array.from({ length: 1_000 }, (_, index) => index);
    settlement.settleAll(indexes.map((index) => index + 1_000));
    assert.equal(told.length, 0);
    settlement.settleAll(indexes, 'no');
    assert.equal(told.length, 1);
    assert.equal(told[0]?.delivered, 2_000);
    assert.equal(told[0]?.refused?.length, 1_000);
  });
});
