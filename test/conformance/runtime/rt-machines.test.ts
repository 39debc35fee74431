import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine, fromPromise, setup, spawnChild } from 'xstate';
import { ActorError } from '../../../src/runtime/errors.js';
import { testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

test('RT-3 actors share no XState system: one that stops touches no timer of another', async (t) => {
  const machine = setup({}).createMachine({
    id: 'timed',
    initial: 'waiting',
    states: { waiting: { after: { 1000: 'late' }, on: { STOP: 'ended' } }, late: {}, ended: { type: 'final' } },
  });
  const { system, clock } = await testSystem(t, [
    { name: 'timed', version: 1, machine, durability: 'none', startOnTell: true },
  ]);
  system.tell('timed/a', { type: 'HELLO' });
  system.tell('timed/b', { type: 'HELLO' });
  await system.settled();
  assert.notEqual(system.cell('timed/a')?.inspected()?.system, system.cell('timed/b')?.inspected()?.system);
  system.tell('timed/a', { type: 'STOP' });
  await clock.advance(1_000);
  assert.equal(system.peek('timed/b')?.value, 'late');
});

test('RT-4 inline and unknown logic is refused at registration, in private machines and transitions too', async (t) => {
  const { system } = await testSystem(t, []);
  const inline = fromPromise(async () => 1);
  const inner = createMachine({ initial: 'a', states: { a: { invoke: { src: inline } } } });
  const machines = {
    invoked: createMachine({ initial: 'a', states: { a: { invoke: { src: inline, onError: 'a' } } } }),
    spawned: createMachine({ on: { GO: { actions: spawnChild(inline) } } }),
    unknown: createMachine({ invoke: { src: 'nobody' } }),
    inner: setup({ actors: { inner } }).createMachine({ invoke: { src: 'inner', onError: {} } }),
  };
  for (const [name, machine] of Object.entries(machines)) {
    const register = () => system.register({ name, version: 1, machine, durability: 'none' });
    assert.throws(register, { code: 'ACTOR_TYPE_INVALID' }, name);
  }
  system.register(scriptedType('good'));
  assert.throws(() => system.register(scriptedType('good')), ActorError, 'registered twice');
  assert.throws(() => system.register(scriptedType('Not-Good')), ActorError);
  assert.throws(() => system.register(scriptedType('defers', 'committed', { defer: () => false })), ActorError);
});

test('RT-5 an endless always loop fails the actor, a private machine one its parent, and the process goes on', async (t) => {
  const looping = setup({}).createMachine({
    initial: 'idle',
    states: { idle: { on: { LOOP: 'a' } }, a: { always: 'b' }, b: { always: 'a' } },
  });
  const inner = setup({}).createMachine({ initial: 'a', states: { a: { always: 'b' }, b: { always: 'a' } } });
  const outer = setup({ actors: { inner } }).createMachine({
    initial: 'idle',
    states: { idle: { on: { LOOP: 'looping' } }, looping: { invoke: { src: 'inner', onError: 'told' } }, told: {} },
  });
  const { system } = await testSystem(t, [
    { name: 'looping', version: 1, machine: looping, durability: 'durable', startOnTell: true },
    { name: 'outer', version: 1, machine: outer, durability: 'durable', startOnTell: true },
  ]);
  system.tell('looping/a', { type: 'LOOP' });
  system.tell('outer/a', { type: 'LOOP' });
  await system.settled();
  assert.match(system.deadLetters.list()[0]?.error.message ?? '', /Infinite loop/);
  assert.equal(system.peek('outer/a')?.value, 'told');
});

test('RT-7 what callbacks of others throw reaches no actor and no caller', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a', 'committed', { mailbox: { capacity: 5 } })]);
  const boom = (): never => {
    throw new Error('boom');
  };
  const end = system.watermark('a/k', { high: boom, low: boom });
  system.tap('a/k', { started: boom, restored: boom, event: boom, hot: boom, committed: boom });
  for (let n = 0; n < 5; n++) system.tell('a/k', script({ n }), { acknowledged: boom });
  await system.settled();
  end();
  assert.deepEqual(contextOf(system, 'a/k').seen, [0, 1, 2, 3, 4]);
  assert.equal(system.view('a/k')?.restarts, 0);
});
