import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emit, fromPromise, setup } from 'xstate';
import { testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType, tellOutput } from '../../fakes/scripted.js';

test('RT-11 outputs of a turn go to their effects after the commit, in order, before its invoked effects start', async (t) => {
  for (const durability of ['none', 'committed', 'durable'] as const) {
    const order: string[] = [];
    const machine = setup({
      actors: {
        work: fromPromise(async () => {
          order.push('effect');
        }),
      },
    }).createMachine({
      initial: 'idle',
      states: {
        idle: { on: { GO: { target: 'working', actions: [emit({ type: 'one' }), emit({ type: 'two' })] } } },
        working: { entry: emit({ type: 'three' }), invoke: { src: 'work', onError: {} } },
      },
    });
    const note = (output: { type: string }): void => void order.push(output.type);
    const { system } = await testSystem(t, [
      {
        name: 'a',
        version: 1,
        machine,
        durability,
        startOnTell: true,
        outputs: { one: note, two: note, three: note },
      },
    ]);
    system.tell('a/k', { type: 'GO' }, { acknowledged: () => order.push('acknowledged') });
    await system.settled();
    // A durable actor's outputs are under way then, one after another; the effect does not wait for their ends.
    assert.deepEqual(
      order.filter((step) => !/effect|ack/.test(step)),
      ['one', 'two', 'three'],
      durability,
    );
    assert.equal(order[0], 'one');
    assert.ok(order.indexOf('acknowledged') > 0 && order.includes('effect'));
  }
});

test('RT-11 start and stop come back as events, and names are reused', async (t) => {
  const owner = scriptedType('owner');
  const child = scriptedType('child', 'durable', { startOnTell: false });
  const { system } = await testSystem(t, [owner, child]);
  const start = { type: 'start', address: 'child/c', input: { wish: 1 } };
  system.tell('owner/o', script({ outputs: [start, tellOutput('child/c', { type: 'END', result: 42 } as never)] }));
  await system.settled();
  assert.equal(system.peek('child/c'), undefined, 'its record is removed');
  system.tell('owner/o', script({ outputs: [start, { type: 'stop', address: 'child/c' } as never] }));
  await system.settled();
  system.tell('owner/o', script({ outputs: [{ type: 'stop', address: 'child/nobody' } as never] }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'owner/o').notes, [
    'actor.done child/c 42',
    'actor.stopped child/c',
    'actor.stopped child/nobody',
  ]);
});

test('RT-11 an output that nobody takes is a dead letter, and the actor goes on', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a')]);
  const outputs = [
    { type: 'unheard' },
    tellOutput('nobody/x', { type: 'HI' }),
    tellOutput('not an address', { type: 'HI' }),
    { type: 'tell', event: { type: 'HI' } },
    { type: 'tell', to: 'a/b' },
    { type: 'log.append', log: 'none', payload: new Uint8Array(1), readers: [] },
  ] as never[];
  system.tell('a/k', script({ n: 1, outputs }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1]);
  assert.deepEqual(
    system.deadLetters
      .list()
      .map(({ error }) => error.code)
      .sort(),
    ['ACTOR_TYPE_UNKNOWN', 'ACTOR_TYPE_UNKNOWN', 'ACTOR_TYPE_UNKNOWN', 'LOG_FULL', 'OUTPUT_INVALID', 'OUTPUT_UNKNOWN'],
  );
});

test('RT-11 time stamps of outputs never go back, over restarts neither', async (t) => {
  const times: number[] = [];
  const machine = setup({}).createMachine({ on: { GO: { actions: ({ event }) => void times.push(event.stamp.at) } } });
  const type = { name: 'a', version: 1, machine: machine, durability: 'durable' as const, startOnTell: true };
  const storing = scriptedType('b');
  let now = await testSystem(t, [type, storing]);
  for (const step of [5_000, -3_600_000, 10, 7_200_000, -1_000]) {
    now.system.tell('a/k', { type: 'GO' });
    now.system.tell('b/k', script({ n: 1 }));
    await now.clock.advance(100);
    now.clock.jump(now.clock.now() + step);
    now.system.tell('a/k', { type: 'GO' });
    now.system.tell('b/k', script({ n: 1 }));
    await now.clock.advance(100);
    now = await now.reopen();
  }
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  assert.equal(times.length, 10);
});
