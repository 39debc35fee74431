import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, type EventObject, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { effect } from '../../../src/runtime/effect.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { scriptedType, tellOutput } from '../../fakes/scripted.js';

interface JobContext {
  readonly done: readonly string[];
}

/** Takes one job at a time: others wait until it is told that the one before is finished. */
const machine = setup({
  types: { context: {} as JobContext, events: {} as { type: 'JOB'; name: string } | { type: 'FINISHED' } },
  actions: {
    note: assign({ done: ({ context, event }) => [...context.done, (event as { name: string }).name] }),
    fail: ({ event }) => {
      if ((event as { name?: string }).name?.startsWith('bad')) throw new Error('a bad job');
    },
  },
}).createMachine({
  id: 'jobs',
  context: { done: [] },
  initial: 'idle',
  states: {
    idle: { on: { JOB: { target: 'working', actions: ['note', 'fail'] } } },
    working: { on: { FINISHED: 'idle', LAST: 'ended' } },
    ended: { type: 'final' },
  },
});

const jobs = (overrides: Partial<ActorType> = {}): ActorType => ({
  name: 'jobs',
  version: 1,
  machine,
  durability: 'durable',
  startOnTell: true,
  defer: ({ value }, { type }) => value === 'working' && type === 'JOB',
  ...overrides,
});

const job = (name: string): EventObject => ({ type: 'JOB', name }) as EventObject;
const FINISHED = { type: 'FINISHED' };
const doneBy = (system: { peek(address: string): { context: unknown } | undefined }) =>
  (system.peek('jobs/j')?.context as JobContext | undefined)?.done;

test('MBX-7 a deferred message keeps its order and is offered again after each turn', async (t) => {
  const { system } = await testSystem(t, [jobs()]);
  for (const name of ['a', 'b', 'c']) system.tell('jobs/j', job(name));
  await system.settled();
  assert.deepEqual(doneBy(system), ['a']);
  assert.equal(system.view('jobs/j')?.mailbox.stored, 2);
  system.tell('jobs/j', FINISHED);
  await system.settled();
  assert.deepEqual(doneBy(system), ['a', 'b']);
  system.tell('jobs/j', job('d'));
  system.tell('jobs/j', FINISHED);
  await system.settled();
  assert.deepEqual(doneBy(system), ['a', 'b', 'c'], 'one that came later waits behind');
});

test('MBX-7 a message that ends the wait is not held up by those that wait for it', async (t) => {
  const door = setup({
    types: { context: {} as JobContext, events: {} as { type: 'JOB'; name: string } | { type: 'READY' | 'OPEN' } },
    actions: { note: assign({ done: ({ context, event }) => [...context.done, (event as { name: string }).name] }) },
  }).createMachine({
    context: { done: [] },
    initial: 'starting',
    states: {
      starting: { on: { READY: 'closed' } },
      closed: { on: { OPEN: 'open' } },
      open: { on: { JOB: { actions: 'note' } } },
    },
  });
  const held: Readonly<Record<string, readonly string[]>> = { starting: ['JOB', 'OPEN'], closed: ['JOB'] };
  const defer: ActorType['defer'] = ({ value }, { type }) => held[String(value)]?.includes(type) ?? false;
  const first = await testSystem(t, [jobs({ machine: door as unknown as ActorType['machine'], defer })]);
  for (const event of [job('a'), { type: 'OPEN' }, job('b')]) first.system.tell('jobs/j', event);
  await first.system.settled();
  const { system } = await first.crash();
  // What waits in the store goes first.
  await system.settled();
  system.tell('jobs/j', { type: 'READY' });
  await system.settled();
  assert.deepEqual(doneBy(system), ['a', 'b']);
  assert.deepEqual([...system.commit.range('inbox', '', '\uffff')], []);
});

test('MBX-7 its sender is acknowledged once it is stored, and a crash loses neither it nor its order', async (t) => {
  const first = await testSystem(t, [jobs()]);
  const acknowledged: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    first.system.tell('jobs/j', job(name), { acknowledged: () => acknowledged.push(name) });
  }
  void first.system.tellStored('jobs/j', job('d'));
  await first.system.settled();
  assert.deepEqual(acknowledged, ['a', 'b', 'c']);
  const { system } = await first.crash();
  await system.settled();
  for (let n = 0; n < 3; n++) {
    system.tell('jobs/j', FINISHED);
    await system.settled();
  }
  assert.deepEqual(doneBy(system), ['a', 'b', 'c', 'd']);
  assert.deepEqual([...system.commit.range('inbox', '', '\uffff')], []);
});

test('MBX-7 deferred messages count against the bound of sources, not of actors', async (t) => {
  const { system } = await testSystem(t, [jobs({ mailbox: { capacity: 3 } }), scriptedType('a')]);
  system.tell('jobs/j', job('a'));
  await system.settled();
  const told: boolean[] = [];
  for (const name of ['b', 'c', 'd', 'e']) {
    told.push(system.tell('jobs/j', job(name)));
    await system.settled();
  }
  assert.deepEqual(told, [true, true, true, false]);
  const outputs = [tellOutput('jobs/j', FINISHED), tellOutput('jobs/j', job('f'))];
  system.tell('a/k', { type: 'DO', outputs } as EventObject);
  await system.settled();
  assert.deepEqual(doneBy(system), ['a', 'b']);
  for (let n = 0; n < 4; n++) {
    system.tell('a/k', { type: 'DO', outputs: [tellOutput('jobs/j', FINISHED)] } as EventObject);
    await system.settled();
  }
  assert.deepEqual(doneBy(system), ['a', 'b', 'c', 'd', 'f']);
});

test('MBX-7 when a deferred message fails, it is the dead letter, and the others keep their places', async (t) => {
  const { system, clock } = await testSystem(t, [jobs()]);
  for (const name of ['a', 'bad', 'c', 'd']) system.tell('jobs/j', job(name));
  await system.settled();
  system.tell('jobs/j', FINISHED);
  await clock.advance(1_000);
  const letters = system.deadLetters.list();
  assert.deepEqual(
    letters.map(({ message }) => (message as { event: { name: string } }).event.name),
    ['bad'],
  );
  for (let n = 0; n < 3; n++) {
    system.tell('jobs/j', FINISHED);
    await clock.advance(1_000);
  }
  assert.deepEqual(doneBy(system), ['a', 'c', 'd']);
  assert.deepEqual([...system.commit.range('inbox', '', '\uffff')], []);
});

test('MBX-7 what an actor that ended had deferred is answered like any message to it', async (t) => {
  const { system } = await testSystem(t, [jobs({ startOnTell: false })]);
  system.spawn('jobs/j');
  for (const name of ['a', 'b', 'c']) system.tell('jobs/j', job(name));
  await system.settled();
  system.tell('jobs/j', { type: 'LAST' });
  await system.settled();
  assert.deepEqual(
    system.deadLetters.list().map(({ error }) => error.code),
    ['ACTOR_UNKNOWN', 'ACTOR_UNKNOWN'],
  );
  assert.deepEqual([...system.commit.range('inbox', '', '\uffff')], []);
});

test('MBX-7 an actor with deferred messages is not passivated', async (t) => {
  const { system, clock } = await testSystem(t, [jobs({ idleAfterMs: 1_000 })]);
  for (const name of ['a', 'b']) system.tell('jobs/j', job(name));
  await clock.advance(120_000);
  assert.equal(system.liveCount, 1);
  system.tell('jobs/j', FINISHED);
  await clock.advance(120_000);
  assert.deepEqual(doneBy(system), ['a', 'b']);
  assert.equal(system.liveCount, 0);
});

test('MBX-7 a turn that an effect or a timer makes lets deferred messages go on as well, before newer ones', async (t) => {
  let finish: () => void = () => {};
  const working = setup({
    types: { context: {} as JobContext, events: {} as { type: 'JOB'; name: string } },
    actions: { note: assign({ done: ({ context, event }) => [...context.done, event.name] }) },
    actors: {
      work: effect<void>(
        () =>
          new Promise((resolve) => {
            finish = resolve;
          }),
      ),
    },
  }).createMachine({
    context: { done: [] },
    initial: 'idle',
    states: {
      idle: { on: { JOB: { target: 'working', actions: 'note' } } },
      working: { invoke: { src: 'work', onDone: 'resting', onError: {} } },
      resting: { after: { 1000: 'idle' } },
    },
  });
  const { system, clock } = await testSystem(t, [
    jobs({ machine: working as unknown as ActorType['machine'], defer: ({ value }) => value !== 'idle' }),
  ]);
  for (const name of ['a', 'b', 'c']) system.tell('jobs/j', job(name));
  await system.settled();
  for (const expected of [
    ['a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'b', 'c', 'd'],
  ]) {
    finish();
    await turnsOfLoop(2);
    await clock.advance(999);
    if (expected.length === 3) system.tell('jobs/j', job('d'));
    await clock.advance(1);
    assert.deepEqual(doneBy(system), expected);
  }
});
