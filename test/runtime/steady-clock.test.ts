import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '../../src/runtime/clock.js';
import { SteadyClock } from '../../src/runtime/steady-clock.js';
import { START } from '../fakes/runtime.js';

const steady = (clock: ManualClock, notBefore = 0): { time: SteadyClock; jumps: number[] } => {
  const jumps: number[] = [];
  return { time: new SteadyClock(clock, notBefore, (byMs) => jumps.push(byMs)), jumps };
};

test('TIM-4 it follows the wall clock, and reports steps of more than two seconds', async () => {
  const clock = new ManualClock(START);
  const { time, jumps } = steady(clock);
  await clock.advance(1_000);
  assert.equal(time.now(), START + 1_000);
  clock.jump(START + 2_500);
  assert.equal(time.now(), START + 2_500);
  assert.deepEqual(jumps, [], 'a small step is the clock being disciplined');
  clock.jump(START + 3_600_000);
  assert.equal(time.now(), START + 3_600_000);
  assert.deepEqual(jumps, [3_597_500]);
});

test('TIM-4 after a step back it goes on by the monotonic clock, and meets the wall clock again when that is ahead', async () => {
  const clock = new ManualClock(START);
  const { time, jumps } = steady(clock);
  clock.jump(START - 3_600_000);
  assert.equal(time.now(), START);
  await clock.advance(5_000);
  assert.equal(time.now(), START + 5_000);
  assert.deepEqual(jumps, [-3_600_000]);
  clock.jump(START + 60_000);
  assert.equal(time.now(), START + 60_000);
  await clock.advance(1);
  assert.equal(time.now(), START + 60_001);
});

test('TIM-1 a clock that does not know the date goes on from the last time known', async () => {
  const clock = new ManualClock(60_000);
  const { time } = steady(clock, START);
  assert.equal(time.now(), START);
  assert.equal(time.isTrusted, false);
  await clock.advance(10_000);
  assert.equal(time.now(), START + 10_000);
  clock.jump(START + 7_200_000);
  assert.equal(time.now(), START + 7_200_000);
  assert.equal(time.isTrusted, true);
});

test('TIM-1 a clock without a date and without a past is what it is, and not trusted', () => {
  const { time } = steady(new ManualClock(60_000));
  assert.equal(time.now(), 60_000);
  assert.equal(time.isTrusted, false);
});

test('RT-11 whatever the wall clock does, time never goes back, and passes at least as fast as the monotonic clock but for small steps', async () => {
  const step = fc.record({
    ms: fc.nat(10_000),
    jump: fc.option(fc.integer({ min: -86_400_000, max: 86_400_000 }), { freq: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: -5_000_000, max: 5_000_000 }),
      async (steps, offset) => {
        const clock = new ManualClock(START);
        const { time } = steady(clock, START + offset);
        let last = time.now();
        assert.ok(last >= START + offset);
        for (const { ms, jump } of steps) {
          if (jump !== null) clock.jump(clock.now() + jump);
          await clock.advance(ms);
          const now = time.now();
          assert.ok(now >= last, `${now} after ${last}`);
          assert.ok(now - last >= ms - 2_000, `${now - last} ms passed in ${ms} ms`);
          assert.ok(now >= clock.now(), 'never behind the wall clock');
          last = now;
        }
      },
    ),
    { numRuns: 200, seed: 20_260_103 },
  );
});
