import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventObject, setup } from 'xstate';
import { effect } from '../../../src/runtime/effect.js';
import { durableType } from '../../fakes/durable-type.js';
import { testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

test('SUP-1 one child past its limit is parked, and its siblings, its type and the process go on', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a', 'durable', { intensity: 3, periodMs: 60_000 })]);
  for (let n = 0; n < 10; n++) {
    system.tell('a/bad', script({ fail: 'always' }));
    system.tell('a/good', script({ n }));
    await clock.advance(10_000);
  }
  assert.equal(system.view('a/bad')?.status, 'parked');
  assert.equal(contextOf(system, 'a/good').seen?.length, 10);
  assert.equal(system.counts.get('a')?.parked, 1);
});

test('SUP-1 a type hears of its actors that were stopped or are parked, and of no others', async (t) => {
  const gone: string[] = [];
  const type = scriptedType('a', 'durable', { intensity: 1, periodMs: 60_000, gone: (address) => gone.push(address) });
  const { system, clock } = await testSystem(t, [type]);
  for (const key of ['parked', 'restarted', 'stopped', 'well']) system.tell(`a/${key}`, script({ n: 1 }));
  for (const key of ['parked', 'restarted', 'parked']) {
    system.tell(`a/${key}`, script({ fail: 'once' }));
    await clock.advance(10_000);
  }
  await system.remove('a/stopped');
  assert.deepEqual(gone, ['a/parked', 'a/stopped']);
});

test('SUP-1 failures further apart than the period never park', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a', 'durable', { intensity: 1, periodMs: 10_000 })]);
  for (let n = 0; n < 10; n++) {
    system.tell('a/k', script({ fail: 'now and then' }));
    await clock.advance(60_000);
  }
  assert.equal(system.view('a/k')?.status, 'live');
  assert.equal(system.deadLetters.total, 10);
});

test('SUP-1 a new version of the type lets a parked actor try again', async (t) => {
  const bad = scriptedType('a', 'durable', { intensity: 0 });
  const first = await testSystem(t, [bad]);
  first.system.tell('a/k', script({ n: 1 }));
  await first.system.settled();
  first.system.tell('a/k', script({ fail: 'no' }));
  await first.clock.advance(1_000);
  assert.equal(first.system.view('a/k')?.status, 'parked');
  void first.system.tellStored('a/k', script({ n: 2 }));
  const same = await first.crash();
  await same.clock.advance(1_000);
  assert.equal(same.system.view('a/k')?.status, 'parked');
  const { system, clock } = await same.reopen([{ ...bad, version: 2, migrate: (_from, snapshot) => snapshot }]);
  system.tell('a/k', script({ n: 3 }));
  await clock.advance(1_000);
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 3]);
});

test('SUP-1 a stop ends a parked actor; what it had not taken is a dead letter', async (t) => {
  const { system, clock } = await testSystem(t, [
    scriptedType('a', 'durable', { intensity: 0 }),
    scriptedType('owner'),
  ]);
  system.tell('owner/o', script({ outputs: [{ type: 'start', address: 'a/k' } as EventObject] }));
  await clock.advance(100);
  system.tell('a/k', script({ fail: 'no' }));
  system.tell('a/k', script({ n: 1 }));
  await clock.advance(1_000);
  assert.equal(system.view('a/k')?.status, 'parked');
  system.tell('owner/o', script({ outputs: [{ type: 'stop', address: 'a/k' } as EventObject] }));
  await clock.advance(1_000);
  assert.equal(system.view('a/k'), undefined);
  assert.equal(system.parkedCount, 0);
  assert.deepEqual(
    system.deadLetters.list().map(({ error }) => error.code ?? error.message),
    ['ACTOR_STOPPED', 'no'],
  );
  assert.equal(contextOf(system, 'owner/o').notes?.at(-1), 'actor.stopped a/k');
});

test('SUP-2 temporary actors are never restarted, transient ones after a failure, permanent ones always', async (t) => {
  const types = (['temporary', 'transient', 'permanent'] as const).map((restart) =>
    scriptedType(restart, 'durable', { restart, startOnTell: false }),
  );
  const first = await testSystem(t, [...types, scriptedType('owner')]);
  const { system, clock } = first;
  for (const { name } of types) {
    const start = { type: 'start', address: `${name}/k`, input: { wish: 1 } } as EventObject;
    system.tell(`owner/${name}`, script({ outputs: [start] }));
    await system.settled();
    system.tell(`${name}/k`, script({ n: 1 }));
    await system.settled();
    system.tell(`${name}/k`, script({ fail: 'no' }));
    await clock.advance(1_000);
  }
  assert.deepEqual(
    types.map(({ name }) => contextOf(system, `${name}/k`).seen),
    [undefined, [1], [1]],
  );
  assert.deepEqual(contextOf(system, 'owner/temporary').notes, ['actor.failed temporary/k']);
  for (const name of ['transient', 'permanent']) system.tell(`${name}/k`, { type: 'END', result: 1 } as EventObject);
  await clock.advance(1_000);
  assert.deepEqual(
    types.map(({ name }) => contextOf(system, `${name}/k`).seen),
    [undefined, undefined, []],
  );
  assert.equal((contextOf(system, 'permanent/k').input as { wish: number }).wish, 1, 'with the input it had');
  assert.deepEqual(contextOf(system, 'owner/permanent').notes, ['actor.done permanent/k 1']);
});

test('SUP-2 a permanent actor that ends is there again after a crash in between, and parked if it ends too often', async (t) => {
  const type = scriptedType('a', 'durable', { restart: 'permanent', intensity: 2 });
  const first = await testSystem(t, [type]);
  first.system.spawn('a/k', { wish: 1 });
  await first.system.settled();
  // The second end is answered after a delay only, and the crash comes before it.
  for (let end = 0; end < 2; end++) {
    first.system.tell('a/k', { type: 'END' });
    await first.clock.advance(1);
  }
  assert.equal(first.system.peek('a/k'), undefined);
  const { system, clock } = await first.crash();
  await clock.advance(100);
  assert.equal((contextOf(system, 'a/k').input as { wish: number }).wish, 1);
  for (let end = 0; end < 4; end++) {
    system.tell('a/k', { type: 'END' });
    await clock.advance(1_000);
  }
  assert.match(system.view('a/k')?.parkedReason ?? '', /^ended 3 times/);
});

test('SUP-4 with a failed actor its whole system stops, children included (E9, R25)', async (t) => {
  const log: string[] = [];
  const child = setup({
    actors: {
      socket: effect<void>(({ signal }) => {
        log.push('open');
        signal.addEventListener('abort', () => log.push('closed'));
        return new Promise(() => {});
      }),
    },
  }).createMachine({
    invoke: { src: 'socket', onError: {} },
    after: { 5000: { actions: () => void log.push('orphan') } },
  });
  const machine = setup({ actors: { child } }).createMachine({
    invoke: { src: 'child', onError: {} },
    on: {
      FAIL: {
        actions: () => {
          throw new Error('no');
        },
      },
    },
  });
  const { system, clock } = await testSystem(t, [durableType(machine, { restart: 'temporary' })]);
  system.spawn('a/k');
  await system.settled();
  system.tell('a/k', { type: 'FAIL' });
  await clock.advance(60_000);
  assert.deepEqual(log, ['open', 'closed']);
});

test('SUP-5 the first restart is immediate, the next ones wait longer and longer, and messages wait in the mailbox', async (t) => {
  const restarts: number[] = [];
  const type = scriptedType('a', 'durable', { intensity: 5, periodMs: 300_000, mailbox: { capacity: 3 } });
  const { system, clock } = await testSystem(t, [type]);
  system.onLifecycle((_address, change) => {
    if (change === 'woke') restarts.push(clock.monotonic());
  });
  let failedAt = 0;
  const waits: number[] = [];
  for (let n = 0; n < 5; n++) {
    system.tell('a/k', script({ fail: 'no' }));
    await system.settled();
    failedAt = clock.monotonic();
    if (n === 3) {
      const told = [1, 2, 3, 4].map((value) => system.tell('a/k', script({ n: value })));
      assert.deepEqual(told, [true, true, true, false], 'within its bound');
    }
    await clock.advance(10_000);
    waits.push((restarts.at(-1) ?? 0) - failedAt);
  }
  assert.equal(waits[0], 0);
  for (const [index, base] of [200, 400, 800, 1_600].entries()) {
    const wait = waits[index + 1] ?? 0;
    assert.ok(wait >= 0.8 * base && wait <= 1.2 * base, `${wait} is about ${base}`);
  }
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2, 3]);
});

test('DUR-11 an actor without a record that failed still tells who started it of its end', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a', 'none'), scriptedType('owner')]);
  system.tell('owner/o', script({ outputs: [{ type: 'start', address: 'a/k' } as EventObject] }));
  await system.settled();
  system.tell('a/k', script({ fail: 'once' }));
  await system.settled();
  await clock.advance(60_000);
  system.tell('a/k', { type: 'END', result: 1 } as EventObject);
  await system.settled();
  assert.equal(contextOf(system, 'owner/o').notes?.at(-1), 'actor.done a/k 1');
});

test('SUP-6 a listener that throws as actors come and go harms none of them', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a')]);
  system.onLifecycle(() => {
    throw new Error('listener');
  });
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  system.cell('a/k')?.sleep();
  await system.settled();
  system.tell('a/k', script({ n: 2 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2]);
  assert.equal(system.counts.get('a')?.failures, 0);
});
