import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, raise, sendParent, setup } from 'xstate';
import type { OverduePolicy } from '../../../src/runtime/actor-type.js';
import { durableType } from '../../fakes/durable-type.js';
import { START, testSystem } from '../../fakes/runtime.js';
import { contextOf } from '../../fakes/scripted.js';
import { DAY, firedBy, timed } from '../../fakes/timed.js';

test('TIM-1 every timer fires once, at its time, over any number of restarts', async (t) => {
  let now = await testSystem(t, [timed({ one: 1_000, two: 2_000, three: 30_000 })]);
  now.system.spawn('a/k');
  await now.clock.advance(900);
  for (let restart = 0; restart < 5; restart++) {
    now = await (restart % 2 === 0 ? now.crash() : now.reopen());
    await now.clock.advance(500);
  }
  await now.clock.advance(60_000);
  assert.deepEqual(firedBy(now), [
    ['one', 1_000],
    ['two', 2_000],
    ['three', 30_000],
  ]);
});

test('TIM-1 what fell due while the process was off fires at once, before any message', async (t) => {
  const first = await testSystem(t, [timed({ one: 1_000 })]);
  first.system.spawn('a/k');
  await first.clock.advance(100);
  const second = await first.reopen(undefined, START + DAY);
  await second.clock.advance(0);
  await second.clock.advance(30);
  assert.equal(firedBy(second)?.length, 1);
});

test('TIM-1 a state that is left takes its timers along, stored ones too', async (t) => {
  const first = await testSystem(t, [timed({ one: 1_000 })]);
  first.system.spawn('a/k');
  await first.clock.advance(100);
  const second = await first.crash();
  second.system.tell('a/k', { type: 'LEAVE' });
  await second.clock.advance(100);
  const third = await second.crash();
  await third.clock.advance(10_000);
  assert.deepEqual(firedBy(third), []);
  third.system.tell('a/k', { type: 'RETURN' });
  await third.clock.advance(999);
  assert.deepEqual(firedBy(third), []);
  await third.clock.advance(1);
  assert.equal(firedBy(third)?.length, 1);
});

test('TIM-1 a timer that begins anew within one slice is stored with its new time', async (t) => {
  const machine = setup({}).createMachine({
    initial: 'waiting',
    states: { waiting: { after: { 1000: 'late' }, on: { AGAIN: { target: 'waiting', reenter: true } } }, late: {} },
  });
  const first = await testSystem(t, [durableType(machine)]);
  first.system.spawn('a/k');
  await first.clock.advance(600);
  first.system.tell('a/k', { type: 'AGAIN' });
  await first.system.settled();
  const second = await first.crash();
  await second.clock.advance(900);
  assert.equal(second.system.peek('a/k')?.value, 'waiting');
  await second.clock.advance(100);
  assert.equal(second.system.peek('a/k')?.value, 'late');
});

test('TIM-1 a timer that fired is spent, even if the chart did nothing with it', async (t) => {
  const machine = setup({}).createMachine({
    initial: 'waiting',
    states: { waiting: { after: { 10000: { target: 'late', guard: () => isGranted } } }, late: {} },
  });
  let isGranted = false;
  const first = await testSystem(t, [durableType(machine, { idleAfterMs: 1_000 })]);
  first.system.spawn('a/awake');
  first.system.spawn('a/asleep');
  await first.clock.advance(9_500);
  first.system.tell('a/awake', { type: 'UNKNOWN' });
  await first.clock.advance(20_000);
  assert.equal(first.system.liveCount, 0, 'nothing keeps them in memory');
  isGranted = true;
  const second = await first.crash();
  await second.clock.advance(60_000);
  for (const key of ['awake', 'asleep']) assert.equal(second.system.peek(`a/${key}`)?.value, 'waiting');
});

test('TIM-1 timers of private machines and delayed events survive as well', async (t) => {
  const child = setup({}).createMachine({
    initial: 'waiting',
    states: { waiting: { after: { 2000: 'told' } }, told: { entry: sendParent({ type: 'CHILD' }) } },
  });
  const machine = setup({
    types: { context: {} as { got: string[] } },
    actors: { child },
    actions: { note: assign({ got: ({ context, event }) => [...context.got, event.type] }) },
  }).createMachine({
    context: { got: [] },
    invoke: { src: 'child', id: 'child', onError: {} },
    entry: raise({ type: 'DELAYED' }, { delay: 1_000, id: 'delayed' }),
    on: { DELAYED: { actions: 'note' }, CHILD: { actions: 'note' } },
  });
  const first = await testSystem(t, [durableType(machine)]);
  first.system.spawn('a/k');
  await first.clock.advance(500);
  const second = await first.crash();
  await second.clock.advance(499);
  assert.deepEqual(contextOf(second.system, 'a/k'), { got: [] });
  await second.clock.advance(1_501);
  assert.deepEqual(contextOf(second.system, 'a/k'), { got: ['DELAYED', 'CHILD'] });
});

test('TIM-1 a timer that begins anew after the process was off has all of its time, whatever was left of it', async (t) => {
  const machine = setup({
    types: { context: {} as { count: number } },
    delays: { limit: 10_000 },
  }).createMachine({
    context: { count: 0 },
    on: { COUNT: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
    initial: 'waiting',
    states: { waiting: { after: { limit: 'late' } }, late: {} },
  });
  const type = durableType(machine, { overdue: { limit: 'restart' }, idleAfterMs: 1_000 });
  const first = await testSystem(t, [type]);
  first.system.spawn('a/k');
  await first.clock.advance(5_000);
  assert.equal(first.system.liveCount, 0);
  first.system.tell('a/k', { type: 'COUNT' });
  await first.system.settled();
  const second = await first.crash(undefined, START + DAY);
  await second.clock.advance(9_900);
  assert.equal(second.system.peek('a/k')?.value, 'waiting');
  await second.clock.advance(200);
  assert.equal(second.system.peek('a/k')?.value, 'late');
});

for (const [policy, expected] of [
  ['fire', [['one', 5_000]]],
  ['skip', []],
  ['restart', [['one', 6_000]]],
] as ReadonlyArray<[OverduePolicy, unknown[]]>) {
  test(`TIM-1 overdue policy ${policy} holds for the time that the process was off, once`, async (t) => {
    const type = timed({ one: 1_000 }, { overdue: { one: policy }, idleAfterMs: 1_000 });
    const first = await testSystem(t, [type]);
    first.system.spawn('a/k');
    await first.clock.advance(100);
    const second = await first.reopen([type], START + 5_000);
    await second.clock.advance(50);
    const third = await second.crash([type]);
    await third.clock.advance(20_000);
    assert.deepEqual(
      firedBy(third)?.map(([name, at]) => [name, Math.round(at / 1_000) * 1_000]),
      expected,
    );
    assert.equal(third.system.liveCount, 0, 'nothing keeps it in memory');
  });

  test(`TIM-1 overdue policy ${policy} does not hold for an actor that only slept`, async (t) => {
    const type = timed({ one: 100_000 }, { overdue: { one: policy }, idleAfterMs: 1_000 });
    const now = await testSystem(t, [type]);
    now.system.spawn('a/k');
    await now.clock.advance(50_000);
    assert.equal(now.system.liveCount, 0);
    await now.clock.advance(60_000);
    assert.deepEqual(firedBy(now)?.length, 1);
  });
}

test('TIM-1 a boot in 1970 neither fires everything nor sleeps for decades', async (t) => {
  const type = timed({ soon: 10_000, later: 3_600_000 });
  const first = await testSystem(t, [type]);
  first.system.spawn('a/k');
  await first.clock.advance(4_000);
  first.system.tell('a/k', { type: 'UNKNOWN' });
  const second = await first.reopen([type], 60_000);
  await second.clock.advance(5_000);
  assert.deepEqual(firedBy(second), []);
  await second.clock.advance(6_000);
  assert.equal(firedBy(second)?.length, 1);
  // The date becomes known, two hours after the start of the test.
  second.clock.jump(START + 2 * 3_600_000);
  await second.clock.advance(30_000);
  assert.equal(firedBy(second)?.length, 1, 'in memory the monotonic clock counts');
  const third = await second.reopen();
  await third.clock.advance(100);
  assert.equal(firedBy(third)?.length, 2);
});
