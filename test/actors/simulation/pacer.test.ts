import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../../../src/actors/simulation/gate.js';
import { Pacer } from '../../../src/actors/simulation/pacer.js';
import { ManualClock } from '../../../src/runtime/index.js';

test('everybody is called about when asked for, near or far', async () => {
  const clock = new ManualClock();
  const pacer = new Pacer(clock);
  const calls = new Map<number, number[]>([5, 12, 100, 1_000, 3_000].map((every) => [every, []]));
  for (const [every, times] of calls) {
    pacer.add(
      {
        tick: (now) => {
          if (now >= (times.at(-1) ?? 0) + every) times.push(now);
          return (times.at(-1) ?? 0) + every;
        },
      },
      every,
    );
  }
  await clock.advance(12_000);
  for (const [every, times] of calls) {
    times.forEach((at, index) => {
      const late = at - (times[index - 1] ?? 0) - every;
      assert.ok(late >= 0 && late <= 10, `every ${every}: late by ${late}`);
    });
    assert.ok(times.length >= 12_000 / (every + 10) - 1);
  }
});

test('nobody is called twice in one turn, and none is forgotten after a long pause', async () => {
  const clock = new ManualClock();
  const pacer = new Pacer(clock);
  const calls = Array.from({ length: 300 }, () => 0);
  calls.forEach((_, index) => {
    pacer.add(
      {
        tick: (now) => {
          calls[index] = (calls[index] ?? 0) + 1;
          return now;
        },
      },
      index * 7,
    );
  });
  const stuck = clock.monotonic.bind(clock);
  clock.monotonic = () => stuck() + 60_000;
  await clock.advance(5);
  assert.deepEqual(new Set(calls), new Set([1]));
});

test('a stopped pacer calls nobody and leaves no timer', async () => {
  const clock = new ManualClock();
  const pacer = new Pacer(clock);
  let calls = 0;
  const paced = {
    tick: (now: number) => {
      calls += 1;
      if (calls === 3) pacer.stop();
      return now + 5;
    },
  };
  pacer.add(paced, 0);
  await clock.advance(100);
  assert.equal(calls, 3);
  assert.equal(clock.pending, 0);
  pacer.add(paced, 0);
  assert.equal(clock.pending, 0);
});

test('a gate lets so many through at once, in order, and gives places back after failures', async () => {
  const gate = new Gate(2);
  const { signal } = new AbortController();
  const order: number[] = [];
  const ends: (() => void)[] = [];
  let most = 0;
  let inside = 0;
  const works = [0, 1, 2, 3, 4].map((number) =>
    gate.pass(signal, async () => {
      order.push(number);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise<void>((resolve) => ends.push(resolve));
      inside -= 1;
      if (number % 2 === 0) throw new Error('failed');
    }),
  );
  const results = Promise.allSettled(works);
  while (order.length < 5) {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const end of ends) end();
  assert.deepEqual(
    (await results).map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected'],
  );
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
  assert.equal(most, 2);
});

test('who gives up waiting leaves the place to the next', async () => {
  const gate = new Gate(1);
  const never = new AbortController();
  let free: () => void = () => {};
  const first = gate.pass(never.signal, () => new Promise<void>((resolve) => (free = resolve)));
  const impatient = new AbortController();
  const second = gate.pass(impatient.signal, async () => 'second');
  const third = gate.pass(never.signal, async () => 'third');
  impatient.abort(new Error('too long'));
  await assert.rejects(second, /too long/);
  // One that is handed the place and gives up at the same time hands it on.
  const late = new AbortController();
  free();
  const fourth = gate.pass(late.signal, async () => 'fourth');
  late.abort(new Error('too late'));
  await assert.rejects(fourth, /too late/);
  assert.equal(await third, 'third');
  await first;
  assert.equal(await gate.pass(never.signal, async () => 'fifth'), 'fifth');
});
