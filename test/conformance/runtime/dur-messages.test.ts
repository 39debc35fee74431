import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventObject } from 'xstate';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { contextOf, noteOutput, Receiver, script, scriptedType, tellOutput } from '../../fakes/scripted.js';

test('DUR-4 state and the messages it sent never disagree, whenever the crash comes', async (t) => {
  for (let turns = 0; turns < 12; turns++) {
    const first = await testSystem(t, [scriptedType('a'), scriptedType('b')]);
    for (let n = 0; n < 8; n++) {
      first.system.tell('a/k', script({ n, outputs: [tellOutput('b/k', script({ n }))] }));
      await turnsOfLoop(1);
    }
    await turnsOfLoop(turns);
    const { system } = await first.crash();
    await system.settled();
    const [sent = [], received = []] = [contextOf(system, 'a/k').seen, contextOf(system, 'b/k').seen];
    assert.deepEqual(received, sent, `after ${turns} turns of the loop`);
  }
});

test('DUR-4 what finds no room in the mailbox waits in the store, in its order, while sources are refused', async (t) => {
  const small = scriptedType('small', 'durable', { mailbox: { capacity: 3 } });
  const first = await testSystem(t, [scriptedType('a'), small]);
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  const outputs = numbers.map((n) => tellOutput('small/s', script({ n })));
  let refusals = 0;
  first.system.tell('a/k', script({ outputs: outputs.slice(0, 100) }));
  first.system.tell('a/k', script({ outputs: outputs.slice(100) }));
  await turnsOfLoop(1);
  if (!first.system.tell('small/s', script({ n: -1 }))) refusals++;
  const seenBefore = contextOf(first.system, 'small/s').seen?.length ?? 0;
  const { system } = await first.crash();
  assert.equal(refusals, 1);
  assert.ok(seenBefore < 200);
  await system.settled();
  const { seen } = contextOf(system, 'small/s');
  // The crash may have come before the turn that sent them was on disk; then none is there.
  assert.deepEqual(seen ?? [], seen ? numbers : []);
  await first.system.settled();
});

test('DUR-4 a source tells stored: acknowledged after the flush, in order with the other messages, never lost', async (t) => {
  const first = await testSystem(t, [scriptedType('a', 'durable', { mailbox: { capacity: 2 } })]);
  const flushed: number[] = [];
  for (let n = 0; n < 20; n++) void first.system.tellStored('a/k', script({ n })).then(() => flushed.push(n));
  while (flushed.length === 0) await turnsOfLoop();
  const known = [...flushed];
  const { system } = await first.crash();
  await system.settled();
  const { seen = [] } = contextOf(system, 'a/k');
  assert.deepEqual(
    seen,
    Array.from(seen, (_, index) => index),
  );
  assert.ok(known.every((n) => seen.includes(n)));
});

test('DUR-4 to and from an actor that is not stored a message is told in memory, after the flush', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a'), scriptedType('n', 'none')]);
  system.tell(
    'a/k',
    script({ outputs: [tellOutput('n/k', script({ outputs: [tellOutput('a/k', script({ n: 5 }))] }))] }),
  );
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [5]);
});

test('DUR-4 the outbox sends in order, after the flush of each, and again after a crash with the same ids', async (t) => {
  const receiver = new Receiver();
  let hold = true;
  const held: Array<() => void> = [];
  const type = scriptedType('a', 'durable', {
    outputs: {
      note: async (output, context) => {
        await receiver.effect(output, context);
        if (hold) await new Promise<void>((resolve) => held.push(resolve));
      },
    },
  });
  const first = await testSystem(t, [type]);
  first.system.tell('a/k', script({ outputs: [noteOutput(1), noteOutput(2)] }));
  await first.system.settled();
  first.system.tell('a/k', script({ n: 1, outputs: [noteOutput(3)] }));
  await turnsOfLoop(1);
  // The first is on its way: its end must not let the third pass while that is not flushed.
  held.shift()?.();
  await Promise.resolve();
  assert.deepEqual(receiver.values, [1]);
  await first.system.settled();
  await turnsOfLoop(2);
  assert.deepEqual(receiver.values, [1, 2]);
  hold = false;
  const second = await first.crash();
  await second.system.settled();
  await turnsOfLoop(5);
  assert.deepEqual(receiver.once, [1, 2, 3]);
  assert.deepEqual(receiver.values.slice(-2), [2, 3]);
  assert.equal(second.system.outboxSize, 0);
  const third = await second.reopen();
  await third.system.settled();
  assert.equal(receiver.values.length, 4, 'nothing is left to send');
  for (const release of held) release();
});

test('DUR-4 an output that cannot be carried out is tried again with growing delays, and holds back those behind it', async (t) => {
  const times: number[] = [];
  let fails = 3;
  const got: unknown[] = [];
  const type = scriptedType('a', 'durable', {
    outputs: {
      note: async (output: EventObject) => {
        times.push(now.clock.now());
        if (fails-- > 0) throw new Error('not now');
        got.push((output as EventObject & { value: unknown }).value);
      },
    },
  });
  const now = await testSystem(t, [type]);
  now.system.tell('a/k', script({ outputs: [noteOutput(1), noteOutput(2)] }));
  await now.clock.advance(5_000);
  assert.deepEqual(got, [1, 2]);
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.ok((waits[0] ?? 0) >= 160 && (waits[1] ?? 0) >= 320 && (waits[2] ?? 0) >= 640, String(waits));
  assert.equal(now.system.deadLetters.total, 0);
});

test('DUR-4 outputs of actors that are not durable have ids of their own too', async (t) => {
  for (const durability of ['none', 'committed'] as const) {
    const receiver = new Receiver();
    const { system } = await testSystem(t, [scriptedType('a', durability, { outputs: { note: receiver.effect } })]);
    system.tell('a/k', script({ outputs: [noteOutput(1), noteOutput(2)] }));
    system.tell('a/k', script({ outputs: [noteOutput(3)] }));
    await system.settled();
    assert.deepEqual(receiver.once, [1, 2, 3], durability);
  }
});
