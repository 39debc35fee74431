import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, systemClock } from '../../src/runtime/clock.js';

test('CLK-2 a manual clock fires what is due on the way, in order, and what that arms as well', async () => {
  const clock = new ManualClock(1_000);
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name} ${clock.now() - 1_000} ${clock.monotonic()}`);
  clock.setTimeout(note('c'), 30);
  clock.setTimeout(note('a'), 10);
  clock.setTimeout(note('b'), 10);
  const gone = clock.setTimeout(note('never'), 15);
  clock.setTimeout(() => {
    clock.clearTimeout(gone);
    clock.setTimeout(note('d'), 5);
  }, 12);
  clock.setTimeout(note('later'), 31);
  await clock.advance(30);
  assert.deepEqual(fired, ['a 10 10', 'b 10 10', 'd 17 17', 'c 30 30']);
  assert.equal(clock.pending, 1);
});

test('CLK-2 a jump moves the wall clock and no timer', async () => {
  const clock = new ManualClock(1_000);
  let fired = false;
  clock.setTimeout(() => {
    fired = true;
  }, 10);
  clock.jump(1_000_000);
  assert.deepEqual([clock.now(), clock.monotonic()], [1_000_000, 0]);
  await clock.advance(9);
  assert.equal(fired, false);
  await clock.advance(1);
  assert.equal(fired, true);
  assert.equal(clock.now(), 1_000_010);
});

test('TIM-2 the system clock does not fire a timer of more than 24.8 days at once', async () => {
  const fired: string[] = [];
  const long = systemClock.setTimeout(() => fired.push('long'), 2 ** 31 + 1_000);
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5));
  assert.deepEqual(fired, []);
  systemClock.clearTimeout(long);
  systemClock.clearTimeout(undefined);
});

test('TIM-2 a chained timer goes on for what is left of it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const fired: string[] = [];
  systemClock.setTimeout(() => fired.push('long'), 2 * (2 ** 31 - 1) + 5);
  t.mock.timers.tick(2 ** 31 - 1);
  t.mock.timers.tick(2 ** 31 - 1);
  assert.deepEqual(fired, []);
  t.mock.timers.tick(5);
  assert.deepEqual(fired, ['long']);
});
