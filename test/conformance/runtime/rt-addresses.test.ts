import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

test('RT-1 an address that is none, or of an unknown type, is refused by its code', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a')]);
  for (const address of ['', 'a', 'a/', '/k', 'b/k', `a/${'k'.repeat(511)}`, 'a/k\u0001', 'A/k']) {
    assert.throws(() => system.tell(address, script({})), { code: 'ACTOR_TYPE_UNKNOWN' }, JSON.stringify(address));
  }
  for (const key of ['k', 'ключ', 'a/b/c', 'x'.repeat(510), '😀']) {
    assert.equal(system.tell(`a/${key}`, script({ n: 1 })), true);
  }
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/😀').seen, [1]);
});

test('RT-2 telling an actor that is not in memory activates it from its snapshot', async (t) => {
  const first = await testSystem(t, [scriptedType('a')]);
  first.system.tell('a/k', script({ n: 1 }));
  await first.system.settled();
  const { system } = await first.reopen();
  assert.equal(system.liveCount, 0);
  assert.deepEqual(contextOf(system, 'a/k').seen, [1], 'peek reads without waking');
  assert.equal(system.liveCount, 0);
  system.tell('a/k', script({ n: 2 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2]);
});

test('RT-2 a type that does not start on tell knows no unknown actors', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a', 'durable', { startOnTell: false })]);
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  assert.equal(system.peek('a/k'), undefined);
  assert.equal(system.deadLetters.list()[0]?.error.code, 'ACTOR_UNKNOWN');
  system.spawn('a/k', { wish: 7 });
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1]);
});

test('RT-2 the input is the address and what the start gave, also after a restart; a second start changes nothing', async (t) => {
  const first = await testSystem(t, [scriptedType('a')]);
  first.system.spawn('a/k', { wish: 7 });
  first.system.spawn('a/k', { wish: 8 });
  await first.system.settled();
  const { system } = await first.reopen();
  system.spawn('a/k', { wish: 9 });
  await system.settled();
  const { address, wish } = contextOf(system, 'a/k').input as Record<string, unknown>;
  assert.deepEqual([address, wish], ['a/k', 7]);
});

test('RT-2 peek shows what is committed, not what a failing slice was doing', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a')]);
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  system.tell('a/k', script({ n: 2, fail: 'no' }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1]);
});

test('RT-2 remove erases snapshot, messages, timers and summary', async (t) => {
  const type = scriptedType('a', 'durable', { summary: () => ({ here: true }) });
  const first = await testSystem(t, [type]);
  first.system.tell('a/k', script({ n: 1 }));
  await first.system.settled();
  for (let n = 2; n < 100; n++) void first.system.tellStored('a/k', script({ n }));
  await first.system.remove('a/k');
  const { system } = await first.reopen();
  await system.settled();
  assert.equal(system.peek('a/k'), undefined);
  assert.deepEqual([...system.summaries.of('a')], []);
  assert.deepEqual([...system.commit.range('inbox', '', '\uffff')], []);
  assert.deepEqual([...system.addresses()], []);
});

test('RT-12 a summary is a row of its own, rewritten when it changes and readable without waking anybody', async (t) => {
  const type = scriptedType('a', 'durable', {
    summary: ({ context: { seen } }: never) => ({ sum: (seen as number[]).length }),
  } as never);
  const first = await testSystem(t, [type]);
  for (const key of ['x', 'y', 'z']) first.system.tell(`a/${key}`, script({ n: 1 }));
  first.system.tell('a/y', script({ n: 2 }));
  await first.system.settled();
  const { system } = await first.reopen();
  assert.deepEqual(
    [...system.summaries.of('a')].map(({ address, row }) => [address, row['sum']]),
    [
      ['a/x', 1],
      ['a/y', 2],
      ['a/z', 1],
    ],
  );
  assert.equal(system.liveCount, 0);
});

test('RT-2 addresses are listed in order, sleeping and live, by type and after a cursor', async (t) => {
  const types = [scriptedType('a'), scriptedType('ab'), scriptedType('b', 'none')];
  const first = await testSystem(t, types);
  for (const address of ['a/2', 'a/1', 'ab/1', 'a/3']) first.system.tell(address, script({ n: 1 }));
  await first.system.settled();
  const { system } = await first.reopen();
  for (const address of ['b/1', 'a/2', 'a/15']) system.tell(address, script({ n: 1 }));
  await system.settled();
  assert.deepEqual([...system.addresses()], ['a/1', 'a/15', 'a/2', 'a/3', 'ab/1', 'b/1']);
  assert.deepEqual([...system.addresses('a')], ['a/1', 'a/15', 'a/2', 'a/3']);
  assert.deepEqual([...system.addresses('a', 'a/15')], ['a/2', 'a/3']);
});
