import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, emit, fromPromise, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { type TestSystem, testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

test('DUR-1 nothing leaves a durable actor before its turn is on disk', async (t) => {
  const atRelease = new Map<string, Promise<TestSystem>>();
  let current: TestSystem | undefined;
  const left = (what: string): void => {
    if (current && !atRelease.has(what)) atRelease.set(what, current.crash());
  };
  const machine = setup({ actors: { work: fromPromise(async () => left('effect')) } }).createMachine({
    initial: 'idle',
    states: {
      idle: {
        on: { GO: { target: 'working', actions: [emit({ type: 'note' }), emit({ type: 'reply', to: 'x' } as never)] } },
      },
      working: { invoke: { src: 'work', onError: {} } },
    },
  });
  const type: ActorType = {
    name: 'a',
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
    outputs: { note: () => left('output') },
  };
  current = await testSystem(t, [type]);
  const { system } = current;
  system.tell('a/k', { type: 'GO' }, { acknowledged: () => left('acknowledgement') });
  await system.settled();
  current = undefined;
  assert.deepEqual([...atRelease.keys()].sort(), ['acknowledgement', 'effect', 'output']);
  for (const [what, crashed] of atRelease) {
    assert.equal((await crashed).system.peek('a/k')?.value, 'working', what);
  }
});

test('DUR-1 a durable reply waits for the flush, a committed one for the slice', async (t) => {
  const asked = async (durability: 'durable' | 'committed'): Promise<boolean> => {
    const machine = setup({}).createMachine({
      context: { n: 0 },
      on: {
        ASK: {
          actions: [
            assign({ n: ({ context }) => context.n + 1 }),
            emit(({ event }) => ({ type: 'reply', to: event.replyTo, value: 1 }) as never),
          ],
        },
      },
    });
    const { system } = await testSystem(t, [{ name: 'a', version: 1, machine, durability, startOnTell: true }]);
    let wasPending: boolean | undefined;
    await system.ask('a/k', { type: 'ASK' }, 1_000).then(() => {
      wasPending = system.commit.pending;
    });
    return wasPending === true;
  };
  assert.equal(await asked('committed'), true);
  assert.equal(await asked('durable'), false);
});

test('DUR-2 a slice that changed nothing writes no record, and a slice of many messages writes one', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a')]);
  const records = (): number => system.counts.get('a')?.records ?? 0;
  for (let n = 0; n < 30; n++) system.tell('a/k', script({ n }));
  await system.settled();
  const before = records();
  assert.ok(before < 30, `${before} records`);
  for (const type of ['UNKNOWN', 'ALSO_UNKNOWN']) system.tell('a/k', { type });
  await system.settled();
  assert.equal(records(), before);
});

test('DUR-2 volatile context is not stored', async (t) => {
  const machine = setup({ types: { context: {} as { kept: number; reading?: number } } }).createMachine({
    context: { kept: 1, reading: 2 },
    on: { SET: { actions: assign({ kept: 3, reading: 4 }) } },
  });
  const type: ActorType = {
    name: 'a',
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
    volatile: ['reading'],
  };
  const first = await testSystem(t, [type]);
  first.system.tell('a/k', { type: 'SET' });
  await first.system.settled();
  assert.deepEqual(first.system.peek('a/k')?.context, { kept: 3, reading: 4 });
  const { system } = await first.reopen();
  assert.deepEqual(system.peek('a/k')?.context, { kept: 3 });
});

test('DUR-2 context that is not JSON survives: bytes, big integers, dates', async (t) => {
  const context = {
    bytes: new Uint8Array([1, 2]),
    big: 2n ** 60n,
    date: new Date(5),
    none: undefined,
    deep: [{ a: null }],
  };
  const machine = setup({}).createMachine({
    context: { value: 0 as unknown },
    on: { SET: { actions: assign({ value: context }) } },
  });
  const type: ActorType = { name: 'a', version: 1, machine, durability: 'durable', startOnTell: true };
  const first = await testSystem(t, [type]);
  first.system.tell('a/k', { type: 'SET' });
  await first.system.settled();
  const { system } = await first.reopen();
  const { value } = contextOf<{ value: typeof context }>(system, 'a/k');
  assert.deepEqual([...(value?.bytes ?? [])], [1, 2]);
  assert.deepEqual({ ...value, bytes: null }, { ...context, bytes: null });
});

test('DUR-7 an orderly stop drains the mailboxes and persists what children did since the last slice', async (t) => {
  let finish: (value: number) => void = () => {};
  const machine = setup({
    types: { context: {} as { result: number } },
    actors: {
      work: fromPromise<number>(
        () =>
          new Promise((resolve) => {
            finish = resolve;
          }),
      ),
    },
  }).createMachine({
    context: { result: 0 },
    initial: 'working',
    states: {
      working: {
        invoke: {
          src: 'work',
          onDone: { target: 'done', actions: assign({ result: ({ event }) => event.output }) },
          onError: {},
        },
      },
      done: {},
    },
  });
  const type: ActorType = { name: 'w', version: 1, machine, durability: 'committed', startOnTell: true };
  const first = await testSystem(t, [type, scriptedType('a')]);
  first.system.spawn('w/k');
  await first.system.settled();
  finish(5);
  await Promise.resolve();
  for (let n = 0; n < 500; n++) first.system.tell('a/k', script({ n }));
  const { system } = await first.reopen();
  assert.equal(system.peek('w/k')?.value, 'done');
  assert.equal(contextOf(system, 'a/k').seen?.length, 500);
  assert.equal(first.system.tell('a/k', script({ n: 1 })), false, 'afterwards nothing is taken');
});
