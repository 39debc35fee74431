import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventObject, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { ActorSystem } from '../../../src/runtime/system.js';
import { eventually, START, temporaryFolder, testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { contextOf, noteOutput, script, scriptedType, tellOutput } from '../../fakes/scripted.js';

test('DUR-9 past its quota the store takes nothing more from durable sources; committed actors go on in memory', async (t) => {
  const degraded: boolean[] = [];
  const clock: ManualClock = new ManualClock(START, () => turnsOfLoop(20));
  const system = new ActorSystem({ directory: temporaryFolder(t), clock, quotaBytes: 400_000 });
  for (const type of [scriptedType('d'), scriptedType('c', 'committed')]) system.register(type);
  await system.start();
  system.onDegraded((error) => degraded.push(error !== undefined));
  const large = 'x'.repeat(30_000);
  let actors = 0;
  const fill = (): boolean => degraded.length > 0 || !system.spawn(`d/${actors++}`, { large });
  await eventually(fill, 'the store is past its quota');
  assert.deepEqual(degraded, [true]);
  assert.equal(system.tell('d/0', script({ n: 1 })), false);
  await assert.rejects(system.tellStored('d/0', script({ n: 1 })), { code: 'STORAGE_QUOTA' });
  assert.equal(system.tell('c/0', script({ n: 1 })), true);
  await turnsOfLoop(20);
  assert.deepEqual(contextOf(system, 'c/0').seen, [1]);
  // What removes makes room.
  for (let n = 0; n < actors; n++) void system.remove(`d/${n}`);
  const retry = (): boolean => {
    void clock.advance(5_000);
    return degraded.length > 1;
  };
  await eventually(retry, 'the store has room again');
  assert.deepEqual(degraded, [true, false]);
  assert.equal(system.tell('d/0', script({ n: 2 })), true);
  await system.settled();
  assert.deepEqual(contextOf(system, 'd/0').seen, [2]);
  await system.stop(0);
});

test('DUR-4 the stored inbox of an actor is bounded: past it messages are dead letters', async (t) => {
  const { system } = await testSystem(t, [
    scriptedType('a', 'durable', { mailbox: { capacity: 10 } }),
    scriptedType('sender'),
  ]);
  // It takes nothing while its supervisor has stopped it.
  await system.child('a/k').start(() => {});
  await system.child('a/k').stop(0);
  const outputs = Array.from({ length: 10_000 }, () => tellOutput('a/k', { type: 'NOTHING' }));
  for (let round = 0; round < 10; round++) system.tell('sender/s', script({ outputs }));
  system.tell('sender/s', script({ outputs: outputs.slice(0, 15) }));
  await system.settled();
  assert.deepEqual([system.view('a/k')?.mailbox.depth, system.view('a/k')?.mailbox.stored], [10, 100_000]);
  assert.deepEqual([system.deadLetters.total, system.deadLetters.list()[0]?.error.code], [5, 'ACTOR_BUSY']);
  await assert.rejects(system.tellStored('a/k', { type: 'NOTHING' }), { code: 'ACTOR_BUSY' });
});

test('DUR-4 the outbox gives up an output that nobody can carry, and goes on with the next', async (t) => {
  const got: unknown[] = [];
  const effect = (output: object): void => void got.push((output as { value: unknown }).value);
  const before = scriptedType('a', 'durable', { outputs: { note: () => new Promise<void>(() => {}), old: effect } });
  const first = await testSystem(t, [before]);
  first.system.tell('a/k', script({ outputs: [noteOutput(1), { type: 'old' } as EventObject, noteOutput(2)] }));
  await first.system.settled();
  // The new version of the type knows no `old` any more.
  const { system } = await first.crash([scriptedType('a', 'durable', { outputs: { note: effect } })]);
  await turnsOfLoop(10);
  assert.deepEqual(got, [1, 2]);
  assert.equal(system.deadLetters.list()[0]?.error.code, 'OUTPUT_UNKNOWN');
  assert.equal(system.outboxSize, 0);
});

test('DUR-2 parallel and history states, tags and outputs of a chart come back as they were (R17)', async (t) => {
  const machine = setup({}).createMachine({
    id: 'wide',
    type: 'parallel',
    states: {
      power: { initial: 'off', states: { off: { on: { POWER: 'on' } }, on: { tags: 'lit', on: { POWER: 'off' } } } },
      play: {
        initial: 'stopped',
        states: {
          stopped: { on: { PLAY: 'playing.back' } },
          playing: {
            initial: 'one',
            on: { STOP: 'stopped' },
            states: { one: { on: { NEXT: 'two' } }, two: {}, back: { type: 'history' } },
          },
        },
      },
    },
  });
  const type: ActorType = { name: 'a', version: 1, machine, durability: 'durable', startOnTell: true };
  let now = await testSystem(t, [type]);
  for (const event of ['POWER', 'PLAY', 'NEXT', 'STOP']) now.system.tell('a/k', { type: event });
  await now.system.settled();
  now = await now.crash();
  assert.deepEqual(now.system.peek('a/k')?.value, { power: 'on', play: 'stopped' });
  assert.equal(now.system.view('a/k')?.state, 'power.on & play.stopped');
  now.system.tell('a/k', { type: 'PLAY' });
  await now.system.settled();
  assert.deepEqual(now.system.peek('a/k')?.value, { power: 'on', play: { playing: 'two' } });
  assert.equal(now.system.cell('a/k')?.inspected()?.getSnapshot().hasTag('lit'), true);
});
