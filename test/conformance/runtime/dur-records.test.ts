import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyStateMachine, assign, type EventObject, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { RecordCodec } from '../../../src/runtime/store/record-codec.js';
import { SEPARATOR } from '../../../src/runtime/store/store-keys.js';
import { UnreadableRows } from '../../../src/runtime/store/unreadable-rows.js';
import type { ActorSystem } from '../../../src/runtime/system.js';
import { testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

const GARBAGE = Buffer.from('not a record');
const generationsOf = (system: ActorSystem, address: string): string[] =>
  [...system.commit.range('snapshots', address, `${address}\uffff`)].map(([key]) => key);
const codecOf = ({ commit }: ActorSystem): RecordCodec => new RecordCodec(commit, new UnreadableRows(() => {}));
const seqOf = (system: ActorSystem, key: string): number =>
  (codecOf(system).decode(system.commit.get('snapshots', key) ?? GARBAGE) as { seq: number }).seq;
const quarantined = (system: ActorSystem): string[] =>
  [...system.commit.range('quarantine', '', '\uffff')].map(([key]) => key.split(SEPARATOR)[0] ?? '');

const simple = (states: object, version = 1, overrides: Partial<ActorType> = {}): ActorType => ({
  name: 'a',
  version,
  machine: setup({ types: { context: {} as { n: number } } }).createMachine({
    context: { n: 0 },
    initial: 'one',
    on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    states,
  } as never) as unknown as AnyStateMachine,
  durability: 'durable',
  startOnTell: true,
  ...overrides,
});

const storedActors = async (t: Parameters<typeof testSystem>[0], types: readonly ActorType[], addresses: string[]) => {
  const first = await testSystem(t, types);
  for (const address of addresses) {
    for (let n = 0; n < 2; n++) {
      first.system.tell(address, { type: 'ADD' });
      await first.system.settled();
    }
  }
  return first;
};

test('DUR-10 bytes that are no record park that one actor, and touch no other', async (t) => {
  const first = await storedActors(t, [simple({ one: {} })], ['a/bad', 'a/good']);
  for (const key of generationsOf(first.system, 'a/bad')) first.system.commit.put('snapshots', key, GARBAGE);
  const { system } = await first.reopen();
  system.tell('a/bad', { type: 'ADD' });
  system.tell('a/good', { type: 'ADD' });
  await system.settled();
  assert.deepEqual(contextOf<{ n: number }>(system, 'a/good'), { n: 3 });
  const view = system.view('a/bad');
  assert.equal(view?.status, 'parked');
  assert.match(view?.parkedReason ?? '', /cannot be read/);
  assert.deepEqual(new Set(quarantined(system)), new Set(['a/bad']));
  assert.equal(system.counts.get('a')?.quarantined, 1);
  assert.equal(system.deadLetters.total, 0, 'the message waits: it is not at fault');
  assert.equal(view?.mailbox.depth, 1);
});

test('DUR-10 an unknown state value parks the actor with a clear reason; a new version brings it back', async (t) => {
  const before = simple({ one: { on: { MOVE: 'old' } }, old: {} });
  const first = await storedActors(t, [before], ['a/k']);
  first.system.tell('a/k', { type: 'MOVE' });
  await first.system.settled();
  const second = await first.reopen([simple({ one: {} })]);
  second.system.tell('a/k', { type: 'ADD' });
  await second.system.settled();
  assert.equal(second.system.view('a/k')?.status, 'parked');
  assert.match(second.system.view('a/k')?.lastError?.message ?? '', /old/);
  const third = await second.reopen([simple({ one: {} })]);
  assert.equal(third.system.view('a/k')?.status, 'parked', 'the same version is not tried at every boot');
  third.system.tell('a/k', { type: 'ADD' });
  await third.system.settled();
  assert.equal(third.system.parkedCount, 1);
  const mended = simple({ one: {}, renamed: {} }, 2, {
    migrate: (_from, snapshot) => ({ ...snapshot, value: 'renamed' }) as never,
  });
  const { system } = await third.reopen([mended]);
  assert.equal(system.parkedCount, 0);
  system.tell('a/k', { type: 'ADD' });
  await system.settled();
  assert.equal(system.peek('a/k')?.value, 'renamed');
  assert.deepEqual(contextOf<{ n: number }>(system, 'a/k'), { n: 3 });
  assert.deepEqual(quarantined(system), []);
});

test('DUR-10 a version without a migration, or with one that throws, parks; an operator can try again', async (t) => {
  const first = await storedActors(t, [simple({ one: {} })], ['a/k']);
  let works = false;
  const next = simple({ one: {} }, 2, {
    migrate: (_from, snapshot) => {
      if (!works) throw new Error('not migrated');
      return snapshot;
    },
  });
  const second = await first.reopen([simple({ one: {} }, 2)]);
  second.system.tell('a/k', { type: 'ADD' });
  await second.system.settled();
  assert.match(second.system.view('a/k')?.parkedReason ?? '', /no migration/);
  const { system } = await second.reopen([{ ...next, version: 3 }]);
  system.tell('a/k', { type: 'ADD' });
  await system.settled();
  assert.match(system.view('a/k')?.parkedReason ?? '', /not migrated/);
  works = true;
  assert.equal(system.unpark('a/k'), true);
  await system.settled();
  assert.deepEqual(contextOf<{ n: number }>(system, 'a/k'), { n: 3 });
  assert.equal(system.view('a/k')?.status, 'live');
  assert.equal(system.unpark('a/k'), false, 'it is not parked any more');
});

test('DUR-10 actors of an unknown type are set aside, and come back with their type, timers included', async (t) => {
  const timed = simple({ one: { after: { 10000: 'late' } }, late: {} });
  const first = await storedActors(t, [timed, scriptedType('b')], ['a/x', 'a/y']);
  first.system.tell('b/k', script({ n: 1 }));
  void first.system.tellStored('a/x', { type: 'ADD' });
  await first.system.settled();
  const logged: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_: object, message: string) => logged.push(message),
  };
  await first.system.stop(0);
  const second = await testSystem(t, [scriptedType('b')], { directory: first.directory, log });
  assert.deepEqual(new Set(quarantined(second.system)), new Set(['a/x', 'a/y']));
  assert.ok(logged.includes('actor_type_unknown'));
  second.system.tell('b/k', script({ n: 2 }));
  await second.clock.advance(60_000);
  assert.deepEqual(contextOf(second.system, 'b/k').seen, [1, 2]);
  const { system, clock } = await second.reopen([timed, scriptedType('b')]);
  await clock.advance(1_000);
  assert.deepEqual([system.peek('a/x')?.value, system.peek('a/y')?.value], ['late', 'late']);
  assert.deepEqual(quarantined(system), []);
});

test('DUR-10 a stored message that cannot be read is a dead letter', async (t) => {
  const first = await storedActors(t, [simple({ one: {} })], ['a/k']);
  first.system.commit.put('inbox', `a/k${SEPARATOR}00000001000000000001`, GARBAGE);
  first.system.commit.put('inbox', `unknown/k${SEPARATOR}00000001000000000002`, GARBAGE);
  const { system } = await first.reopen();
  await system.settled();
  system.tell('a/k', { type: 'ADD' });
  await system.settled();
  assert.deepEqual(contextOf<{ n: number }>(system, 'a/k'), { n: 3 });
  assert.equal(system.deadLetters.list().length, 1);
  const left = [...system.commit.range('inbox', '', '\uffff')].map(([key]) => key.split(SEPARATOR)[0]);
  assert.deepEqual(left, ['unknown/k'], 'its type may know how to read it');
});

test('DUR-2 two generations are kept of durable actors; going back to the older one is a choice of the type', async (t) => {
  const type = scriptedType('a', 'durable', { onUnreadable: 'older-generation' });
  const first = await testSystem(t, [type, scriptedType('c', 'committed')]);
  for (const n of [1, 2, 3]) {
    first.system.tell('a/k', script({ n }));
    first.system.tell('c/k', script({ n }));
    await first.system.settled();
  }
  assert.equal(generationsOf(first.system, 'a/k').length, 2);
  assert.equal(generationsOf(first.system, 'c/k').length, 1);
  const newest = generationsOf(first.system, 'a/k').at(-1) ?? '';
  const other = generationsOf(first.system, 'a/k').find((key) => key !== newest) ?? '';
  // Either may be the newest one: the shorter record is the older.
  const [a, b] = [first.system.commit.get('snapshots', newest), first.system.commit.get('snapshots', other)];
  first.system.commit.put('snapshots', (a?.length ?? 0) > (b?.length ?? 0) ? newest : other, GARBAGE);
  const { system } = await first.reopen();
  system.tell('a/k', script({ n: 4 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2, 4]);
  assert.deepEqual(contextOf(system, 'a/k').notes, ['runtime.restored olderGeneration']);
});

test('DUR-10 an actor that went back to its older generation is still there after the next restart', async (t) => {
  const type = simple({ one: {} }, 1, { onUnreadable: 'older-generation', startOnTell: false });
  const first = await testSystem(t, [type]);
  first.system.spawn('a/k');
  await first.system.settled();
  first.system.tell('a/k', { type: 'ADD' });
  await first.system.settled();
  const keys = generationsOf(first.system, 'a/k');
  const newest = keys.sort((x, y) => seqOf(first.system, x) - seqOf(first.system, y)).at(-1) ?? '';
  first.system.commit.put('snapshots', newest, GARBAGE);
  const second = await first.reopen();
  second.system.tell('a/k', { type: 'NOTHING' });
  await second.system.settled();
  assert.deepEqual(contextOf<{ n: number }>(second.system, 'a/k'), { n: 0 });
  assert.equal(quarantined(second.system).length, 1, 'the one that was read is not set aside');
  const { system } = await second.crash();
  system.tell('a/k', { type: 'ADD' });
  await system.settled();
  assert.deepEqual(contextOf<{ n: number }>(system, 'a/k'), { n: 1 });
  assert.equal(system.deadLetters.total, 0);
});

test('DUR-10 messages and outputs of a type that one start does not know are there when it is back', async (t) => {
  const done: unknown[] = [];
  let isHeld = true;
  const held = new Promise<void>(() => {});
  const outputs = {
    told: (output: EventObject) => {
      if (isHeld) return held;
      done.push(output);
    },
  };
  const types = [scriptedType('a', 'durable', { outputs }), scriptedType('b')];
  const first = await testSystem(t, types);
  first.system.tell('a/k', script({ n: 1, outputs: [{ type: 'told' } as EventObject] }));
  await first.system.settled();
  const logged: Array<[unknown, string]> = [];
  const ignore = (): void => {};
  const error = (fields: object, message: string) => void logged.push([fields, message]);
  void first.system.tellStored('a/k', script({ n: 2 }));
  const [row] = first.system.commit.range('inbox', '', '\uffff');
  await first.system.settled();
  // As a crash before its turn would leave it, once more.
  first.system.commit.put('inbox', `a/k${SEPARATOR}00000001000000009999`, row?.[1] ?? GARBAGE);
  await first.system.stop(0);
  const second = await testSystem(t, [scriptedType('b')], {
    directory: first.directory,
    log: { debug: ignore, info: ignore, warn: ignore, error },
  });
  await second.system.settled();
  assert.equal(second.system.deadLetters.total, 0);
  assert.equal(second.system.outboxSize, 0);
  assert.deepEqual(
    logged.filter(([, message]) => message.endsWith('of_unknown_type')),
    [
      [{ type: 'a', count: 1 }, 'messages_of_unknown_type'],
      [{ type: 'a', count: 1 }, 'outputs_of_unknown_type'],
    ],
  );
  isHeld = false;
  const { system } = await second.reopen(types);
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2, 2]);
  assert.equal(done.length, 1);
  assert.equal(system.deadLetters.total, 0);
});

test('SUP-6 a type may begin anew instead; its owner is told so that it sends its wishes again', async (t) => {
  const types = [scriptedType('owner'), scriptedType('a', 'durable', { onUnreadable: 'reset', startOnTell: false })];
  const first = await testSystem(t, types);
  first.system.tell(
    'owner/o',
    script({ outputs: [{ type: 'start', address: 'a/k', input: { wish: 1 } } as EventObject] }),
  );
  await first.system.settled();
  for (const n of [1, 2]) {
    first.system.tell('a/k', script({ n }));
    await first.system.settled();
  }
  first.system.commit.put('snapshots', generationsOf(first.system, 'a/k')[0] ?? '', GARBAGE);
  const { system } = await first.reopen();
  system.tell('a/k', script({ n: 3 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [3]);
  assert.equal((contextOf(system, 'a/k').input as { wish: number }).wish, 1);
  assert.deepEqual(contextOf(system, 'owner/o').notes, ['runtime.restored wake', 'runtime.reset a/k']);
  assert.deepEqual(new Set(quarantined(system)), new Set(['a/k']), 'what was there can be looked at');
});

test('DUR-11 an actor that is done is told to its owner, and its name is free', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a'), scriptedType('owner')]);
  system.tell('owner/o', script({ outputs: [{ type: 'start', address: 'a/k' } as EventObject] }));
  await system.settled();
  system.tell('a/k', { type: 'END', result: { sum: 3 } } as EventObject);
  await system.settled();
  assert.deepEqual(contextOf(system, 'owner/o').notes, ['actor.done a/k {"sum":3}']);
  assert.equal(system.peek('a/k'), undefined);
  assert.equal(system.liveCount, 1);
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1]);
});

test('DUR-11 a kept result is read but not run; it is told again to who starts it again, over restarts too', async (t) => {
  const first = await testSystem(t, [scriptedType('a', 'durable', { onDone: 'keep' }), scriptedType('owner')]);
  const start = script({ outputs: [{ type: 'start', address: 'a/k' } as EventObject] });
  first.system.tell('owner/o', start);
  await first.system.settled();
  first.system.tell('a/k', { type: 'END', result: 7 } as EventObject);
  await first.system.settled();
  const { system } = await first.reopen();
  assert.equal(system.peek('a/k')?.status, 'done');
  assert.equal(system.peek('a/k')?.output, 7);
  assert.equal(system.view('a/k')?.status, 'done');
  system.tell('owner/o', start);
  system.tell('a/k', script({ n: 1 }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'owner/o').notes, [
    'actor.done a/k 7',
    'runtime.restored wake',
    'actor.done a/k 7',
  ]);
  assert.equal(system.deadLetters.list()[0]?.error.code, 'ACTOR_DONE');
  await system.remove('a/k');
  assert.equal(system.peek('a/k'), undefined);
});

test('DUR-10 a row that cannot be read stops neither the start nor a list; it is told once and left', async (t) => {
  const first = await storedActors(t, [simple({ one: {} }, 1)], ['a/k']);
  const { deadLetters, commit } = first.system;
  for (const n of [1, 2, 3]) deadLetters.add('a/k', { n }, 'why');
  commit.put('rows', ['dead-letters', 'row', deadLetters.list()[1]?.id].join(SEPARATOR), GARBAGE);
  commit.put('meta', `parked${SEPARATOR}a/p`, GARBAGE);
  commit.put('quarantine', `a/q${SEPARATOR}0`, GARBAGE);
  await first.system.stop(0);
  const rows: string[] = [];
  const ignore = (): void => {};
  const error = (fields: object, message: string): void => {
    if (message === 'row_unreadable') rows.push((fields as { row: string }).row);
  };
  const log = { debug: ignore, info: ignore, warn: ignore, error };
  const { system } = await testSystem(t, [simple({ one: {} }, 2)], { directory: first.directory, log });
  for (let times = 0; times < 2; times++) {
    assert.deepEqual(
      system.deadLetters.list(2).map(({ message }) => message),
      [{ n: 3 }, { n: 1 }],
    );
  }
  assert.equal(system.unreadableRows, 3);
  assert.equal(rows.length, 3);
  assert.ok(rows.includes('parked a/p') && rows.includes('a/q 0'));
  assert.deepEqual(system.commit.get('quarantine', `a/q${SEPARATOR}0`), GARBAGE);
});

test('DUR-10 without the structures row new actors are stored, and the earlier ones are back with it', async (t) => {
  const first = await storedActors(t, [simple({ one: {} })], ['a/old']);
  const structures = first.system.commit.get('meta', 'structures') ?? GARBAGE;
  first.system.commit.put('meta', 'structures', GARBAGE);
  const second = await first.reopen();
  for (const address of ['a/old', 'a/new']) second.system.tell(address, { type: 'ADD' });
  await second.system.settled();
  assert.equal(second.system.view('a/old')?.status, 'parked');
  assert.deepEqual(contextOf<{ n: number }>(second.system, 'a/new'), { n: 1 });
  const third = await second.reopen();
  third.system.tell('a/new', { type: 'ADD' });
  await third.system.settled();
  assert.deepEqual(contextOf<{ n: number }>(third.system, 'a/new'), { n: 2 });
  assert.deepEqual(third.system.commit.get('meta', 'structures'), GARBAGE);
  third.system.commit.put('meta', 'structures', structures);
  const { system } = await third.reopen();
  assert.equal(system.unpark('a/old'), true);
  system.tell('a/new', { type: 'ADD' });
  await system.settled();
  assert.deepEqual(contextOf<{ n: number }>(system, 'a/old'), { n: 2 });
  assert.deepEqual(contextOf<{ n: number }>(system, 'a/new'), { n: 3 });
});
