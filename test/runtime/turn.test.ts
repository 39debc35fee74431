import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, emit, setup } from 'xstate';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { effect } from '../../src/runtime/effect.js';
import { testSystem } from '../fakes/runtime.js';

interface Add {
  type: 'ADD';
  by: number;
}

const counter = setup({ types: { context: {} as { total: number }, events: {} as Add } }).createMachine({
  id: 'counter',
  context: { total: 0 },
  initial: 'counting',
  states: {
    counting: { on: { ADD: { actions: assign({ total: ({ context, event }) => context.total + event.by }) } } },
  },
});

const counterType = (durability: ActorType['durability']): ActorType => ({
  name: 'counter',
  version: 1,
  machine: counter,
  durability,
  startOnTell: true,
});

for (const durability of ['committed', 'durable'] as const) {
  test(`DUR-1 a ${durability} actor goes on where it was`, async (t) => {
    const first = await testSystem(t, [counterType(durability)]);
    first.system.tell('counter/a', { type: 'ADD', by: 2 } as Add);
    first.system.tell('counter/a', { type: 'ADD', by: 3 } as Add);
    await first.system.settled();
    assert.deepEqual(first.system.peek('counter/a')?.context, { total: 5 });
    const second = await first.reopen();
    assert.equal(second.system.liveCount, 0);
    assert.deepEqual(second.system.peek('counter/a')?.context, { total: 5 });
    second.system.tell('counter/a', { type: 'ADD', by: 1 } as Add);
    await second.system.settled();
    assert.deepEqual(second.system.peek('counter/a')?.context, { total: 6 });
  });
}

test('DUR-14 an effect starts after the turn that asked for it is stored, and runs again with the same key', async (t) => {
  const starts: Array<{ key: string; stored: unknown }> = [];
  let finish: ((value: string) => void) | undefined;
  const machine = setup({
    actors: { work: effect<string>(async () => 'never') },
  }).createMachine({
    id: 'worker',
    initial: 'idle',
    context: {},
    states: {
      idle: { on: { GO: 'working' } },
      working: { invoke: { src: 'work', id: 'work', onDone: 'finished', onError: 'idle' } },
      finished: {},
    },
  });
  const type = (system: () => { peek(address: string): { value: unknown } | undefined }): ActorType => ({
    name: 'worker',
    version: 1,
    durability: 'durable',
    startOnTell: true,
    machine: machine.provide({
      actors: {
        work: effect<string>(({ key }) => {
          starts.push({ key, stored: starts.length === 0 ? system().peek('worker/a')?.value : undefined });
          return new Promise((resolve) => {
            finish = resolve;
          });
        }),
      },
    }),
  });
  let current: Awaited<ReturnType<typeof testSystem>>;
  const types = [type(() => current.system)];
  current = await testSystem(t, types);
  current.system.tell('worker/a', { type: 'GO' });
  await current.system.settled();
  assert.equal(starts.length, 1);
  assert.equal(starts[0]?.stored, 'working');
  current = await current.reopen();
  await current.clock.advance(50);
  assert.equal(starts.length, 2, 'a boot finds the unfinished effect');
  assert.equal(starts[1]?.key, starts[0]?.key);
  finish?.('done');
  await new Promise((resolve) => setImmediate(resolve));
  await current.system.settled();
  assert.equal(current.system.peek('worker/a')?.value, 'finished');
});

test('TIM-1 an `after` fires after what is left of it', async (t) => {
  const machine = setup({}).createMachine({
    id: 'timed',
    initial: 'waiting',
    context: {},
    states: { waiting: { meta: { waitsFor: 'an answer' }, after: { 60000: 'late' }, on: { PING: {} } }, late: {} },
  });
  const type: ActorType = { name: 'timed', version: 1, machine, durability: 'durable', startOnTell: true };
  const first = await testSystem(t, [type]);
  first.system.tell('timed/a', { type: 'PING' });
  await first.clock.advance(20_000);
  assert.equal(first.system.peek('timed/a')?.value, 'waiting');
  const [wait] = first.system.view('timed/a')?.waits ?? [];
  assert.equal(wait?.waitsFor, 'an answer');
  const second = await first.reopen([type], first.clock.now() + 10_000);
  await second.clock.advance(29_000);
  assert.equal(second.system.peek('timed/a')?.value, 'waiting');
  await second.clock.advance(1_100);
  assert.equal(second.system.peek('timed/a')?.value, 'late');
});

test('DUR-4 a message between stored actors is moved, and the reply comes back', async (t) => {
  const ping = setup({ types: { events: {} as { type: 'GO'; to: string } | { type: 'PONG' } } }).createMachine({
    id: 'ping',
    initial: 'idle',
    context: {},
    states: {
      idle: {
        on: {
          GO: {
            target: 'waiting',
            actions: emit(
              ({ event, self }) => ({ type: 'tell', to: event.to, event: { type: 'PING', from: self.id } }) as never,
            ),
          },
        },
      },
      waiting: { on: { PONG: 'answered' } },
      answered: {},
    },
  });
  const pong = setup({ types: { events: {} as { type: 'PING'; from: string } } }).createMachine({
    id: 'pong',
    context: {},
    on: {
      PING: { actions: emit(({ event }) => ({ type: 'tell', to: event.from, event: { type: 'PONG' } }) as never) },
    },
  });
  const types: ActorType[] = [
    { name: 'ping', version: 1, machine: ping, durability: 'durable', startOnTell: true },
    { name: 'pong', version: 1, machine: pong, durability: 'durable', startOnTell: true },
  ];
  const { system } = await testSystem(t, types);
  system.tell('ping/a', { type: 'GO', to: 'pong/b' } as never);
  await system.settled();
  assert.equal(system.peek('ping/a')?.value, 'answered');
  assert.equal(system.view('pong/b')?.mailbox.stored, 0);
});
