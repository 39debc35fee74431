import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { DeadLetterError } from '../../../src/runtime/errors.js';
import type { ActorSystem } from '../../../src/runtime/system.js';
import { eventually, testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { contextOf, noteOutput, Receiver, script, scriptedType } from '../../fakes/scripted.js';

const event = (n: number) => ({ kind: 'event', event: script({ n }) });

/** Ids of the letters of an address, oldest first. */
const idsOf = (system: ActorSystem, address: string): string[] =>
  system.deadLetters
    .list(10_000)
    .filter((letter) => letter.address === address)
    .map(({ id }) => id)
    .reverse();

/** A type that refuses what it is given, as a destination does, and takes it back while it has room. */
function refusingType(taken: unknown[], room: { left: number }): ActorType {
  return scriptedType('place', 'none', {
    replay: (address, message) => {
      if (address === 'place/gone') throw new DeadLetterError('DEAD_LETTER_GONE', 'there is no such place');
      if (message === null) throw new DeadLetterError('DEAD_LETTER_CONFLICT', 'nothing is in it');
      if (room.left-- <= 0) throw new DeadLetterError('PLACE_FULL', 'no room');
      taken.push(message);
      return undefined;
    },
  });
}

test('SUP-7 DUR-4 a message for a stored actor is a letter or in its inbox, whenever the process is killed', async (t) => {
  const parked = [scriptedType('a', 'durable', { mailbox: { capacity: 1 } })];
  const first = await testSystem(t, parked);
  // It takes nothing while its supervisor has stopped it.
  await first.system.child('a/k').start(() => {});
  await first.system.child('a/k').stop(0);
  first.system.deadLetters.add('a/k', event(1), 'why');
  await first.system.commit.flushed();
  const [id = ''] = idsOf(first.system, 'a/k');
  const replayed = first.system.replay.one(id);
  assert.deepEqual(idsOf(first.system, 'a/k'), []);
  const before = await first.crash();
  assert.deepEqual([idsOf(before.system, 'a/k'), contextOf(before.system, 'a/k').seen ?? []], [[id], []]);
  void replayed;

  const again = before.system.replay.one(id);
  await again;
  const after = await before.crash();
  await after.system.settled();
  assert.deepEqual([idsOf(after.system, 'a/k'), contextOf(after.system, 'a/k').seen], [[], [1]]);
});

test('SUP-7 an output is carried out again, and no crash loses it', async (t) => {
  const noting = () => {
    const receiver = new Receiver();
    return { receiver, types: [scriptedType('a', 'none', { outputs: { note: receiver.effect } })] };
  };
  const [one, two, three] = [noting(), noting(), noting()];
  const first = await testSystem(t, one.types);
  first.system.deadLetters.add('a/k', noteOutput('x'), 'why');
  first.system.deadLetters.add('a/k', { type: 'unknown' }, 'why');
  await first.system.commit.flushed();
  const [known = '', unknown = ''] = idsOf(first.system, 'a/k');
  void first.system.replay.one(known);
  // Nothing of that is on disk yet.
  const before = await first.crash(two.types);
  await turnsOfLoop(10);
  assert.deepEqual([two.receiver.values, idsOf(before.system, 'a/k')], [[], [known, unknown]]);

  await before.system.replay.one(known);
  const after = await before.crash(three.types);
  await turnsOfLoop(10);
  assert.deepEqual(three.receiver.values, ['x'], 'whether the run before had carried it out is not known');
  assert.deepEqual(idsOf(after.system, 'a/k'), [unknown]);
  await assert.rejects(after.system.replay.one(unknown), { code: 'DEAD_LETTER_CONFLICT', message: /unknown/ });
});

test('SUP-7 all letters of one address are replayed in their order, request by request, and no other', async (t) => {
  const taken: unknown[] = [];
  const { system } = await testSystem(t, [refusingType(taken, { left: 100 }), scriptedType('a')]);
  for (let n = 0; n < 25; n++) {
    system.deadLetters.add('place/p', { n }, 'why');
    system.deadLetters.add('a/k', event(n), 'why');
  }
  const address = 'place/p';
  let report = await system.replay.some({ address, limit: 10 });
  const counts = [report.replayed];
  while (report.next !== null) {
    // What becomes a letter again meanwhile is not taken up once more.
    system.deadLetters.add(address, { n: 'again' }, 'why');
    report = await system.replay.some({ address, limit: 10, cursor: report.next });
    counts.push(report.replayed);
  }
  assert.deepEqual(counts, [10, 10, 5]);
  assert.deepEqual(
    taken.map((message) => (message as { n: unknown }).n),
    Array.from({ length: 25 }, (_, n) => n),
  );
  assert.equal(idsOf(system, address).length, 2);
  assert.equal(idsOf(system, 'a/k').length, 25);
  assert.deepEqual(await system.replay.some({ address: 'place/other', limit: 10 }), {
    replayed: 0,
    refused: [],
    next: null,
  });
});

test('SUP-7 what can never be sent again is passed over and named; what finds no room now ends the request', async (t) => {
  const taken: unknown[] = [];
  const room = { left: 2 };
  const { system } = await testSystem(t, [refusingType(taken, room)]);
  for (const message of [{ n: 1 }, null, { n: 2 }, { n: 3 }]) system.deadLetters.add('place/p', message, 'why');
  const [, empty = '', , third = ''] = idsOf(system, 'place/p');
  const report = await system.replay.some({ address: 'place/p', limit: 10 });
  assert.deepEqual([report.replayed, report.refused.map(({ id }) => id)], [2, [empty]]);
  assert.deepEqual(idsOf(system, 'place/p'), [empty, third]);
  const more = { address: 'place/p', limit: 10, cursor: report.next ?? '' };
  await assert.rejects(system.replay.some(more), { code: 'PLACE_FULL' });
  room.left = 1;
  assert.deepEqual(await system.replay.some(more), { replayed: 1, refused: [], next: null });
  assert.deepEqual(taken, [{ n: 1 }, { n: 2 }, { n: 3 }]);

  system.deadLetters.add('place/gone', { n: 4 }, 'why');
  await assert.rejects(system.replay.some({ address: 'place/gone', limit: 10 }), { code: 'DEAD_LETTER_GONE' });
  assert.equal(idsOf(system, 'place/gone').length, 1);
});

test('SUP-7 a message that finds no room, or is of a kind that is not sent again, stays a letter', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a', 'none', { mailbox: { capacity: 1 } })]);
  for (const message of [event(1), event(2), { kind: 'start', input: {} }, { kind: 'output', unstorable: 'x' }]) {
    system.deadLetters.add('a/k', message, 'why');
  }
  const [first = '', ...rest] = idsOf(system, 'a/k');
  const told = system.replay.one(first);
  const codes: string[] = [];
  for (const id of rest) await system.replay.one(id).catch(({ code }) => codes.push(code));
  assert.deepEqual(codes, ['ACTOR_BUSY', 'DEAD_LETTER_CONFLICT', 'DEAD_LETTER_CONFLICT']);
  await told;
  assert.deepEqual(idsOf(system, 'a/k'), rest);
});

test('SUP-7 what cannot be had again is kept whole, up to 16 MiB', async (t) => {
  const receiver = new Receiver();
  const { system } = await testSystem(t, [scriptedType('a', 'none', { outputs: { note: receiver.effect } })]);
  const large = 'x'.repeat(1_000_000);
  system.deadLetters.add('a/k', noteOutput(large), 'why', { isWhole: true });
  system.deadLetters.add('a/k', noteOutput(large.repeat(17)), 'why', { isWhole: true });
  const [kept = '', cut = ''] = idsOf(system, 'a/k');
  await system.replay.one(kept);
  await system.settled();
  await turnsOfLoop(10);
  assert.deepEqual(receiver.values, [large]);
  await assert.rejects(system.replay.one(cut), { code: 'DEAD_LETTER_CONFLICT', message: /only the beginning/ });
});

test('SUP-7 letters are listed by address, the newest first, page by page', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a')]);
  for (let n = 0; n < 2_500; n++) system.deadLetters.add(n % 500 === 0 ? 'a/rare' : 'a/k', { n }, 'why');
  const found: unknown[] = [];
  let pages = 0;
  for (let before: string | undefined; pages === 0 || before !== undefined; pages++) {
    const page = system.deadLetters.newest({ address: 'a/rare', limit: 2 }, before);
    assert.ok(page.letters.length <= 2);
    found.push(...page.letters.map(({ message }) => (message as { n: number }).n));
    before = page.next;
  }
  assert.deepEqual(found, [2_000, 1_500, 1_000, 500, 0]);
  assert.ok(pages <= 6, `${pages} pages`);
  assert.deepEqual([system.deadLetters.kept, system.deadLetters.dropped], [2_500, 0]);
});

test('SUP-7 DUR-9 while nothing can be written a letter stays', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')], { quotaBytes: 400_000 });
  const { commit } = system;
  system.deadLetters.add('a/k', event(1), 'why');
  commit.put('meta', 'filler', Buffer.alloc(500_000));
  await eventually(() => {
    commit.put('meta', 'more', Buffer.alloc(1));
    return commit.degraded !== undefined;
  }, 'the store is past its quota');
  const [id = ''] = idsOf(system, 'a/k');
  await assert.rejects(system.replay.one(id), { code: 'STORAGE_QUOTA' });
  assert.deepEqual(idsOf(system, 'a/k'), [id]);

  commit.remove('meta', 'filler');
  await eventually(() => {
    void clock.advance(5_000);
    return commit.degraded === undefined;
  }, 'there is room again');
  await system.replay.one(id);
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1]);
});
