import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventObject, emit, enqueueActions, fromPromise, raise, setup } from 'xstate';
import type { Stamp } from '../../../src/runtime/cell/message.js';
import { testSystem } from '../../fakes/runtime.js';

test('RT-10 every event carries a stamp of the runtime, whoever sent it', async (t) => {
  const stamps: Array<[string, Stamp | undefined]> = [];
  const keep = ({ event }: { event: { type: string } }) =>
    void stamps.push([event.type, (event as { stamp?: Stamp }).stamp]);
  const child = setup({ actions: { keep } }).createMachine({
    initial: 'a',
    states: { a: { on: { GO: { target: 'b', actions: 'keep' } } }, b: { type: 'final' } },
    output: 5,
  });
  const machine = setup({ actors: { child, work: fromPromise(async () => 1) }, actions: { keep } }).createMachine({
    context: ({ input }) => ({ first: (input as { stamp: Stamp }).stamp }),
    initial: 'idle',
    states: {
      idle: { after: { 1000: { actions: 'keep', target: 'working' } } },
      working: { invoke: { src: 'work', onDone: { target: 'nested', actions: 'keep' }, onError: {} } },
      nested: {
        invoke: { src: 'child', id: 'child', onDone: { target: 'end', actions: 'keep' }, onError: {} },
        on: {
          PASS: { actions: [({ self, event }) => self.getSnapshot().children.child?.send({ ...event, type: 'GO' })] },
        },
      },
      end: { on: { DO: { actions: 'keep' } } },
    },
  });
  const { system, clock } = await testSystem(t, [
    { name: 'a', version: 1, machine, durability: 'none', startOnTell: true },
  ]);
  system.spawn('a/k');
  await clock.advance(1_000);
  await clock.advance(0);
  system.tell('a/k', { type: 'PASS' });
  await system.settled();
  const old = { at: 1, u: 2, id: 'forged' };
  system.tell('a/k', { type: 'DO', stamp: old } as never);
  await system.settled();
  assert.deepEqual(
    stamps.map(([type]) => type.replace(/\..*(\.\w+)$/, '$1')),
    ['xstate.idle', 'xstate.working', 'GO', 'xstate.child', 'DO'].map((type, index) => stamps[index] && type),
  );
  const ids = stamps.map(([, stamp]) => stamp?.id);
  assert.equal(new Set(ids).size, ids.length, 'each its own');
  for (const [type, stamp] of stamps) {
    assert.ok(stamp && stamp.u >= 0 && stamp.u < 1, type);
    assert.ok(stamp.at >= clock.now() - 1_000 && stamp.at <= clock.now(), `${type} at ${stamp.at}`);
  }
  assert.notEqual(stamps.at(-1)?.[1]?.id, 'forged', 'a stamp that came along is not believed');
  const { first } = (system.peek('a/k')?.context ?? {}) as { first: Stamp };
  assert.ok(first.id !== undefined && first.at === clock.now() - 1_000, 'a new actor finds its first one in its input');
});

test('RT-10 what a stamped event is forwarded with is another turn', async (t) => {
  const seen: Stamp[] = [];
  const relay = setup({}).createMachine({
    on: {
      RELAY: {
        actions: emit(({ event }) => ({ type: 'tell', to: 'end/b', event: { ...event, type: 'ARRIVE' } }) as never),
      },
    },
  });
  const end = setup({}).createMachine({ on: { ARRIVE: { actions: ({ event }) => void seen.push(event.stamp) } } });
  const { system, clock } = await testSystem(t, [
    { name: 'relay', version: 1, machine: relay, durability: 'durable', startOnTell: true },
    { name: 'end', version: 1, machine: end, durability: 'durable', startOnTell: true },
  ]);
  system.tell('relay/a', { type: 'RELAY' });
  await clock.advance(10);
  system.tell('relay/a', { type: 'RELAY' });
  await system.settled();
  assert.equal(new Set(seen.map(({ u }) => u)).size, 2);
  assert.ok((seen[1]?.at ?? 0) > (seen[0]?.at ?? 0));
});

test('RT-10 what a machine raises has the stamp of its turn, and so has the end of a state', async (t) => {
  const seen: Array<[string, string]> = [];
  const note = ({ event }: { event: { type: string } }): void =>
    void seen.push([event.type, (event as { stamp: Stamp } & EventObject).stamp.id]);
  const machine = setup({ actions: { note, named: raise({ type: 'NAMED' }) } }).createMachine({
    id: 'm',
    initial: 'a',
    entry: raise({ type: 'ENTRY' }),
    on: {
      GO: {
        actions: [
          'note',
          raise({ type: 'CONSTANT' }),
          'named',
          enqueueActions(({ enqueue }) => enqueue.raise({ type: 'QUEUED' })),
          raise(() => ({ type: 'MADE', stamp: { at: 0, u: 2, id: 'forged' } })),
        ],
        target: '.b',
      },
      '*': { actions: 'note' },
      'runtime.restored': {},
    },
    states: { a: {}, b: { initial: 'c', states: { c: { type: 'final' } }, onDone: { actions: 'note', target: 'a' } } },
  });
  const { system } = await testSystem(t, [{ name: 'a', version: 1, machine, durability: 'none', startOnTell: true }]);
  const turns: string[] = [];
  for (let turn = 0; turn < 2; turn++) {
    system.tell('a/k', { type: 'GO' });
    await system.settled();
    const ids = new Set(seen.filter(([type]) => type !== 'ENTRY').map(([, id]) => id));
    assert.equal(ids.size, 1, 'one for the turn');
    const types = ['GO', 'CONSTANT', 'NAMED', 'QUEUED', 'MADE', 'xstate.done.state.m.b'];
    if (turn === 0) types.unshift('ENTRY');
    assert.deepEqual(seen.map(([type]) => type).sort(), types.sort());
    turns.push(...ids);
    seen.length = 0;
  }
  assert.notEqual(turns[0], turns[1], 'of the newest turn, though a constant event is one object');
});
