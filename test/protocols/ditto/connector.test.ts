import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { downward, hubFilters, thingAnswer, upward } from '../../../src/protocols/ditto/index.js';

const CAR = { tenantId: 't1', namespace: 'edge', deviceId: 'hub:car-7' };

describe('the topics of a cloud connector', () => {
  it('THG-3 says which thing the vehicle is, with a policy where there is one', () => {
    assert.deepEqual(JSON.parse(thingAnswer(CAR)), { deviceId: 'edge:hub:car-7', tenantId: 't1' });
    assert.deepEqual(JSON.parse(thingAnswer({ ...CAR, policyId: 'n:p' })), {
      deviceId: 'edge:hub:car-7',
      tenantId: 't1',
      policyId: 'n:p',
    });
  });

  for (const [topic, expected] of [
    ['e', 'e/t1/edge:hub:car-7'],
    ['e/t1/edge:hub:car-7', 'e/t1/edge:hub:car-7'],
    ['e/t1/edge:hub:car-7:edge:containers', 'e/t1/edge:hub:car-7:edge:containers'],
    ['e//edge:hub:car-7:edge:containers', 'e/t1/edge:hub:car-7:edge:containers'],
    ['command///res/r1/204', 'command//edge:hub:car-7/res/r1/204'],
    ['command///res//204', 'command//edge:hub:car-7/res//204'],
    ['command//edge:hub:car-7/res/r1/204', 'command//edge:hub:car-7/res/r1/204'],
    ['command//edge:hub:car-7:edge:containers/res/r1/200', 'command//edge:hub:car-7:edge:containers/res/r1/200'],
    ['e/t2/edge:hub:car-7', undefined],
    ['e/t1/edge:hub:car-70', undefined],
    ['e/t1/edge:other', undefined],
    ['e/t1', undefined],
    ['e/t1/edge:hub:car-7/more', undefined],
    ['command//edge:other/res/r1/204', undefined],
    ['command/t1/edge:hub:car-7/res/r1/204', undefined],
    ['command///res/r1', undefined],
    ['command///res/r1/204/more', undefined],
    ['command///req/r1/apply', undefined],
    ['edge/thing/request', undefined],
    ['', undefined],
  ] as const) {
    it(`THG-4 UM-TH-3 ${topic || '(empty)'} goes up as ${expected ?? 'nothing'}`, () => {
      assert.equal(upward(CAR, topic), expected);
    });
  }

  for (const [topic, expected] of [
    ['command//edge:hub:car-7/req/r1/apply', 'command///req/r1/apply'],
    ['command//edge:hub:car-7/req//modified', 'command///req//modified'],
    ['command//edge:hub:car-7:edge:containers/req/r1/create', 'command//edge:hub:car-7:edge:containers/req/r1/create'],
    ['command//edge:other/req/r1/apply', undefined],
    ['command///req/r1/apply', undefined],
    ['command//edge:hub:car-7/res/r1/204', undefined],
    ['e/t1/edge:hub:car-7', undefined],
  ] as const) {
    it(`THG-4 UM-TH-1 ${topic} comes down as ${expected ?? 'nothing'}`, () => {
      assert.equal(downward(CAR, topic), expected);
    });
  }

  it('THG-4 what goes up names the vehicle, and goes up as it is from there on', () => {
    const level = fc.constantFrom(
      'e',
      'command',
      '',
      't1',
      't2',
      'edge:hub:car-7',
      'edge:hub:car-7:x',
      'res',
      'r',
      '#',
    );
    fc.assert(
      fc.property(fc.array(level, { maxLength: 7 }), (levels) => {
        const topic = upward(CAR, levels.join('/'));
        if (topic === undefined) return;
        assert.match(topic, /^(e\/t1|command\/)\/edge:hub:car-7(:x)?(\/res\/[^/]*\/[^/]+)?$/);
        assert.equal(upward(CAR, topic), topic);
      }),
    );
  });

  it('THG-4 the hub is asked for the commands of the vehicle and of its containers alone', () => {
    assert.deepEqual(hubFilters(CAR), [
      'command//edge:hub:car-7/req/#',
      'command//edge:hub:car-7:edge:containers/req/#',
    ]);
  });
});
