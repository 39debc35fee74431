import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setup } from 'xstate';
import { durableType } from '../../fakes/durable-type.js';
import { START, testSystem } from '../../fakes/runtime.js';
import { contextOf } from '../../fakes/scripted.js';
import { DAY, firedBy, timed } from '../../fakes/timed.js';

test('TIM-2 a delay of more than 24.8 days is waited for', async (t) => {
  const type = timed({ long: 60 * DAY }, { idleAfterMs: 1_000 });
  const now = await testSystem(t, [type]);
  now.system.spawn('a/k');
  await now.clock.advance(2_000);
  assert.deepEqual(firedBy(now), []);
  const again = await now.reopen([type], START + 59 * DAY);
  await again.clock.advance(DAY - 1_000);
  assert.deepEqual(firedBy(again), []);
  await again.clock.advance(2_000);
  assert.equal(firedBy(again)?.length, 1);
});

test('TIM-3 one runtime timer wakes any number of sleeping actors, which sleep again at once', async (t) => {
  const type = timed({ one: 600_000 }, { idleAfterMs: 1_000 });
  const now = await testSystem(t, [type]);
  for (let key = 0; key < 400; key++) now.system.spawn(`a/${key}`);
  await now.clock.advance(20_000);
  assert.equal(now.system.liveCount, 0);
  const again = await now.reopen([type]);
  assert.ok(again.clock.pending <= 2, `${again.clock.pending} timers`);
  let most = 0;
  again.system.onLifecycle((_address, change) => {
    if (change === 'woke') most = Math.max(most, again.system.liveCount);
  });
  await again.clock.advance(581_000);
  let fired = 0;
  for (let key = 0; key < 400; key++) {
    fired += contextOf<{ fired: unknown[] }>(again.system, `a/${key}`).fired?.length ?? 0;
  }
  assert.equal(fired, 400);
  assert.equal(again.system.liveCount, 0);
  assert.ok(most < 400, `${most} were in memory at once`);
});

test('TIM-3 a supervised actor that sleeps is woken by its timer as well', async (t) => {
  const type = timed({ one: 600_000 }, { idleAfterMs: 1_000 });
  const now = await testSystem(t, [type]);
  await now.system.child('a/k').start(() => {});
  await now.clock.advance(100_000);
  assert.equal(now.system.liveCount, 0);
  await now.clock.advance(600_000);
  assert.equal(firedBy(now)?.length, 1);
});

test('TIM-4 a jump of the wall clock is logged, moves no timer in memory and re-evaluates those of sleepers', async (t) => {
  const jumps: unknown[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (fields: object, message: string) => void (message === 'wall_clock_jumped' && jumps.push(fields)),
  };
  const awake = timed({ one: 600_000 }, { idleAfterMs: 'never' });
  const sleeping = { ...timed({ one: 600_000 }, { idleAfterMs: 1_000 }), name: 'b' };
  const { system, clock } = await testSystem(t, [awake, sleeping], { log });
  system.spawn('a/k');
  system.spawn('b/k');
  const fired = (address: string): number => contextOf<{ fired: unknown[] }>(system, address).fired?.length ?? 0;
  await clock.advance(100_000);
  clock.jump(clock.now() - 7_200_000);
  await clock.advance(400_000);
  assert.deepEqual(jumps, [{ byMs: -7_200_000 }]);
  assert.deepEqual([fired('a/k'), fired('b/k')], [0, 0]);
  await clock.advance(100_000);
  assert.deepEqual([fired('a/k'), fired('b/k')], [1, 1], 'a step back delays nobody');
});

test('TIM-4 a step forwards lets the timers of sleepers fall due', async (t) => {
  const type = timed({ one: 600_000 }, { idleAfterMs: 1_000 });
  const now = await testSystem(t, [type]);
  now.system.spawn('a/k');
  await now.clock.advance(100_000);
  now.clock.jump(now.clock.now() + 3_600_000);
  await now.clock.advance(61_000);
  assert.equal(firedBy(now)?.length, 1);
});

test('TIM-5 a wait says for what, since when and what ends it, whether the actor is awake or sleeps', async (t) => {
  const machine = setup({}).createMachine({
    id: 'asking',
    initial: 'idle',
    states: {
      idle: { on: { ASK: 'asking' } },
      asking: {
        meta: { waitsFor: 'the answer of the owner' },
        after: { 60000: 'idle' },
        initial: 'first',
        states: {
          first: { on: { MORE: 'second' } },
          second: { meta: { waitsFor: 'the signature' }, after: { 5000: 'first' } },
        },
      },
      resting: { meta: { waitsFor: 'an operator', until: 'never' } },
    },
  });
  const type = durableType(machine, { idleAfterMs: 1_000 });
  const { system, clock } = await testSystem(t, [type]);
  system.tell('a/k', { type: 'ASK' });
  await clock.advance(500);
  const outer = { state: 'asking.asking', waitsFor: 'the answer of the owner', since: START };
  const timeout = { at: START + 60_000, event: 'xstate.after.60000.asking.asking' };
  assert.deepEqual(system.view('a/k')?.waits, [{ ...outer, until: timeout }]);
  await clock.advance(500);
  system.tell('a/k', { type: 'MORE' });
  await clock.advance(2_000);
  assert.equal(system.view('a/k')?.status, 'sleeping');
  const inner = {
    state: 'asking.asking.second',
    waitsFor: 'the signature',
    since: START + 1_000,
    until: { at: START + 6_000, event: 'xstate.after.5000.asking.asking.second' },
  };
  assert.deepEqual(system.view('a/k')?.waits, [{ ...outer, until: timeout }, inner]);
  const { state, ageMs, lastEvent } = system.view('a/k') ?? {};
  assert.deepEqual([state, ageMs, lastEvent], ['asking.second', 2_000, { type: 'MORE', at: START + 1_000 }]);
});

test('CLK-1 no timer of an actor runs on anything but the clock of the system', async (t) => {
  const type = timed({ one: 5 });
  const { system, clock } = await testSystem(t, [type]);
  system.spawn('a/k');
  await system.settled();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(contextOf<{ fired: unknown[] }>(system, 'a/k').fired, []);
  await clock.advance(5);
  assert.equal(contextOf<{ fired: unknown[] }>(system, 'a/k').fired?.length, 1);
});

test('CLK-2 a manual clock fires in the order of due time, then of setting, and drains mailboxes in between', async (t) => {
  const { system, clock } = await testSystem(t, [timed({ c: 300, a: 100, b: 200, a2: 100 })]);
  system.spawn('a/k');
  await clock.advance(1_000);
  assert.deepEqual(contextOf(system, 'a/k'), {
    fired: [
      ['a', 100],
      ['a2', 100],
      ['b', 200],
      ['c', 300],
    ],
  });
});
