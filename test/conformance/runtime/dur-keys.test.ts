import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup } from 'xstate';
import type { ActorType, Durability } from '../../../src/runtime/actor-type.js';
import { effect } from '../../../src/runtime/effect.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';

const typeOf = (machine: ActorType['machine'], durability: Durability = 'durable'): ActorType => ({
  name: 'a',
  version: 1,
  machine,
  durability,
  startOnTell: true,
});

test('DUR-12 `always` is settled after a restore, and a restore that changes nothing writes nothing', async (t) => {
  const machine = setup({
    types: { context: {} as { open: boolean } },
    guards: { isOpen: ({ context }) => context.open },
  }).createMachine({
    context: { open: false },
    initial: 'waiting',
    states: { waiting: { on: { HI: {} }, always: { guard: 'isOpen', target: 'gone' } }, gone: {} },
  });
  const first = await testSystem(t, [typeOf(machine)]);
  first.system.spawn('a/k');
  await first.system.settled();
  const second = await first.reopen();
  second.system.tell('a/k', { type: 'UNKNOWN' });
  await second.system.settled();
  assert.equal(second.system.counts.get('a')?.records ?? 0, 0);
  // The new version of the type opens the door in its migration: nothing but the restore makes the chart look.
  const opened = {
    ...typeOf(machine),
    version: 2,
    eager: true,
    migrate: (_from: number, snapshot: object) => ({ ...snapshot, context: { open: true } }),
  };
  const third = await second.reopen([opened as unknown as ActorType]);
  await third.system.settled();
  assert.equal(third.system.peek('a/k')?.value, 'gone');
});

test("DUR-12 a '*' transition without one for runtime.restored beside it is refused", async (t) => {
  const { system } = await testSystem(t, []);
  const bad = setup({}).createMachine({ initial: 'a', states: { a: { on: { '*': {} } } } });
  assert.throws(() => system.register(typeOf(bad)), { code: 'ACTOR_TYPE_INVALID' });
  const good = setup({}).createMachine({ initial: 'a', states: { a: { on: { '*': {}, 'runtime.restored': {} } } } });
  system.register(typeOf(good));
});

test('DUR-13 the key of an effect is the same in every repetition, and no other effect ever has it', async (t) => {
  const keys: string[] = [];
  const machine = setup({
    actors: {
      work: effect<void>(({ key }) => {
        keys.push(key);
        return new Promise(() => {});
      }),
    },
  }).createMachine({
    initial: 'idle',
    states: {
      idle: { on: { GO: 'working', END: 'ended' } },
      working: {
        invoke: [
          { src: 'work', id: 'one', onError: {} },
          { src: 'work', id: 'two', onError: {} },
        ],
        on: { BACK: 'idle' },
      },
      ended: { type: 'final' },
    },
  });
  let now = await testSystem(t, [typeOf(machine)]);
  const told = async (...types: string[]): Promise<string[]> => {
    keys.length = 0;
    for (const type of types) {
      now.system.tell('a/k', { type });
      await now.system.settled();
    }
    return [...keys];
  };
  const first = await told('GO');
  assert.equal(new Set(first).size, 2);
  const afterCrash = async (): Promise<string[]> => {
    keys.length = 0;
    now = await now.crash();
    await now.system.settled();
    return [...keys];
  };
  assert.deepEqual(await afterCrash(), first);
  const second = await told('BACK', 'GO');
  const third = await told('BACK', 'END', 'GO');
  assert.equal(new Set([...first, ...second, ...third]).size, 6, 'a new actor of the same name has new keys');
  assert.deepEqual(await afterCrash(), third);
});

test('DUR-13 a settled effect is not run again, and its input is the stored one', async (t) => {
  const runs: unknown[] = [];
  const machine = setup({
    types: { context: {} as { n: number } },
    actors: {
      quick: effect<number, number>(async ({ input }) => runs.push(['quick', input])),
      slow: effect<void, number>(({ input }) => {
        runs.push(['slow', input]);
        return new Promise(() => {});
      }),
    },
  }).createMachine({
    context: { n: 1 },
    initial: 'both',
    states: {
      both: {
        invoke: [
          { src: 'quick', input: ({ context }) => context.n, onError: {} },
          { src: 'slow', input: ({ context }) => context.n, onError: {} },
        ],
        on: { COUNT: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
      },
    },
  });
  const first = await testSystem(t, [typeOf(machine)]);
  first.system.tell('a/k', { type: 'COUNT' });
  await first.system.settled();
  await turnsOfLoop(3);
  await first.system.settled();
  const second = await first.crash();
  await second.clock.advance(100);
  assert.deepEqual(runs, [
    ['quick', 1],
    ['slow', 1],
    ['slow', 1],
  ]);
});

test('DUR-13 without records too, each invocation of an effect has a key of its own', async (t) => {
  const keys: string[] = [];
  const work = effect<void>(({ key }) => {
    keys.push(key);
    return new Promise(() => {});
  });
  const machine = setup({ actors: { work } }).createMachine({
    initial: 'on',
    states: { on: { invoke: { id: 'w', src: 'work' }, on: { AGAIN: { target: 'on', reenter: true } } } },
  });
  const { system } = await testSystem(t, [typeOf(machine, 'none')]);
  system.spawn('a/k');
  for (let n = 0; n < 2; n++) {
    await system.settled();
    system.tell('a/k', { type: 'AGAIN' });
  }
  await system.settled();
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 3);
});
