import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup } from 'xstate';
import { isInState } from '../../../src/runtime/http/actor-view.js';
import { testSystem } from '../../fakes/runtime.js';

test('an actor is in each state around its leaves, in its leaves and in all of them', () => {
  const state = 'broken.pausing.long & link.up';
  for (const name of ['broken', 'broken.pausing', 'broken.pausing.long', 'link', 'link.up', state]) {
    assert.ok(isInState(state, name), name);
  }
  for (const name of ['', 'bro', 'pausing', 'broken.paus', 'link.up.there']) assert.ok(!isInState(state, name), name);
});

test('an actor whose chart handles its failures tells the last one from its context', async (t) => {
  const failure = { code: 'DISPATCH_UNREACHABLE', message: 'nothing listens there', at: 1 };
  const machine = setup({ types: { context: {} as { lastError: unknown } } }).createMachine({
    context: { lastError: null },
    initial: 'ready',
    states: {
      ready: { on: { LOST: { target: 'broken', actions: assign({ lastError: failure }) } } },
      broken: {},
    },
  });
  const { system } = await testSystem(t, [{ name: 'way', version: 1, machine, durability: 'none', startOnTell: true }]);
  system.tell('way/a', { type: 'LOOK' });
  await system.settled();
  assert.equal(system.view('way/a')?.lastError, null);
  system.tell('way/a', { type: 'LOST' });
  await system.settled();
  const { code, message } = failure;
  assert.deepEqual(system.view('way/a')?.lastError, { name: 'Error', message, code });
});
