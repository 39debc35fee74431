import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { assign, type EventObject, emit, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { testSystem } from '../../fakes/runtime.js';

interface Asked {
  readonly replyTo?: string;
}

/** Answers at once, later (when told so), or never. */
const answering: ActorType = {
  name: 'a',
  version: 1,
  durability: 'durable',
  startOnTell: true,
  mailbox: { capacity: 3 },
  machine: setup({ types: { context: {} as { kept: string } } }).createMachine({
    context: { kept: '' },
    on: {
      ASK: { actions: emit(({ event }) => ({ type: 'reply', to: (event as Asked).replyTo, value: 42 }) as never) },
      KEEP: { actions: assign({ kept: ({ event }) => (event as Asked).replyTo ?? '' }) },
      ANSWER: { actions: emit(({ context }) => ({ type: 'reply', to: context.kept, value: 'late' }) as never) },
    },
  }) as unknown as ActorType['machine'],
};

const ASK: EventObject = { type: 'ASK' };

test('RT-9 a question is answered by an output of the actor, one turn or many later', async (t) => {
  const { system } = await testSystem(t, [answering]);
  assert.equal(await system.ask('a/k', ASK, 1_000), 42);
  const answer = system.ask('a/k', { type: 'KEEP' }, 1_000);
  await system.settled();
  system.tell('a/k', { type: 'ANSWER' });
  assert.equal(await answer, 'late');
});

test('RT-9 without an answer it ends at its deadline, and a later answer is dropped', async (t) => {
  const { system, clock } = await testSystem(t, [answering]);
  const asked = assert.rejects(system.ask('a/k', { type: 'KEEP' }, 1_000), {
    code: 'ACTOR_NO_ANSWER',
    retryable: true,
  });
  await clock.advance(1_000);
  await asked;
  system.tell('a/k', { type: 'ANSWER' });
  await system.settled();
  assert.equal(system.view('a/k')?.lastError, null);
});

test('RT-9 it can be cancelled, before and while it waits, and leaves nothing at the signal', async (t) => {
  const { system } = await testSystem(t, [answering]);
  const abort = new AbortController();
  const asked = assert.rejects(system.ask('a/k', { type: 'KEEP' }, 1_000, abort.signal), {
    code: 'ACTOR_ASK_CANCELLED',
  });
  assert.equal(await system.ask('a/other', ASK, 1_000, abort.signal), 42);
  assert.equal(getEventListeners(abort.signal, 'abort').length, 1, 'only the one that still waits listens');
  abort.abort();
  await asked;
  assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
  await assert.rejects(system.ask('a/k', ASK, 1_000, abort.signal), { code: 'ACTOR_ASK_CANCELLED' });
});

test('RT-9 no room and unknown addresses are told at once', async (t) => {
  const { system, clock } = await testSystem(t, [answering]);
  const asked = [1, 2, 3, 4].map(() => system.ask('a/k', { type: 'KEEP' }, 1_000));
  const outcomes = Promise.allSettled(asked);
  await assert.rejects(asked[3] as Promise<unknown>, { code: 'ACTOR_BUSY', retryable: true });
  await assert.rejects(system.ask('unknown/k', ASK, 1_000), { code: 'ACTOR_TYPE_UNKNOWN' });
  await clock.advance(1_000);
  await outcomes;
  assert.equal(clock.pending, 2, 'no deadline is left, only the runtime its own timers');
});

test('RT-9 the number that wait is bounded', async (t) => {
  const { system, clock } = await testSystem(t, [{ ...answering, mailbox: { capacity: 20_000 } }]);
  const asked = Array.from({ length: 10_001 }, () => system.ask('a/k', { type: 'KEEP' }, 1_000));
  const outcomes = Promise.allSettled(asked);
  await assert.rejects(asked[10_000] as Promise<unknown>, { code: 'ACTOR_BUSY' });
  clock.jump(clock.now());
  await system.stop(0);
  void outcomes;
});

test('RT-9 an answer to a question of an earlier run answers none of this one', async (t) => {
  const first = await testSystem(t, [answering]);
  const lost = first.system.ask('a/k', { type: 'KEEP' }, 1_000);
  lost.catch(() => {});
  await first.system.settled();
  const { system, clock } = await first.crash();
  const other = system.ask('a/other', { type: 'KEEP' }, 1_000);
  const outcome = assert.rejects(other, { code: 'ACTOR_NO_ANSWER' });
  await system.settled();
  system.tell('a/k', { type: 'ANSWER' });
  await clock.advance(1_000);
  await outcome;
});
