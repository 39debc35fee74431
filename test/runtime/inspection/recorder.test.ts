import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, emit, setup } from 'xstate';
import { type ActorType, hotLogic } from '../../../src/runtime/actor-type.js';
import { effect } from '../../../src/runtime/effect.js';
import { recordActor } from '../../../src/runtime/inspection/recorder.js';
import { type ReplayedType, replayFixture } from '../../../src/runtime/inspection/replay.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';

/** Uses all that a machine may decide by: input, stamps, timers, effects, private machines, hot state. */
const machine = setup({
  types: {
    context: {} as { luck: number[]; result: number; ticks: number; bornAt: number; payload: Uint8Array | null },
  },
  actors: {
    work: effect<number>(async () => 7),
    child: setup({}).createMachine({ initial: 'a', states: { a: { after: { 500: 'b' } }, b: { type: 'final' } } }),
  },
  actions: {
    draw: assign({
      luck: ({ context, event }) => [...context.luck, (event as unknown as { stamp: { u: number } }).stamp.u],
    }),
    fail: () => {
      throw new Error('no');
    },
  },
}).createMachine({
  id: 'recorded',
  context: ({ input }) => ({
    luck: [],
    result: 0,
    ticks: 0,
    payload: null,
    bornAt: (input as { stamp: { at: number } }).stamp.at,
  }),
  initial: 'idle',
  entry: emit(({ context }) => ({ type: 'born', at: context.bornAt }) as never),
  on: {
    DRAW: { actions: ['draw', emit(({ context }) => ({ type: 'drew', luck: context.luck.at(-1) }) as never)] },
    TICKS: { actions: assign({ ticks: ({ event }) => event['count'] as number }) },
    BYTES: {
      actions: [
        assign({ payload: ({ event }) => event['payload'] as Uint8Array }),
        emit(({ event }) => ({ type: 'bytes', payload: event['payload'], size: 2n ** 60n }) as never),
      ],
    },
    FAIL: { actions: 'fail' },
  },
  states: {
    idle: { after: { 1000: 'working' } },
    working: {
      invoke: {
        src: 'work',
        onDone: { target: 'nested', actions: assign({ result: ({ event }) => event.output }) },
        onError: {},
      },
    },
    nested: { invoke: { src: 'child', onDone: 'idle', onError: {} } },
  },
});

const type: ActorType = {
  name: 'recorded',
  version: 2,
  machine: machine as unknown as ActorType['machine'],
  durability: 'durable',
  startOnTell: true,
  outputs: { born: () => {}, drew: () => {}, bytes: () => {} },
  hot: hotLogic<{ count: number; name: string }, number>({
    initial: (input) => ({ count: 0, name: (input as { name?: string }).name ?? '' }),
    stored: true,
    on: (state, by) => {
      state.count += by;
      return {
        reply: `${state.name} ${state.count}`,
        ...(state.count % 2 === 0 ? { event: { type: 'TICKS', count: state.count } as never } : {}),
      };
    },
    release: () => {},
  }),
};
const types = new Map<string, ReplayedType>([['recorded', type]]);

/** A life with everything in it, over a failure, a sleep and a restart of the process. */
async function recordedLife(t: Parameters<typeof testSystem>[0]): Promise<string[]> {
  const lines: string[] = [];
  let now = await testSystem(t, [{ ...type, idleAfterMs: 2_000 }]);
  recordActor(now.system, 'recorded/k', (line) => lines.push(line));
  now.system.spawn('recorded/k', { name: 'hot', password: 'hidden' });
  for (let round = 0; round < 3; round++) {
    now.system.tell('recorded/k', { type: 'DRAW' });
    now.system.hot('recorded/k', 1);
    now.system.tell('recorded/k', { type: 'BYTES', payload: new Uint8Array([round, 255]) } as never);
    await now.clock.advance(1_100);
    await turnsOfLoop(3);
    await now.clock.advance(700);
    if (round === 1) now.system.tell('recorded/k', { type: 'FAIL' });
    now.system.tell('recorded/k', { type: 'DRAW' });
    await now.clock.advance(100);
    if (round === 0) {
      now = await now.reopen();
      recordActor(now.system, 'recorded/k', (line) => lines.push(line));
    }
  }
  return lines;
}

test('RT-10 a recorded life replays to the same outputs and states, and says how many inputs it had', async (t) => {
  const lines = await recordedLife(t);
  const kinds = new Set(lines.map((line) => (JSON.parse(line) as { kind: string }).kind));
  assert.deepEqual(kinds, new Set(['start', 'event', 'hot', 'output', 'state', 'restore']));
  const { actors, inputs, differences } = replayFixture(lines.join('\n'), types);
  assert.deepEqual(differences, []);
  assert.equal(actors, 1);
  assert.ok(inputs > 20);
  assert.ok(!lines.join().includes('hidden'), 'a fixture can be shared');
});

test('RT-10 an actor that goes by a field called key replays to the same', async (t) => {
  const byKey = setup({ types: { context: {} as { told: string[] } } }).createMachine({
    id: 'keyed',
    context: { told: [] },
    on: {
      PUT: {
        actions: [
          assign({
            told: ({ context, event }) => [...context.told, `row:${(event as unknown as { key: string }).key}`],
          }),
          emit(({ context }) => ({ type: 'told', row: context.told.at(-1) }) as never),
        ],
      },
    },
  });
  const keyed: ActorType = {
    name: 'keyed',
    version: 1,
    machine: byKey as unknown as ActorType['machine'],
    durability: 'durable',
    startOnTell: true,
    outputs: { told: () => {} },
  };
  const { system } = await testSystem(t, [keyed]);
  const lines: string[] = [];
  recordActor(system, 'keyed/k', (line) => lines.push(line));
  system.tell('keyed/k', { type: 'PUT', key: 'battery' } as never);
  await system.settled();
  assert.ok(lines.some((line) => line.includes('row:battery')));
  const { differences, inputs } = replayFixture(lines.join('\n'), new Map<string, ReplayedType>([['keyed', keyed]]));
  assert.deepEqual(differences, []);
  assert.ok(inputs > 0);
});

test('RT-10 a change of the machine shows as a difference: where, after what, what was expected and what came', async (t) => {
  const lines = await recordedLife(t);
  const other = machine.provide({ actions: { draw: assign({ luck: () => [0.5] }) } as never });
  const { differences } = replayFixture(
    lines.join('\n'),
    new Map([['recorded', { ...type, machine: other as unknown as ActorType['machine'] }]]),
  );
  const [first] = differences;
  assert.equal(first?.address, 'recorded/k');
  assert.match(first?.after ?? '', /DRAW|BYTES/, 'the last input of the slice');
  assert.match(first?.actual ?? '', /0\.5/);
  assert.equal(JSON.parse(lines[(first?.line ?? 0) - 1] ?? '{}').kind, 'output');
});

test('RT-10 recording may begin in the middle of a life', async (t) => {
  const { system, clock } = await testSystem(t, [type]);
  system.spawn('recorded/k');
  system.hot('recorded/k', 1);
  system.tell('recorded/k', { type: 'DRAW' });
  await clock.advance(500);
  const lines: string[] = [];
  const end = recordActor(system, 'recorded/k', (line) => lines.push(line));
  system.hot('recorded/k', 1);
  system.tell('recorded/k', { type: 'DRAW' });
  await clock.advance(600);
  end();
  system.tell('recorded/k', { type: 'DRAW' });
  await clock.advance(100);
  assert.match(lines[0] ?? '', /"kind":"restore"/);
  assert.equal(lines.filter((line) => line.includes('"DRAW"')).length, 1);
  assert.deepEqual(replayFixture(lines.join('\n'), types).differences, []);
});

test('RT-7 a recording that cannot be written ends, and its actor goes on', async (t) => {
  const { system } = await testSystem(t, [type]);
  let written = 0;
  recordActor(system, 'recorded/k', () => {
    written++;
    throw new Error('the stream is closed');
  });
  for (let n = 0; n < 3; n++) system.tell('recorded/k', { type: 'DRAW' });
  await system.settled();
  assert.equal(written, 1);
  assert.equal((system.peek('recorded/k')?.context as { luck: number[] } | undefined)?.luck.length, 3);
});

test('RT-10 lines that are none, and unknown actors, are refused with their number', () => {
  assert.throws(() => replayFixture('{"kind":"event"}', types), /not a fixture line/);
  assert.throws(() => replayFixture('\n{"kind":"event","address":"nobody/k","event":{"type":"X"}}', types), /nobody/);
});
