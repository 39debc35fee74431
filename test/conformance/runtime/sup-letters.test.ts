import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, type EventObject, fromPromise, setup, spawnChild } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { SILENT } from '../../../src/runtime/logging/runtime-log.js';
import { Metrics } from '../../../src/runtime/metrics.js';
import { measureRuntime } from '../../../src/runtime/runtime-metrics.js';
import { durableType } from '../../fakes/durable-type.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { scriptedType } from '../../fakes/scripted.js';

test('SUP-7 dead letters say what, why and when; an operator can send them again, once', async (t) => {
  let isBroken = true;
  const machine = setup({ types: { context: {} as { n: number } } }).createMachine({
    context: { n: 0 },
    on: {
      ADD: {
        actions: assign({
          n: ({ context }) => {
            if (isBroken) throw new TypeError('not now');
            return context.n + 1;
          },
        }),
      },
    },
  });
  const first = await testSystem(t, [durableType(machine)]);
  first.system.tell('a/k', { type: 'ADD', by: 5 } as EventObject);
  await first.clock.advance(1_000);
  const { system, clock } = await first.reopen();
  const [letter] = system.deadLetters.list();
  assert.deepEqual(letter?.message, { kind: 'event', event: { type: 'ADD', by: 5 } });
  assert.deepEqual(
    [letter?.address, letter?.error.name, letter?.error.message, letter?.attempts],
    ['a/k', 'TypeError', 'not now', 1],
  );
  isBroken = false;
  const id = letter?.id ?? '';
  await system.replay.one(id);
  await assert.rejects(system.replay.one(id), { code: 'DEAD_LETTER_UNKNOWN' });
  await clock.advance(1_000);
  assert.deepEqual(system.peek('a/k')?.context, { n: 1 });
  system.deadLetters.add('unknown/k', { kind: 'event', event: { type: 'X' } }, new Error('x'));
  await assert.rejects(system.replay.one(system.deadLetters.list()[0]?.id ?? ''), { code: 'DEAD_LETTER_GONE' });
});

test('SUP-7 dead letters are bounded: the oldest go, which is counted and said once a minute', async (t) => {
  const lines: object[] = [];
  const warn = (fields: object, msg: string) => void lines.push({ msg, ...fields });
  const first = await testSystem(t, [scriptedType('a')], { log: { ...SILENT, warn } });
  const start = first.clock.now();
  for (let n = 0; n < 10_000; n++) {
    if (n === 5 || n === 40) await first.clock.advance(1_000);
    first.system.deadLetters.add('a/k', { n }, 'why');
  }
  assert.deepEqual([first.system.deadLetters.dropped, lines.length], [0, 0]);
  for (let n = 10_000; n < 10_049; n++) first.system.deadLetters.add('a/k', { n }, 'why');
  await first.clock.advance(60_000);
  first.system.deadLetters.add('a/k', { n: 10_049 }, 'why');
  const told = lines.map((line) => {
    const { do: advice, ...rest } = line as { do: string };
    assert.match(advice, /ctl dead-letters list.*ctl dead-letters replay/);
    return rest;
  });
  const [then, now] = [start, start + 2_000].map((at) => new Date(at).toISOString());
  assert.deepEqual(told, [
    { msg: 'dead_letters_dropped', count: 1, from: then, to: then, address: 'a/k' },
    { msg: 'dead_letters_dropped', count: 49, from: then, to: now, address: 'a/k' },
  ]);
  const metrics = new Metrics();
  measureRuntime(first.system, metrics);
  assert.match(await metrics.text(), /^runtime_dead_letters_dropped_total 50$/m);
  await first.system.settled();
  const { system } = await first.reopen();
  assert.equal([...system.commit.range('rows', 'dead-letters\u0001', 'dead-letters\u0002')].length, 10_000);
  assert.deepEqual(system.deadLetters.list(1)[0]?.message, { n: 10_049 });
});

test('SUP-9 invoked or spawned logic whose failure nobody expects is reported at registration; failed children are not stored (E6)', async (t) => {
  const warnings: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (fields: object) => void warnings.push((fields as { warning: string }).warning),
  };
  const failing = setup({ actors: { work: fromPromise(() => Promise.reject(new Error('no'))) } });
  const { system } = await testSystem(t, [], { log });
  const bad = failing.createMachine({
    initial: 'x',
    states: { x: { initial: 'y', states: { y: { invoke: { src: 'work' } } } } },
  });
  const handled = failing.createMachine({
    initial: 'x',
    invoke: { src: 'work', id: 'w' },
    on: { 'xstate.error.actor.*': '.y' },
    states: { x: {}, y: {} },
  });
  system.register(durableType(bad, { name: 'bad' }));
  system.register(durableType(handled, { name: 'handled' }));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^x\.y: .*work/);
  const spawning = setup({
    actors: { work: fromPromise(async () => 1), other: fromPromise(async () => 2) },
    actions: { spawnOther: spawnChild('other') },
  });
  const spawner = (on: object): ActorType['machine'] =>
    spawning.createMachine({
      initial: 'x',
      states: { x: { on: { GO: { actions: spawnChild('work'), target: 'y' } } }, y: { entry: 'spawnOther', on } },
    });
  system.register(durableType(spawner({}), { name: 'spawning' }));
  const found = warnings.slice(1).map((warning) => /^root: .* (work|other) fails/.exec(warning)?.[1]);
  assert.deepEqual(found, ['work', 'other']);
  system.register(durableType(spawner({ 'xstate.error.actor.*': 'x' }), { name: 'expecting' }));
  assert.equal(warnings.length, 3);
  system.spawn('handled/k');
  await system.settled();
  await turnsOfLoop(3);
  await system.settled();
  assert.equal(system.peek('handled/k')?.value, 'y');
  await system.cell('handled/k')?.sleep();
  await system.settled();
  system.tell('handled/k', { type: 'X' });
  await system.settled();
  assert.deepEqual(
    Object.keys((system.cell('handled/k')?.snapshot as { children?: object } | undefined)?.children ?? {}),
    [],
  );
});

test('SUP-7 dead letters are bounded in bytes too, those of an earlier run included', async (t) => {
  const MIB = 1024 * 1024;
  const first = await testSystem(t, [scriptedType('a')]);
  const add = (to: typeof first.system, n: number) =>
    to.deadLetters.add('a/k', { n, data: Buffer.alloc(60 * 1024) }, 'why');
  for (let n = 0; n < 1_080; n++) add(first.system, n);
  await first.system.settled();
  const { system } = await first.reopen();
  for (let n = 1_080; n < 1_100; n++) add(system, n);
  await system.settled();
  let bytes = 0;
  for (const [, row] of system.commit.range('rows', 'dead-letters\u0001', 'dead-letters\u0002')) bytes += row.length;
  assert.ok(bytes <= 64 * MIB && bytes > 63 * MIB, `${bytes} bytes`);
  const list = system.deadLetters.list(1_000);
  assert.equal((list[0]?.message as { n: number } | undefined)?.n, 1_099);
  assert.ok(list.length < 100, 'a list is bounded as well');
});

test('SUP-7 of a message over 64 KiB its size and its beginning are kept', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a')]);
  const event = { type: 'LARGE', text: 'x'.repeat(100_000) };
  system.deadLetters.add('a/k', { kind: 'event', event }, 'why');
  const letter = system.deadLetters.list()[0];
  const message = letter?.message as { kind: string; cut: { bytes: number; beginning: string } };
  assert.equal(message.kind, 'event');
  assert.ok(message.cut.bytes > 100_000);
  assert.match(message.cut.beginning, /LARGE/);
  assert.equal(message.cut.beginning.length, 1_024);
  await assert.rejects(system.replay.one(letter?.id ?? ''), { code: 'DEAD_LETTER_CONFLICT' });
});
