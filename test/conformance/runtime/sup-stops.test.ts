import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventObject, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { effect } from '../../../src/runtime/effect.js';
import { testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

/** Fails on `FAIL`, and in the restart that follows. */
const broken = setup({
  actions: {
    fail: () => {
      throw new Error('broken');
    },
  },
}).createMachine({ on: { FAIL: { actions: 'fail' }, 'runtime.restored': { actions: 'fail' } } });

test('MBX-2 a stop that comes while an actor waits for its restart ends it, although the restart fails', async (t) => {
  const type: ActorType = { name: 'a', version: 1, machine: broken, durability: 'durable' };
  const { system, clock } = await testSystem(t, [type, scriptedType('owner')]);
  system.tell('owner/o', script({ outputs: [{ type: 'start', address: 'a/k' } as EventObject] }));
  await clock.advance(100);
  system.tell('a/k', { type: 'FAIL' });
  await system.settled();
  assert.equal(system.view('a/k')?.status, 'restarting');
  system.tell('owner/o', script({ outputs: [{ type: 'stop', address: 'a/k' } as EventObject] }));
  await clock.advance(60_000);
  assert.equal(contextOf(system, 'owner/o').notes?.at(-1), 'actor.stopped a/k');
  assert.equal(system.view('a/k'), undefined);
  assert.equal(system.parkedCount, 0);
});

test('MBX-2 a stop that waits behind a failure is taken instead of a restart', async (t) => {
  let fail: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const machine = setup({ actors: { work: effect(() => lost) } }).createMachine({ invoke: { src: 'work' } });
  const type: ActorType = { name: 'a', version: 1, machine, durability: 'durable', intensity: 0 };
  const { system, clock } = await testSystem(t, [type, scriptedType('owner')]);
  system.tell('owner/o', script({ outputs: [{ type: 'start', address: 'a/k' } as EventObject] }));
  await clock.advance(100);
  system.tell('owner/o', script({ outputs: [{ type: 'stop', address: 'a/k' } as EventObject] }));
  fail(new Error('lost'));
  await clock.advance(60_000);
  assert.equal(contextOf(system, 'owner/o').notes?.at(-1), 'actor.stopped a/k');
  assert.equal(system.parkedCount, 0);
});
