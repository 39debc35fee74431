import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setup } from 'xstate';
import { type ActorType, hotLogic } from '../../../src/runtime/actor-type.js';
import { effect } from '../../../src/runtime/effect.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

test('PAS-1 an idle actor leaves memory after its time, by its own type, and its next message finds it as it was', async (t) => {
  const types = [
    scriptedType('slow', 'durable', { idleAfterMs: 30_000 }),
    scriptedType('fast', 'committed', { idleAfterMs: 2_000 }),
    scriptedType('never', 'durable', { idleAfterMs: 'never' }),
    scriptedType('none', 'none', { idleAfterMs: 1_000 }),
  ];
  const { system, clock } = await testSystem(t, types);
  for (const type of types) system.tell(`${type.name}/k`, script({ n: 1 }));
  await clock.advance(3_000);
  const isLive = (name: string): boolean => system.cell(`${name}/k`)?.isLive === true;
  const live = (): string[] => types.map(({ name }) => name).filter(isLive);
  assert.deepEqual(live(), ['slow', 'never', 'none']);
  await clock.advance(60_000);
  assert.deepEqual(live(), ['never', 'none'], 'what is not stored cannot leave');
  assert.equal(system.cell('slow/k'), undefined, 'its cell is gone too');
  for (const type of types) system.tell(`${type.name}/k`, script({ n: 2 }));
  await system.settled();
  for (const type of types) assert.deepEqual(contextOf(system, `${type.name}/k`).seen, [1, 2], type.name);
  assert.deepEqual(contextOf(system, 'slow/k').notes, ['runtime.restored wake']);
});

test('PAS-1 a running effect, and a timer that is nearly due, keep an actor in memory', async (t) => {
  let finish: () => void = () => {};
  const machine = setup({
    actors: {
      work: effect<void>(
        () =>
          new Promise((resolve) => {
            finish = resolve;
          }),
      ),
    },
  }).createMachine({
    initial: 'idle',
    states: {
      idle: { on: { GO: 'working', WAIT: 'waiting' } },
      working: { invoke: { src: 'work', onDone: 'idle', onError: {} } },
      waiting: { after: { 1020: 'idle' } },
    },
  });
  const type: ActorType = {
    name: 'a',
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
    idleAfterMs: 1_000,
  };
  const { system, clock } = await testSystem(t, [type]);
  system.tell('a/k', { type: 'GO' });
  await clock.advance(60_000);
  assert.equal(system.liveCount, 1);
  finish();
  await turnsOfLoop(2);
  await clock.advance(5_000);
  assert.equal(system.liveCount, 0);
  system.tell('a/k', { type: 'WAIT' });
  await clock.advance(1_000);
  assert.equal(system.liveCount, 1, 'due in 20 ms');
  await clock.advance(20);
  assert.equal(system.peek('a/k')?.value, 'idle');
});

test('PAS-2 no message is lost or done twice by passivation, whenever it comes', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a', 'durable', { idleAfterMs: 1_000 })]);
  const sent: number[] = [];
  for (let round = 0; round < 60; round++) {
    const cell = system.cell('a/k');
    const tell = (): void => {
      sent.push(sent.length);
      assert.equal(system.tell('a/k', script({ n: sent.length - 1 })), true);
    };
    if (round % 3 === 0) tell();
    cell?.sleep();
    if (round % 3 === 1) tell();
    await turnsOfLoop(round % 7);
    if (round % 3 === 2) tell();
    if (round % 5 === 0) await clock.advance(3_000);
  }
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, sent);
  assert.ok((system.counts.get('a')?.passivated ?? 0) > 5);
});

test('PAS-2 the record is on disk before the actor leaves', async (t) => {
  const now = await testSystem(t, [scriptedType('a', 'committed', { idleAfterMs: 1_000 })]);
  now.system.tell('a/k', script({ n: 1 }));
  await now.system.settled();
  let crashed: ReturnType<typeof now.crash> | undefined;
  now.system.onLifecycle((_address, change) => {
    if (change === 'left') crashed ??= now.crash();
  });
  now.system.tell('a/k', script({ n: 2 }));
  await turnsOfLoop(1);
  now.system.cell('a/k')?.sleep();
  await now.system.settled();
  const { system } = (await crashed) ?? {};
  assert.deepEqual(system && contextOf(system, 'a/k').seen, [1, 2]);
});

test('PAS-3 past the limit the least recently used leave first, and soon', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')], { maxLive: 50 });
  for (let key = 0; key < 80; key++) {
    system.tell(`a/${key}`, script({ n: 1 }));
    await clock.advance(1);
  }
  system.tell('a/0', script({ n: 2 }));
  await clock.advance(100);
  const live = Array.from({ length: 80 }, (_, key) => key).filter((key) => system.cell(`a/${key}`)?.isLive);
  assert.ok(live.length <= 50, `${live.length} are live`);
  assert.ok(live.includes(79) && live.includes(60));
  assert.ok(!live.includes(1));
});

test('PAS-4 a boot restores only who has something to do: timers due, effects, stored messages, eager types', async (t) => {
  const woken: string[] = [];
  const working = setup({
    actors: { work: effect<void>(() => new Promise(() => {})) },
  }).createMachine({ invoke: { src: 'work', onError: {} } });
  const timer = (ms: number) =>
    setup({}).createMachine({ initial: 'a', states: { a: { after: { [ms]: 'b' } }, b: {} } });
  const type = (name: string, machine: ActorType['machine']): ActorType => ({
    name,
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
  });
  const types: ActorType[] = [
    type('working', working),
    type('due', timer(5_000)),
    type('later', timer(500_000)),
    scriptedType('idle'),
    scriptedType('told'),
    scriptedType('eager', 'committed', { eager: true }),
    scriptedType('parked'),
  ];
  const first = await testSystem(t, types);
  for (const { name } of types) first.system.spawn(`${name}/k`);
  await first.system.settled();
  // A message that is on disk, and not taken yet.
  await first.system.child('told/k').stop(0);
  await first.system.tellStored('told/k', script({ n: 1 }));
  const second = await first.crash(types, first.clock.now() + 10_000);
  second.system.onLifecycle((address, change) => change === 'woke' && woken.push(address));
  await second.clock.advance(30);
  const there = types.map(({ name }) => name).filter((name) => second.system.cell(`${name}/k`)?.isLive);
  assert.deepEqual(there.sort(), ['eager', 'told', 'working']);
  assert.equal(second.system.peek('due/k')?.value, 'b', 'it was awake for its timer only');
  assert.deepEqual(contextOf(second.system, 'told/k').seen, [1]);
  assert.deepEqual(contextOf(second.system, 'told/k').notes, ['runtime.restored boot']);
  assert.deepEqual(contextOf(second.system, 'eager/k').notes, ['runtime.restored boot']);
});

test('PAS-4 outbox rows are sent without waking their actor', async (t) => {
  const got: unknown[] = [];
  let isUp = false;
  const type = scriptedType('a', 'durable', {
    outputs: {
      note: async (output) => {
        if (!isUp) throw new Error('down');
        got.push(output);
      },
    },
  });
  const first = await testSystem(t, [type]);
  first.system.tell('a/k', script({ outputs: [{ type: 'note' }] }));
  await first.system.settled();
  isUp = true;
  const second = await first.crash();
  await turnsOfLoop(3);
  assert.equal(got.length, 1);
  assert.equal(second.system.liveCount, 0);
});

test('PAS-2 hot state that is stored survives sleep and an orderly stop; other hot state begins anew', async (t) => {
  const counted = (isStored: boolean): Partial<ActorType> => ({
    idleAfterMs: 1_000,
    hot: hotLogic<{ count: number }, number>({
      initial: () => ({ count: 0 }),
      stored: isStored,
      on: (state, by) => {
        state.count += by;
        return { event: script({ n: state.count }) };
      },
    }),
  });
  const types = [scriptedType('kept', 'committed', counted(true)), scriptedType('lost', 'committed', counted(false))];
  let now = await testSystem(t, types);
  for (let round = 0; round < 3; round++) {
    now.system.hot('kept/k', 1);
    now.system.hot('lost/k', 1);
    await now.clock.advance(5_000);
    if (round === 1) now = await now.reopen();
  }
  assert.deepEqual(contextOf(now.system, 'kept/k').seen, [1, 2, 3]);
  assert.deepEqual(contextOf(now.system, 'lost/k').seen, [1, 1, 1]);
});
