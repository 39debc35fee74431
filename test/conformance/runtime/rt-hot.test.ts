import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { StateMachine, setup } from 'xstate';
import { type ActorType, type HotOutcome, hotLogic, type LogAppend } from '../../../src/runtime/actor-type.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

interface Reading {
  readonly n: number;
  readonly keep?: boolean;
  readonly now?: boolean;
}

interface World {
  readonly released: Array<[number, HotOutcome]>;
  readonly appended: string[];
  takes: boolean;
}

/** Counts readings; appends those to be kept; every third one is an event for the chart. */
const counting = (world: World, overrides: Partial<ActorType> = {}): ActorType =>
  scriptedType('a', 'committed', {
    hot: hotLogic<{ count: number; from: unknown }, Reading>({
      initial: (input) => ({ count: 0, from: (input as { name?: string }).name }),
      on: (state, { n, keep, now }) => {
        state.count++;
        const append: LogAppend = { log: 'log', payload: Buffer.from(String(n)), readers: ['r'] };
        return {
          reply: n,
          ...(keep ? { append } : {}),
          ...(now ? { replyWhen: 'now' as const } : {}),
          ...(state.count % 3 === 0 ? { event: script({ n: state.count }) } : {}),
        };
      },
      release: (_address, reply, outcome) => void world.released.push([reply as number, outcome]),
    }),
    ...overrides,
  });

/** Counts how often an XState actor is made from where another was: before the first type is registered. */
const countRevivals = (t: TestContext) => t.mock.method(StateMachine.prototype, 'restoreSnapshot').mock;

const worldOf = (): World => ({ released: [], appended: [], takes: true });

test('RT-6 what flows costs no turn: no stamp, no record, no snapshot, until it returns an event', async (t) => {
  const world = worldOf();
  const { system } = await testSystem(t, [counting(world)]);
  system.spawn('a/k');
  await system.settled();
  const before = system.counts.get('a')?.records ?? 0;
  const snapshot = system.peek('a/k');
  for (let n = 0; n < 2; n++) system.hot('a/k', { n });
  await system.settled();
  assert.equal(system.peek('a/k'), snapshot);
  assert.equal(system.counts.get('a')?.records, before);
  system.hot('a/k', { n: 2 });
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [3]);
  assert.deepEqual(
    world.released.map(([n]) => n),
    [0, 1, 2],
  );
});

test('RT-6 hot messages and events of one sender keep their order', async (t) => {
  const order: string[] = [];
  const hot = hotLogic<object, number>({ initial: () => ({}), on: (_state, n) => void order.push(`hot ${n}`) });
  const { system } = await testSystem(t, [scriptedType('a', 'none', { hot })]);
  system.tap('a/k', {
    started: () => {},
    restored: () => {},
    event: (_address, event) => void order.push(`event ${(event as unknown as { n: number }).n}`),
    hot: () => {},
    committed: () => {},
  });
  system.hot('a/k', 1);
  system.tell('a/k', script({ n: 2 }));
  system.hot('a/k', 3);
  await system.settled();
  assert.deepEqual(order, ['hot 1', 'event 2', 'hot 3']);
});

test('RT-6 a reply comes with the flush of what was appended, at once where nothing was or where it says so', async (t) => {
  const world = worldOf();
  const { system } = await testSystem(t, [counting(world)]);
  system.addLog('log', {
    append: (payload) => {
      if (world.takes) world.appended.push(String(payload));
      // A row of its own, as a log would write.
      system.commit.put('log', `row ${String(payload)}`, Buffer.from(payload));
      return { stored: world.takes };
    },
  });
  system.spawn('a/k');
  await system.settled();
  for (const reading of [{ n: 1, keep: true }, { n: 2 }, { n: 3, keep: true, now: true }]) system.hot('a/k', reading);
  await turnsOfLoop(1);
  assert.deepEqual(world.released, [
    [2, 'done'],
    [3, 'stored'],
  ]);
  await system.settled();
  assert.deepEqual(world.released.at(-1), [1, 'stored']);
  world.takes = false;
  system.hot('a/k', { n: 4, keep: true });
  await system.settled();
  assert.deepEqual(world.released.at(-1), [4, 'refused']);
  assert.deepEqual(world.appended, ['1', '3']);
});

test('RT-6 FT-ACK-3 that an entry is awaited is said before its reader can confirm it', async (t) => {
  const world = worldOf();
  const { system } = await testSystem(t, [counting(world)]);
  system.addLog('log', {
    append: () => {
      // What other actors store keeps the store busy.
      system.commit.put('log', 'row', Buffer.from('1'));
      return { stored: false, reason: 'awaited' };
    },
  });
  system.spawn('a/k');
  await system.settled();
  system.hot('a/k', { n: 1, keep: true });
  while (!system.commit.pending) await turnsOfLoop(1);
  assert.deepEqual(world.released, [[1, 'awaited']]);
});

test('RT-6 an unknown log refuses, and harms neither the slice nor its other messages', async (t) => {
  const world = worldOf();
  const { system } = await testSystem(t, [counting(world)]);
  for (const reading of [{ n: 1, keep: true }, { n: 2 }, { n: 3 }]) system.hot('a/k', reading);
  await system.settled();
  assert.deepEqual(world.released, [
    [1, 'refused'],
    [2, 'done'],
    [3, 'done'],
  ]);
  assert.deepEqual(contextOf(system, 'a/k').seen, [3]);
});

test('RT-6 hot state begins with the input of the actor, after a restart too', async (t) => {
  const seen: unknown[] = [];
  const type = scriptedType('a', 'committed', {
    hot: hotLogic<{ name: unknown }, number>({
      initial: (input) => ({ name: (input as { name: string }).name }),
      on: (state) => void seen.push(state.name),
    }),
  });
  const first = await testSystem(t, [type]);
  first.system.spawn('a/k', { name: 'one' });
  first.system.hot('a/k', 1);
  await first.system.settled();
  const { system } = await first.reopen();
  system.hot('a/k', 2);
  await system.settled();
  assert.deepEqual(seen, ['one', 'one']);
});

test('RT-6 a type without hot logic makes hot messages dead letters', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  system.hot('a/k', 1);
  await clock.advance(1_000);
  assert.equal(system.deadLetters.list()[0]?.error.code, 'ACTOR_NOT_HOT');
});

test('RT-6 a full mailbox refuses hot messages like others', async (t) => {
  const { system } = await testSystem(t, [counting(worldOf(), { mailbox: { capacity: 2 } })]);
  assert.deepEqual(
    [1, 2, 3].map((n) => system.hot('a/k', { n })),
    [true, true, false],
  );
  await system.settled();
});

test('RT-6 between slices it is no XState actor; what flows needs none, and an event finds the chart as it was', async (t) => {
  const revivals = countRevivals(t);
  const { system } = await testSystem(t, [counting(worldOf())]);
  system.spawn('a/k', { name: 'one' });
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  const records = system.counts.get('a')?.records;
  for (let n = 0; n < 2; n++) {
    system.hot('a/k', { n });
    await system.settled();
  }
  assert.equal(revivals.callCount(), 0);
  assert.equal(system.view('a/k')?.status, 'live');
  assert.equal(system.liveCount, 1);
  assert.equal(system.counts.get('a')?.records, records);
  system.hot('a/k', { n: 2 });
  await system.settled();
  assert.equal(revivals.callCount(), 1);
  system.tell('a/k', script({ n: 4 }));
  await system.settled();
  assert.equal(revivals.callCount(), 2);
  const { seen, notes, input } = contextOf(system, 'a/k');
  assert.deepEqual(seen, [1, 3, 4]);
  assert.deepEqual(notes, [], 'it was never away');
  assert.equal((input as { name?: string }).name, 'one');
  system.tell('a/k', { type: 'END' });
  await system.settled();
  assert.equal(system.peek('a/k'), undefined);
  assert.equal(system.liveCount, 0);
});

test('RT-6 it is brought back as it was after its hot function has failed', async (t) => {
  const type = scriptedType('a', 'committed', {
    hot: hotLogic<object, string>({
      initial: () => ({}),
      on: (_state, message) => {
        if (message === 'bad') throw new Error('bad message');
        return undefined;
      },
    }),
  });
  const { system, clock } = await testSystem(t, [type]);
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  system.hot('a/k', 'bad');
  await clock.advance(10_000);
  system.tell('a/k', script({ n: 2 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2]);
  assert.deepEqual(contextOf(system, 'a/k').notes, ['runtime.restored restart']);
});

test('RT-6 one whose chart waits for a timer stays an XState actor until it has fired', async (t) => {
  const revivals = countRevivals(t);
  const machine = setup({}).createMachine({
    id: 'timed',
    initial: 'waiting',
    states: { waiting: { after: { 1000: 'late' } }, late: { on: { GO: 'gone' } }, gone: {} },
  });
  const hot = hotLogic<object, number>({ initial: () => ({}), on: () => undefined });
  const type: ActorType = { name: 'a', version: 1, machine, durability: 'committed', startOnTell: true, hot };
  const { system, clock } = await testSystem(t, [type]);
  system.hot('a/k', 1);
  await system.settled();
  await clock.advance(1_000);
  assert.equal(system.peek('a/k')?.value, 'late');
  assert.equal(revivals.callCount(), 0);
  system.tell('a/k', { type: 'GO' });
  await system.settled();
  assert.equal(system.peek('a/k')?.value, 'gone');
  assert.equal(revivals.callCount(), 1);
});
