import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, type EventObject, fromPromise, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { hotLogic } from '../../../src/runtime/actor-type.js';
import { effect } from '../../../src/runtime/effect.js';
import { durableType } from '../../fakes/durable-type.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { contextOf, noteOutput, Receiver, script, scriptedType, tellOutput } from '../../fakes/scripted.js';

test('SUP-6 a failing slice is discarded as a whole; its other messages run again in their order', async (t) => {
  for (const durability of ['committed', 'durable'] as const) {
    const receiver = new Receiver();
    const acknowledged: number[] = [];
    const { system, clock } = await testSystem(t, [
      scriptedType('a', durability, { outputs: { note: receiver.effect } }),
    ]);
    for (const n of [1, 2, 3, 4]) {
      const fail = n === 3 ? { fail: 'three' } : {};
      const event = script({ n, outputs: [noteOutput(n)], ...fail });
      system.tell('a/k', event, { acknowledged: () => acknowledged.push(n) });
    }
    await clock.advance(1_000);
    await turnsOfLoop(3);
    assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2, 4], durability);
    assert.deepEqual(receiver.values, [1, 2, 4], 'nothing of it was released before');
    assert.deepEqual(acknowledged.sort(), [1, 2, 3, 4], 'the sender of a dead letter is acknowledged too');
  }
});

test('SUP-6 with the slice go its hot appends, hot state and answers', async (t) => {
  const appended: string[] = [];
  const answered: unknown[] = [];
  const hot = hotLogic<{ sum: number }, number>({
    initial: () => ({ sum: 0 }),
    stored: true,
    on: (state, n) => {
      if (n < 0) throw new Error('negative');
      state.sum += n;
      return {
        append: { log: 'log', payload: Buffer.from(String(n)), readers: ['r'] },
        reply: n,
        event: script({ n: state.sum }),
      };
    },
    release: (_address, reply) => void answered.push(reply),
  });
  const { system, clock } = await testSystem(t, [scriptedType('a', 'durable', { hot })]);
  system.addLog('log', { append: (payload) => ({ stored: appended.push(String(payload)) > 0 }) });
  for (const n of [1, 2, -1, 4]) system.hot('a/k', n);
  await clock.advance(1_000);
  assert.deepEqual(appended, ['1', '2', '4']);
  assert.deepEqual(answered, [1, 2, 4]);
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 3, 7]);
  assert.deepEqual(
    system.deadLetters.list().map(({ message }) => message),
    [{ kind: 'hot', message: -1 }],
  );
});

test('SUP-6 a slice that cannot be stored is told from the others by taking its messages one by one', async (t) => {
  const receiver = new Receiver();
  const type = scriptedType('a', 'durable', { outputs: { note: receiver.effect } });
  const { system, clock } = await testSystem(t, [type, scriptedType('b')]);
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const unstorable = { type: 'HELLO', cyclic } as EventObject;
  for (const n of [1, 2, 3, 4, 5]) {
    const bad = n === 3 ? [tellOutput('b/k', unstorable)] : [];
    system.tell('a/k', script({ n, outputs: [noteOutput(n), ...bad] }));
  }
  await clock.advance(10_000);
  await turnsOfLoop(3);
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2, 4, 5]);
  assert.deepEqual(receiver.values, [1, 2, 4, 5]);
  const letters = system.deadLetters.list();
  assert.equal(letters.length, 1);
  assert.deepEqual((letters[0]?.message as { kind: string } | undefined)?.kind, 'event');
  assert.equal(system.view('a/k')?.status, 'live');
});

for (const where of ['guard', 'assign', 'entry', 'exit', 'always'] as const) {
  test(`SUP-3 a throw in ${where} fails the actor, and only it (E1, E4)`, async (t) => {
    const boom = (): never => {
      throw new Error(`boom in ${where}`);
    };
    const machine = setup({ guards: { boom }, actions: { boom, assigning: assign({ n: boom }) } }).createMachine({
      initial: 'idle',
      context: { n: 0 },
      states: {
        idle: {
          ...(where === 'exit' ? { exit: 'boom' } : {}),
          on: {
            GO: {
              target: 'next',
              ...(where === 'guard' ? { guard: 'boom' } : {}),
              ...(where === 'assign' ? { actions: 'assigning' } : {}),
            },
            FINE: { actions: assign({ n: ({ context }) => (context as { n: number }).n + 1 }) },
          },
        },
        next: {
          ...(where === 'entry' ? { entry: 'boom' } : {}),
          ...(where === 'always' ? { always: { guard: 'boom', target: 'idle' } } : {}),
        },
      },
    } as never) as unknown as ActorType['machine'];
    const { system, clock } = await testSystem(t, [durableType(machine)]);
    for (const type of ['FINE', 'GO', 'FINE']) system.tell('a/k', { type });
    system.tell('a/other', { type: 'FINE' });
    await clock.advance(1_000);
    assert.deepEqual(system.peek('a/k')?.context, { n: 2 });
    assert.equal(system.peek('a/k')?.value, 'idle');
    assert.match(system.view('a/k')?.lastError?.message ?? '', /boom/);
    assert.deepEqual([system.view('a/k')?.restarts, system.view('a/other')?.restarts], [1, 0]);
    assert.equal(system.deadLetters.total, 1);
  });
}

test('SUP-6 an actor that fails in its activation is parked; messages wait for it and none is blamed (E10)', async (t) => {
  let isBroken = true;
  const machine = setup({
    types: { context: {} as { n: number } },
    actions: {
      check: () => {
        if (isBroken) throw new Error('broken');
      },
    },
  }).createMachine({
    context: { n: 0 },
    on: { 'runtime.restored': { actions: 'check' }, ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
  });
  const first = await testSystem(t, [durableType(machine)]);
  first.system.tell('a/k', { type: 'ADD' });
  await first.system.settled();
  const { system, clock, crash } = await first.reopen();
  system.tell('a/k', { type: 'ADD' });
  void system.tellStored('a/k', { type: 'ADD' });
  await clock.advance(120_000);
  assert.equal(system.view('a/k')?.status, 'parked');
  assert.equal(system.deadLetters.total, 0);
  assert.equal(system.view('a/k')?.mailbox.depth, 2);
  isBroken = false;
  const third = await crash();
  await third.clock.advance(1_000);
  assert.equal(third.system.view('a/k')?.status, 'parked', 'over a restart of the process too');
  assert.equal(third.system.unpark('a/k'), true);
  await third.clock.advance(1_000);
  assert.deepEqual(
    third.system.peek('a/k')?.context,
    { n: 2 },
    'the stored message is there, the other one was lost unacknowledged',
  );
  assert.equal(third.system.parkedCount, 0);
});

test('SUP-6 failing twice outside a message, in a timer or by an effect, parks', async (t) => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const byTimer = setup({ actions: { boom } }).createMachine({ after: { 1000: { actions: 'boom' } } });
  const byEffect = setup({
    actions: { boom },
    actors: { work: effect<void>(async () => {}) },
  }).createMachine({ invoke: { src: 'work', onDone: { actions: 'boom' }, onError: {} } });
  const byRejection = setup({ actors: { work: fromPromise(() => Promise.reject(new Error('boom'))) } }).createMachine({
    invoke: { src: 'work' },
  });
  for (const machine of [byTimer, byEffect, byRejection]) {
    const { system, clock } = await testSystem(t, [durableType(machine), scriptedType('owner')]);
    system.tell('owner/o', script({ outputs: [{ type: 'start', address: 'a/k' } as EventObject] }));
    await clock.advance(60_000);
    const view = system.view('a/k');
    assert.equal(view?.status, 'parked');
    assert.match(view?.parkedReason ?? '', /twice outside a message/);
    assert.match(contextOf(system, 'owner/o').notes?.[0] ?? '', /^actor.parked a\/k failed twice/);
  }
});

test('SUP-6 the actor is told why it was restored', async (t) => {
  const first = await testSystem(t, [scriptedType('a', 'durable', { eager: true, idleAfterMs: 1_000 })]);
  first.system.tell('a/k', script({ n: 1 }));
  await first.system.settled();
  const { system, clock } = await first.crash();
  await clock.advance(10_000);
  system.tell('a/k', script({ n: 2 }));
  await clock.advance(100);
  system.tell('a/k', script({ fail: 'no' }));
  await clock.advance(100);
  assert.deepEqual(contextOf(system, 'a/k').notes, [
    'runtime.restored boot',
    'runtime.restored wake',
    'runtime.restored restart',
  ]);
});
