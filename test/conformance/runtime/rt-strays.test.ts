import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyActorLogic, type AnyStateMachine, type EventObject, emit, setup } from 'xstate';
import { openLog } from '../../../src/runtime/append-log/open-log.js';
import { effect, subscription } from '../../../src/runtime/effect.js';
import { claimStray } from '../../../src/runtime/effect-owner.js';
import { durableType } from '../../fakes/durable-type.js';
import { testSystem } from '../../fakes/runtime.js';

/** As the process does with an error that nobody caught, in the place where it came up. */
const stray = (): string | undefined => claimStray(new Error('stray'));

const working = (work: AnyActorLogic): AnyStateMachine =>
  setup({ actors: { work } }).createMachine({
    invoke: { src: 'work', onError: {} },
    on: { SAY: { actions: emit(() => ({ type: 'say' }) as never) } },
  }) as unknown as AnyStateMachine;

test('RT-8 what an effect sets going is known as its actor’s, and fails the actor', async (t) => {
  const claimed: unknown[] = [];
  let runs = 0;
  const promise = effect(async () => {
    if (++runs > 1) return;
    await new Promise(setImmediate);
    setImmediate(() => claimed.push(stray()));
  });
  const listening = subscription(() => {
    if (++runs === 1) process.nextTick(() => claimed.push(stray()));
    return () => {};
  });
  for (const work of [promise, listening]) {
    runs = 0;
    const { system, clock } = await testSystem(t, [durableType(working(work))]);
    system.spawn('a/k');
    while (claimed.length === 0) await new Promise(setImmediate);
    await clock.advance(0);
    assert.deepEqual(claimed.splice(0), ['a/k']);
    const { status, restarts, lastError } = system.view('a/k') ?? {};
    assert.deepEqual([status, restarts, lastError?.message, runs], ['live', 1, 'stray', 2]);
  }
});

test('RT-8 so is what the effect of an output sets going', async (t) => {
  for (const durability of ['committed', 'durable'] as const) {
    const claimed: unknown[] = [];
    const say = () => void setImmediate(() => claimed.push(stray()));
    const machine = working(effect(async () => {}));
    const { system, clock } = await testSystem(t, [durableType(machine, { durability, outputs: { say } })]);
    system.tell('a/k', { type: 'SAY' });
    while (claimed.length === 0) await new Promise(setImmediate);
    await clock.advance(0);
    assert.deepEqual(claimed, ['a/k']);
    assert.equal(system.view('a/k')?.restarts, 1);
  }
});

test('RT-8 what a log calls an effect for is the effect’s, whoever appended', async (t) => {
  const claimed: unknown[] = [];
  const machine = working(
    subscription(() => log.reader('r').onAvailable(() => void setImmediate(() => claimed.push(stray())))),
  );
  const { system, clock } = await testSystem(t, [durableType(machine)]);
  const readers = [{ name: 'r', boundBytes: 1_000_000, overflow: 'reject' }] as const;
  const log = await openLog(system.commit, clock, { name: 'log', readers });
  system.spawn('a/k');
  await system.settled();
  log.append(Buffer.of(1), ['r']);
  while (claimed.length === 0) await new Promise(setImmediate);
  assert.deepEqual(claimed, ['a/k']);
});

test('RT-8 slices and the store are nobody’s, even if an effect gave the impulse', async (t) => {
  const claimed: unknown[] = [];
  const hear = (): void => void setImmediate(() => claimed.push(stray()));
  const other = setup({ actions: { hear } }).createMachine({ on: { HEAR: { actions: 'hear' } } });
  const work = effect(async () => {
    system.tell('other/k', { type: 'HEAR' });
    system.commit.put('meta', 'test', Buffer.of(1));
    system.commit.afterFlush(() => claimed.push(stray()));
  });
  const { system } = await testSystem(t, [durableType(working(work)), durableType(other as never, { name: 'other' })]);
  system.spawn('a/k');
  while (claimed.length < 2) await new Promise(setImmediate);
  await system.settled();
  assert.deepEqual(claimed, [undefined, undefined]);
  assert.equal(system.view('a/k')?.restarts, 0);
});

test('RT-8 what an effect leaves behind does not fail the next actor of its address', async (t) => {
  const left: Array<() => unknown> = [];
  const work = effect(({ signal }) => {
    left.push(stray.bind(undefined));
    return new Promise((resolve) => signal.addEventListener('abort', () => setImmediate(() => resolve(late()))));
  });
  const claimed: unknown[] = [];
  const late = (): void => void claimed.push(stray());
  const { system } = await testSystem(t, [durableType(working(work))]);
  system.spawn('a/k');
  await system.settled();
  const removed = system.remove('a/k');
  system.tell('a/k', { type: 'ANY' } as EventObject);
  await removed;
  while (claimed.length === 0) await new Promise(setImmediate);
  await system.settled();
  assert.deepEqual(claimed, ['a/k'], 'it is the actor’s, and not the process’s');
  const { status, restarts, lastError } = system.view('a/k') ?? {};
  assert.deepEqual([status, restarts, lastError, left.length], ['live', 0, null, 2]);
});
