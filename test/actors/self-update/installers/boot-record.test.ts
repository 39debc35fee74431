import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ATTEMPTS,
  activated,
  type BootRecord,
  booted,
  condemned,
  confirmed,
  FACTORY_RECORD,
  otherThan,
  returned,
  type SlotName,
} from '../../../../src/actors/self-update/installers/slots/boot-record.js';

const start = (record: BootRecord, times: number): ReturnType<typeof booted> => {
  let result = booted(record);
  for (let count = 1; count < times; count++) result = booted(result.record);
  return result;
};

describe('the boot record of file slots', () => {
  it('a new image is tried three times and then left for the good one', () => {
    const record = activated(FACTORY_RECORD, 'b');
    assert.equal(start(record, ATTEMPTS).slot, 'b');
    const fallen = start(record, ATTEMPTS + 1);
    assert.deepEqual([fallen.slot, fallen.hasFallenBack, fallen.record.primary], ['a', true, 'a']);
    assert.equal(start(fallen.record, 20).slot, 'a', 'it does not go back to what failed');
  });

  it('a confirmed image has all attempts again and can be fallen back to', () => {
    const good = confirmed(booted(activated(FACTORY_RECORD, 'b')).record, 'b');
    assert.equal(start(good, ATTEMPTS).slot, 'b');
    const newer = activated(good, 'a');
    assert.equal(start(newer, ATTEMPTS + 1).slot, 'b');
  });

  it('a slot that is written is never fallen back to', () => {
    const record = condemned(confirmed(booted(activated(FACTORY_RECORD, 'b')).record, 'b'), 'a');
    assert.deepEqual([start(record, 50).slot, start(record, 50).hasFallenBack], ['b', false]);
  });

  it('an orderly stop gives the attempt back', () => {
    let record = activated(FACTORY_RECORD, 'b');
    for (let count = 0; count < 10; count++) record = returned(booted(record).record, 'b');
    assert.equal(booted(record).slot, 'b');
    assert.equal(record.boots, 10);
  });

  it('whatever happens, a start chooses the primary slot or a good one, and counts', () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom('boot', 'activate', 'confirm', 'condemn', 'return'),
        slot: fc.constantFrom<SlotName>('a', 'b'),
      }),
    );
    fc.assert(
      fc.property(steps, (each) => {
        let record = FACTORY_RECORD;
        for (const { what, slot } of each) {
          if (what === 'boot') {
            const next = booted(record);
            assert.ok(next.slot === record.primary || record.slots[next.slot].isGood);
            assert.equal(next.hasFallenBack, next.slot === otherThan(record.primary));
            assert.equal(next.record.boots, record.boots + 1);
            record = next.record;
          } else
            record = { activate: activated, confirm: confirmed, condemn: condemned, return: returned }[what](
              record,
              slot,
            );
          for (const { attempts } of Object.values(record.slots)) assert.ok(attempts >= 0 && attempts <= ATTEMPTS);
        }
      }),
    );
  });
});
