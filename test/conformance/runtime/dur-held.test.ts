import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnyActorRef,
  assign,
  type EventObject,
  emit,
  fromCallback,
  fromPromise,
  fromTransition,
  sendTo,
  setup,
} from 'xstate';
import type { ActorType, Durability } from '../../../src/runtime/actor-type.js';
import { effect, subscription } from '../../../src/runtime/effect.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';

const typeOf = (machine: ActorType['machine'], durability: Durability = 'durable'): ActorType => ({
  name: 'a',
  version: 1,
  machine,
  durability,
  startOnTell: true,
});

test('DUR-14 an effect whose state is left before the release never starts, in every durability', async (t) => {
  for (const durability of ['none', 'committed', 'durable'] as const) {
    const started: string[] = [];
    const child = setup({
      actors: { promise: fromPromise(async () => void started.push('grandchild')) },
    }).createMachine({ initial: 'a', states: { a: { invoke: { src: 'promise', onError: {} } } } });
    const effects = [
      { src: 'promise', onError: {} },
      { src: 'callback', onError: {} },
      { src: 'child', onError: {} },
    ] as const;
    const machine = setup({
      actors: {
        promise: fromPromise(async () => void started.push('promise')),
        callback: fromCallback(() => void started.push('callback')),
        child,
      },
    }).createMachine({
      initial: 'idle',
      states: {
        idle: { on: { GO: 'working', TOUCH: 'touched' } },
        // Entered and left in one turn.
        touched: { invoke: effects, always: 'idle' },
        working: {
          invoke: effects,
          on: { BACK: 'idle' },
        },
      },
    });
    const { system } = await testSystem(t, [typeOf(machine, durability)]);
    system.tell('a/k', { type: 'TOUCH' });
    await system.settled();
    assert.deepEqual(started, [], durability);
    assert.equal(system.peek('a/k')?.value, 'idle');
    system.tell('a/k', { type: 'GO' });
    await system.settled();
    assert.deepEqual(started, ['promise', 'callback', 'grandchild'], durability);
  }
});

test('DUR-14 a callback that is stopped between its turn and the flush does not start and fails nobody (R24)', async (t) => {
  const started: string[] = [];
  const machine = setup({
    actors: {
      socket: subscription(() => {
        started.push('socket');
        return () => started.push('closed');
      }),
    },
  }).createMachine({
    initial: 'idle',
    states: {
      idle: { on: { GO: 'open' } },
      open: {
        invoke: { src: 'socket', id: 'socket', onError: {} },
        on: { BACK: 'idle', SAY: { actions: sendTo('socket', { type: 'SAY' }) } },
      },
    },
  });
  const { system } = await testSystem(t, [typeOf(machine)]);
  system.tell('a/k', { type: 'GO' });
  await turnsOfLoop(1);
  assert.equal(system.peek('a/k')?.value, 'open', 'its turn was taken');
  assert.deepEqual(started, [], 'and is not on disk yet');
  system.tell('a/k', { type: 'SAY' });
  system.tell('a/k', { type: 'BACK' });
  await system.settled();
  assert.equal(system.peek('a/k')?.value, 'idle');
  assert.deepEqual(started, []);
  assert.equal(system.view('a/k')?.lastError, null);
  system.tell('a/k', { type: 'GO' });
  await system.settled();
  system.tell('a/k', { type: 'BACK' });
  await system.settled();
  assert.deepEqual(started, ['socket', 'closed']);
});

test('DUR-14 events that are sent to an effect before its start reach it after the start, in order', async (t) => {
  const got: string[] = [];
  const machine = setup({
    actors: {
      socket: subscription(({ receive }) => {
        got.push('start');
        receive((event) => got.push(event.type));
        return () => {};
      }),
    },
  }).createMachine({
    initial: 'idle',
    states: {
      idle: { on: { GO: 'open' } },
      open: {
        invoke: { src: 'socket', id: 'socket', onError: {} },
        entry: sendTo('socket', { type: 'ONE' }),
        on: { SAY: { actions: sendTo('socket', { type: 'TWO' }) } },
      },
    },
  });
  const { system } = await testSystem(t, [typeOf(machine)]);
  system.tell('a/k', { type: 'GO' });
  system.tell('a/k', { type: 'SAY' });
  await system.settled();
  assert.deepEqual(got, ['start', 'ONE', 'TWO']);
});

test('DUR-14 an effect that throws at its start fails like any other: with onError handled, without it the actor', async (t) => {
  const broken = (): never => {
    throw new Error('broken');
  };
  for (const src of ['promise', 'callback'] as const) {
    const setUp = setup({ actors: { promise: fromPromise(broken as never), callback: fromCallback(broken) } });
    const handled = setUp.createMachine({
      initial: 'working',
      states: { working: { invoke: { src, onError: 'told' } }, told: {} },
    });
    const first = await testSystem(t, [typeOf(handled)]);
    first.system.spawn('a/k');
    await first.system.settled();
    await first.system.settled();
    assert.equal(first.system.peek('a/k')?.value, 'told', src);

    const unhandled = setUp.createMachine({ initial: 'working', states: { working: { invoke: { src } } } });
    const second = await testSystem(t, [typeOf(unhandled)]);
    second.system.spawn('a/k');
    await second.clock.advance(60_000);
    assert.equal(second.system.view('a/k')?.status, 'parked', src);
    assert.equal(second.system.view('a/k')?.lastError?.message, 'broken');
  }
});

test('DUR-14 an effect whose state was left is aborted and can send nothing more', async (t) => {
  let say: (event: EventObject) => void = () => {};
  let signal: AbortSignal | undefined;
  const machine = setup({
    actors: {
      work: effect<void>((args) => {
        say = args.send;
        signal = args.signal;
        return new Promise(() => {});
      }),
    },
  }).createMachine({
    initial: 'idle',
    context: { heard: 0 },
    on: { HEARD: { actions: assign({ heard: ({ context }) => context.heard + 1 }) } },
    states: {
      idle: { on: { GO: 'working' } },
      working: { invoke: { src: 'work', onError: {} }, on: { BACK: 'idle' } },
    },
  });
  const { system } = await testSystem(t, [typeOf(machine)]);
  system.tell('a/k', { type: 'GO' });
  await system.settled();
  say({ type: 'HEARD' });
  await system.settled();
  assert.equal((system.peek('a/k')?.context as { heard: number } | undefined)?.heard, 1);
  system.tell('a/k', { type: 'BACK' });
  await system.settled();
  assert.equal(signal?.aborted, true);
  say({ type: 'HEARD' });
  await system.settled();
  assert.equal((system.peek('a/k')?.context as { heard: number } | undefined)?.heard, 1);
});

test('DUR-14 effects of private machines wait too, and go on after a crash', async (t) => {
  const started: string[] = [];
  const child = setup({
    actors: {
      deep: effect<string>(({ key }) => {
        started.push(key);
        return started.length === 1 ? new Promise(() => {}) : Promise.resolve('deep');
      }),
    },
  }).createMachine({
    initial: 'working',
    states: { working: { invoke: { src: 'deep', id: 'deep', onDone: 'done', onError: {} } }, done: { type: 'final' } },
    output: 'from the child',
  });
  const machine = setup({ actors: { child } }).createMachine({
    initial: 'idle',
    context: { got: '' },
    states: {
      idle: { on: { GO: { target: 'working', actions: emit({ type: 'note' }) } } },
      working: {
        invoke: {
          src: 'child',
          id: 'child',
          onDone: { target: 'done', actions: assign({ got: ({ event }) => event.output }) },
          onError: {},
        },
      },
      done: {},
    },
  });
  const order: string[] = [];
  const type = { ...typeOf(machine), outputs: { note: () => void order.push(`note ${started.length}`) } };
  const first = await testSystem(t, [type]);
  first.system.tell('a/k', { type: 'GO' });
  await first.system.settled();
  assert.deepEqual(order, ['note 0']);
  const second = await first.crash();
  await second.clock.advance(100);
  await turnsOfLoop(3);
  await second.system.settled();
  assert.equal(started[0], started[1]);
  assert.deepEqual(
    [second.system.peek('a/k')?.value, second.system.peek('a/k')?.context],
    ['done', { got: 'from the child' }],
  );
});

test('DUR-14 what private children come to is committed, even if nothing changes in the actor itself', async (t) => {
  const runs: string[] = [];
  const child = setup({
    actors: { step: effect<void, string>(async ({ input }) => void runs.push(input)) },
  }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { src: 'step', input: 'first', onDone: 'second', onError: {} } },
      second: { invoke: { src: 'step', input: 'second', onDone: 'third', onError: {} } },
      third: { on: { NEVER: 'first' } },
    },
  });
  const counting = fromTransition((count: number) => count + 1, 0);
  const machine = setup({
    actors: { child, counting, once: effect<void>(async () => void runs.push('once')) },
  }).createMachine({
    invoke: [
      { src: 'child', onError: {} },
      { src: 'once', onError: {} },
      { src: 'counting', id: 'counting', onError: {} },
    ],
    on: { COUNT: { actions: sendTo('counting', { type: 'COUNT' }) } },
  });
  const first = await testSystem(t, [typeOf(machine)]);
  first.system.spawn('a/k');
  for (let n = 0; n < 5; n++) {
    await first.system.settled();
    await turnsOfLoop(2);
  }
  first.system.tell('a/k', { type: 'COUNT' });
  await first.system.settled();
  const before = [...runs].sort();
  assert.deepEqual(before, ['first', 'once', 'second']);
  const second = await first.crash();
  second.system.tell('a/k', { type: 'COUNT' });
  await second.system.settled();
  assert.deepEqual([...runs].sort(), before, 'nothing is run again');
  const children = second.system.cell('a/k')?.inspected()?.getSnapshot().children as Record<string, AnyActorRef>;
  assert.equal(children['counting']?.getSnapshot().context, 2);
});
