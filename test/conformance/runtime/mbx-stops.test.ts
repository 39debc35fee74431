import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type EventObject, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { SILENT } from '../../../src/runtime/logging/runtime-log.js';
import { openStorage } from '../../../src/runtime/store/storage.js';
import type { StoredMessage } from '../../../src/runtime/store/stored-inbox.js';
import type { ActorSystem } from '../../../src/runtime/system.js';
import { durableType } from '../../fakes/durable-type.js';
import { START, temporaryFolder, testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

const STOP: StoredMessage = { kind: 'stop', requestedBy: 'owner/o', at: START };
const stored = (n: number): StoredMessage => ({ kind: 'event', event: script({ n }), at: START });
const everything = ['inbox', '', '\uffff'] as const;

/** A store in which messages for `a/k` wait, and one for `quiet/q`, as a crash leaves it. */
async function storeWith(t: TestContext, messages: readonly StoredMessage[], quiet?: StoredMessage): Promise<string> {
  const directory = temporaryFolder(t);
  const ignore = (): void => {};
  const storage = openStorage({ directory, clock: systemClock, onDegraded: ignore, onUnreadable: ignore });
  for (const message of messages) storage.inbox.add('a/k', message);
  if (quiet) storage.inbox.add('quiet/q', quiet);
  await storage.close();
  return directory;
}

test('MBX-2 a stop goes first after a restart of the process too; what it overtook is dead letters', async (t) => {
  const directory = await storeWith(t, [stored(1), stored(2), STOP, stored(3)]);
  const { system } = await testSystem(t, [scriptedType('a'), scriptedType('owner')], { directory });
  await system.settled();
  assert.deepEqual(
    system.deadLetters.list().map(({ message }) => (message as { event: { n: number } }).event.n),
    [2, 1],
  );
  assert.deepEqual(contextOf(system, 'owner/o').notes, ['actor.stopped a/k']);
  assert.deepEqual(contextOf(system, 'a/k').seen, [3], 'what came after it is for who comes after it');
  assert.deepEqual([...system.commit.range(...everything)], []);
});

test('MBX-2 a stop whose slice could not be committed ends an actor that would be parked for it', async (t) => {
  const type = durableType(setup({}).createMachine({ on: { HIT: {} } }), { intensity: 0 });
  const { system, clock } = await testSystem(t, [type, scriptedType('owner')]);
  system.tell('a/k', { type: 'HIT' });
  await system.settled();
  system.tell('owner/o', script({ outputs: [{ type: 'stop', address: 'a/k' } as EventObject] }));
  const cell = system.cell('a/k');
  const stopComes = cell?.stopComes.bind(cell);
  if (cell && stopComes) {
    cell.stopComes = () => {
      stopComes();
      // Something between slices that cannot be stored: the stop's is the slice that has to commit it.
      cell.emitted({ type: 'tell', to: 'owner/o', event: { type: 'X', value: 2n ** 70n } } as unknown as EventObject);
    };
  }
  await clock.advance(60_000);
  assert.equal(system.counts.get('a')?.failures, 1);
  assert.equal(system.parkedCount, 0);
  assert.equal(contextOf(system, 'owner/o').notes?.at(-1), 'actor.stopped a/k');
});

test('MBX-3 SUP-7 what a stop overtakes, however much, delays nobody and leaves others their dead letters', async (t) => {
  const count = 5_000;
  const directory = await storeWith(t, [...Array.from({ length: count }, (_, n) => stored(n)), STOP], {
    kind: 'event',
    event: { type: 'LOOK' },
    at: START,
  });
  const lines: unknown[] = [];
  const log = { ...SILENT, warn: (fields: object, message: string) => void lines.push([message, fields]) };
  let left = 0;
  const looking = ({ commit }: ActorSystem): ActorType => {
    const look = (): void => {
      left = [...commit.range(...everything)].length;
    };
    const machine = setup({ actions: { look } }).createMachine({ on: { LOOK: { actions: 'look' } } });
    return durableType(machine, { name: 'quiet' });
  };
  const types = (made: ActorSystem) => [scriptedType('a'), scriptedType('owner'), looking(made)];
  const { system } = await testSystem(t, types, { directory, log });
  await system.settled();
  assert.ok(left > 1_000, `${left} were left when another actor had its turn`);
  assert.equal(system.peek('a/k'), undefined);
  assert.deepEqual(contextOf(system, 'owner/o').notes, ['actor.stopped a/k']);
  assert.deepEqual([...system.commit.range(...everything)], []);
  const letters = system.deadLetters.list(1_000).map(({ message }) => (message as { event: { n: number } }).event.n);
  assert.deepEqual(
    letters,
    Array.from({ length: 100 }, (_, n) => count - 1 - n),
  );
  assert.equal(system.deadLetters.total, 100);
  assert.equal(system.counts.get('a')?.dropped.stop, count);
  const [line, ...more] = lines as Array<[string, { actor: string; count: number }]>;
  assert.deepEqual([line?.[0], line?.[1].actor, line?.[1].count, more], ['messages_without_letter', 'a/k', 4_900, []]);
});

test('MBX-3 senders of what a stop overtakes are acknowledged, whether it becomes a dead letter or not', async (t) => {
  const { system } = await testSystem(t, [
    scriptedType('a', 'durable', { mailbox: { capacity: 5_000 } }),
    scriptedType('owner'),
  ]);
  system.tell('owner/o', script({ outputs: [{ type: 'stop', address: 'a/k' } as EventObject] }));
  let acknowledged = 0;
  for (let n = 0; n < 3_000; n++) {
    system.tell('a/k', script({ n }), { acknowledged: () => acknowledged++ });
  }
  await system.settled();
  assert.equal(acknowledged, 3_000);
  assert.equal(system.deadLetters.total, 100);
  assert.equal(system.peek('a/k'), undefined);
});

test('MBX-3 a crash while a stop makes an end of what it overtook loses neither the stop nor what it overtook', async (t) => {
  const directory = await storeWith(t, [...Array.from({ length: 5_000 }, (_, n) => stored(n)), STOP]);
  const first = await testSystem(t, [scriptedType('a'), scriptedType('owner')], { directory });
  const { system } = await first.crash();
  await system.settled();
  assert.equal(system.peek('a/k'), undefined);
  assert.equal(contextOf(system, 'owner/o').notes?.at(-1), 'actor.stopped a/k');
  assert.deepEqual([...system.commit.range(...everything)], []);
  assert.ok(system.deadLetters.total <= 100);
});

test('MBX-7 what an actor had put off becomes dead letters when it is stopped, the newest of it', async (t) => {
  const machine = setup({}).createMachine({ on: { JOB: {} } });
  const type = durableType(machine, {
    defer: (_snapshot, event) => event.type === 'JOB',
    mailbox: { capacity: 5_000 },
  });
  const { system } = await testSystem(t, [type, scriptedType('owner')]);
  for (let n = 0; n < 150; n++) system.tell('a/k', { type: 'JOB', n } as EventObject);
  await system.settled();
  assert.equal(system.view('a/k')?.mailbox.stored, 150);
  system.tell('owner/o', script({ outputs: [{ type: 'stop', address: 'a/k' } as EventObject] }));
  await system.settled();
  const letters = system.deadLetters.list(1_000).map(({ message }) => (message as { event: { n: number } }).event.n);
  assert.deepEqual([letters.length, letters[0], letters.at(-1)], [100, 149, 50]);
  assert.deepEqual([...system.commit.range(...everything)], []);
  assert.equal(contextOf(system, 'owner/o').notes?.at(-1), 'actor.stopped a/k');
});
