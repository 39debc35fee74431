import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideRestart,
  type FailurePhase,
  type FailureTime,
  recentFailures,
} from '../../src/runtime/restart-policy.js';

const LIMITS = { intensity: 5, periodMs: 60_000 };
const at = (...times: Array<[number, FailurePhase?]>): FailureTime[] =>
  times.map(([ms, phase = 'message']) => ({ at: ms, phase }));
const delayOf = (failures: FailureTime[], u = 0.5): number | string => {
  const decision = decideRestart(failures, LIMITS, u);
  return decision.kind === 'restart' ? decision.delayMs : decision.reason;
};

test('SUP-5 the first restart is immediate, then 200 ms doubled up to 30 s, with 20 % of jitter, until ten quiet minutes', () => {
  const far = 61_000;
  assert.equal(delayOf(at([0])), 0);
  const delays = [1, 2, 3, 4, 8, 9, 20].map((count) =>
    delayOf(at(...Array.from({ length: count + 1 }, (_, index): [number] => [index * far]))),
  );
  assert.deepEqual(delays, [200, 400, 800, 1_600, 25_600, 30_000, 30_000]);
  assert.deepEqual([delayOf(at([0], [far]), 0), delayOf(at([0], [far]), 0.999_999)], [160, 240]);
  assert.equal(delayOf(at([0], [far], [far + 600_000])), 0, 'after ten minutes it is a first failure again');
});

test('SUP-1 more failures within the period than the intensity park', () => {
  const five = [0, 1, 2, 3, 4].map((n): [number] => [n * 10_000]);
  assert.equal(typeof delayOf(at(...five)), 'number');
  assert.match(String(delayOf(at(...five, [50_000]))), /failed 6 times within 60 s/);
  assert.equal(typeof delayOf(at(...five, [60_000])), 'number', 'the first one is out of the period');
});

test('SUP-6 failing in the restart parks at once, twice outside a message as well', () => {
  assert.match(String(delayOf(at([0], [10, 'restart']))), /in the restart/);
  for (const phase of ['activation', 'timer', 'effect'] as const) {
    assert.equal(delayOf(at([0, phase])), 0);
    assert.match(String(delayOf(at([0, phase], [1_000], [2_000, 'timer']))), /twice outside a message/);
  }
  assert.equal(typeof delayOf(at([0, 'timer'], [60_000, 'timer'])), 'number', 'not within the period');
  assert.equal(typeof delayOf(at([0, 'end'], [1, 'end'])), 'number', 'an end is no failure');
});

test('SUP-5 only failures that a decision may look at are remembered', () => {
  const failures = at(...Array.from({ length: 100 }, (_, n): [number] => [n * 1_000]));
  assert.equal(recentFailures(failures, LIMITS, 100_000).length, 50);
  assert.deepEqual(recentFailures(failures, LIMITS, 698_000), at([99_000]), 'ten minutes and no longer');
  assert.deepEqual(recentFailures(failures, { intensity: 1, periodMs: 3_600_000 }, 3_000_000).length, 50);
});
