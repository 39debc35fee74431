import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, type EventObject, emit, setup } from 'xstate';
import type { ActorType, Durability } from '../../../src/runtime/actor-type.js';
import { Metrics } from '../../../src/runtime/metrics.js';
import { measureRuntime } from '../../../src/runtime/runtime-metrics.js';
import { durableType } from '../../fakes/durable-type.js';
import { testSystem, turnsOfLoop } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType, tellOutput } from '../../fakes/scripted.js';

const hopping = (durability: Durability): ActorType => {
  const machine = setup({
    types: { context: {} as { hops: number }, events: {} as { type: 'HOP'; left: number } },
  }).createMachine({
    context: { hops: 0 },
    on: {
      HOP: {
        actions: [
          assign({ hops: ({ context }) => context.hops + 1 }),
          emit(({ event }) => {
            const event_ = { type: 'HOP', left: event.left - 1 };
            return (
              event.left > 0 ? { type: 'tell', to: `hopper/${event.left % 10}`, event: event_ } : { type: 'arrived' }
            ) as never;
          }),
        ],
      },
    },
  });
  return { name: 'hopper', version: 1, machine, durability, startOnTell: true, outputs: { arrived: () => {} } };
};

test('MBX-1 tell never runs the receiver in the stack of the caller', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a', 'none')]);
  system.tell('a/k', script({ n: 1 }));
  assert.equal(system.peek('a/k'), undefined);
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1]);
});

for (const [durability, hops] of [
  ['none', 100_000],
  ['durable', 2_000],
] as const) {
  test(`MBX-1 a chain of ${hops} hops through ${durability} actors nests no stack (E15)`, async (t) => {
    const { system } = await testSystem(t, [hopping(durability)]);
    system.tell('hopper/start', { type: 'HOP', left: hops } as EventObject);
    await system.settled();
    const counts = Array.from({ length: 10 }, (_, key) => system.peek(`hopper/${key}`)?.context as { hops: number });
    assert.equal(
      counts.reduce((sum, { hops }) => sum + hops, 0),
      hops,
    );
    assert.equal(system.deadLetters.total, 0);
  });
}

test('MBX-2 a full mailbox refuses by default, and the message told is not lost silently', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a', 'durable', { mailbox: { capacity: 3 } })]);
  const told = [1, 2, 3, 4, 5].map((n) => system.tell('a/k', script({ n })));
  assert.deepEqual(told, [true, true, true, false, false]);
  await system.settled();
  assert.deepEqual(contextOf(system, 'a/k').seen, [1, 2, 3]);
  assert.equal(system.counts.get('a')?.refused, 2);
});

for (const [policy, kept] of [
  ['drop-oldest', [3, 4, 5]],
  ['drop-newest', [1, 2, 3]],
] as const) {
  test(`MBX-2 MBX-6 ${policy} keeps the others in order and counts what it drops`, async (t) => {
    const { system } = await testSystem(t, [scriptedType('a', 'durable', { mailbox: { capacity: 3, policy } })]);
    for (const n of [1, 2, 3, 4, 5]) assert.equal(system.tell('a/k', script({ n })), true);
    await system.settled();
    assert.deepEqual(contextOf(system, 'a/k').seen, kept);
    assert.equal(system.counts.get('a')?.dropped[policy], 2);
    const metrics = new Metrics();
    measureRuntime(system, metrics);
    const line = `runtime_messages_dropped_total{type="a",reason="${policy}"} 2`;
    assert.ok((await metrics.text()).split('\n').includes(line));
  });
}

test('MBX-2 what a policy drops of the stored inbox is gone from the store too', async (t) => {
  const small = scriptedType('small', 'durable', { mailbox: { capacity: 2, policy: 'drop-oldest' } });
  const { system } = await testSystem(t, [small, scriptedType('a')]);
  const outputs = [1, 2, 3, 4].map((n) => tellOutput('small/s', script({ n })));
  system.tell('a/k', script({ outputs }));
  await system.settled();
  assert.deepEqual(contextOf(system, 'small/s').seen, [3, 4]);
  assert.deepEqual([...system.commit.range('inbox', '', '\uffff')], []);
});

test('MBX-2 timers pass a full mailbox and go first', async (t) => {
  const machine = setup({
    types: { context: {} as { order: string[] } },
    actions: { note: assign({ order: ({ context, event }) => [...context.order, event.type] }) },
  }).createMachine({
    id: 'timed',
    context: { order: [] },
    after: { 1000: { actions: 'note' } },
    on: { DO: { actions: 'note' } },
  });
  const mailbox = { capacity: 2 };
  const { system, clock } = await testSystem(t, [
    { name: 'a', version: 1, machine, durability: 'none', startOnTell: true, mailbox },
  ]);
  system.tell('a/k', { type: 'DO' });
  await system.settled();
  // Fills the mailbox in the moment in which the timer of the chart falls due.
  const cell = system.cell('a/k');
  const fill = (): void => {
    for (const isTaken of [true, true, false]) assert.equal(system.tell('a/k', { type: 'DO' }), isTaken);
  };
  const timerFired = cell?.timerFired.bind(cell);
  if (cell && timerFired) {
    cell.timerFired = (fire) => {
      fill();
      timerFired(fire);
    };
  }
  await clock.advance(1_000);
  assert.deepEqual(contextOf<{ order: string[] }>(system, 'a/k').order, ['DO', 'xstate.after.1000.timed', 'DO', 'DO']);
});

test('MBX-2 a stop passes a full mailbox and goes first; what it overtakes is dead letters', async (t) => {
  const { system } = await testSystem(t, [
    scriptedType('a', 'none', { mailbox: { capacity: 2 }, startOnTell: false, outputs: { note: () => {} } }),
    scriptedType('owner'),
  ]);
  system.spawn('a/k');
  await system.settled();
  const done: unknown[] = [];
  system.tap('a/k', {
    started: () => {},
    restored: () => {},
    event: (_address, event) => void done.push((event as { n?: number } & EventObject).n),
    hot: () => {},
    committed: () => {},
  });
  const outputs = [tellOutput('a/k', script({ n: 1 })), tellOutput('a/k', script({ n: 2 }))];
  system.tell('owner/o', script({ outputs: [...outputs, { type: 'stop', address: 'a/k' } as EventObject] }));
  await system.settled();
  assert.deepEqual(done, []);
  assert.deepEqual(
    system.deadLetters.list().map(({ error }) => error.code),
    ['ACTOR_STOPPED', 'ACTOR_STOPPED'],
  );
  assert.equal(system.peek('a/k'), undefined);
  assert.deepEqual(contextOf(system, 'owner/o').notes, ['actor.stopped a/k']);
});

test('MBX-3 an actor that is flooded delays the message of another by one slice', async (t) => {
  const order: string[] = [];
  const machine = setup({}).createMachine({ on: { HIT: { actions: ({ self }) => void order.push(self.id) } } });
  const type: ActorType = {
    name: 'a',
    version: 1,
    machine,
    durability: 'none',
    startOnTell: true,
    mailbox: { capacity: 100_000 },
  };
  const { system } = await testSystem(t, [type]);
  for (let n = 0; n < 20_000; n++) system.tell('a/flooded', { type: 'HIT' });
  system.tell('a/quiet', { type: 'HIT' });
  let turns = 0;
  const count = (): void => {
    turns++;
    if (order.length < 20_001) setImmediate(count);
  };
  setImmediate(count);
  await system.settled();
  assert.ok(order.indexOf('a/quiet') <= 32, `after ${order.indexOf('a/quiet')} messages`);
  assert.ok(turns > 3, `the loop turned ${turns} times meanwhile`);
  assert.equal(order.length, 20_001);
});

test('MBX-4 a source is told when a mailbox fills to 80 % and when it is down to 50 %', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a', 'none', { mailbox: { capacity: 10 } })]);
  const marks: string[] = [];
  const mark = (name: string) => () => marks.push(`${name} ${system.cell('a/k')?.queue.mailbox.depth}`);
  const end = system.watermark('a/k', { high: mark('high'), low: mark('low') });
  for (let n = 0; n < 10; n++) system.tell('a/k', script({ n }));
  assert.deepEqual(marks, ['high 8']);
  await system.settled();
  assert.deepEqual(marks, ['high 8', 'low 5']);
  for (let n = 0; n < 10; n++) system.tell('a/k', script({ n }));
  await system.settled();
  assert.deepEqual(marks, ['high 8', 'low 5', 'high 8', 'low 5']);
  end();
  for (let n = 0; n < 10; n++) system.tell('a/k', script({ n }));
  await system.settled();
  assert.equal(marks.length, 4);
});

test('MBX-4 a source that comes while the mailbox is full is told at once', async (t) => {
  const { system } = await testSystem(t, [scriptedType('a', 'none', { mailbox: { capacity: 10 } })]);
  const marks: string[] = [];
  const watcher = (name: string) => ({
    high: () => void marks.push(`${name} high`),
    low: () => void marks.push(`${name} low`),
  });
  system.watermark('a/k', watcher('first'));
  for (let n = 0; n < 10; n++) system.tell('a/k', script({ n }));
  system.watermark('a/k', watcher('second'));
  await system.settled();
  assert.deepEqual(marks, ['first high', 'second high', 'first low', 'second low']);
});

test('MBX-6 depth, capacity and age of the oldest message are seen per actor', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a', 'durable', { mailbox: { capacity: 10 } })]);
  system.tell('a/k', script({ n: 1 }));
  system.tell('a/k', script({ n: 2 }));
  clock.jump(clock.now() + 1_500);
  const { mailbox } = system.view('a/k') ?? {};
  assert.deepEqual(mailbox, { depth: 2, capacity: 10, oldestAgeMs: 1_500, stored: 0 });
  assert.deepEqual(system.mailboxes().get('a'), { depth: 2, oldestAgeMs: 1_500 });
  await turnsOfLoop(3);
});

test('MBX-6 what waits in the store and what is put off is in the figures of its type', async (t) => {
  const machine = setup({}).createMachine({ on: { JOB: {} } });
  const defer: ActorType['defer'] = (_snapshot, { type }) => type === 'JOB';
  const types = [durableType(machine, { defer, mailbox: { capacity: 2 } }), scriptedType('b')];
  const { system, clock } = await testSystem(t, types);
  const told = clock.now();
  system.tell('b/k', script({ outputs: [1, 2, 3, 4].map(() => tellOutput('a/k', { type: 'JOB' })) }));
  await system.settled();
  clock.jump(told + 1_500);
  assert.deepEqual(system.mailboxes().get('a'), { depth: 4, oldestAgeMs: 1_500 });
  assert.equal(system.view('a/k')?.mailbox.oldestAgeMs, 1_500);
});

test('MBX-6 what waits for a parked actor as rows of the store only is in the figures of its type', async (t) => {
  const first = await testSystem(t, [scriptedType('a', 'durable', { intensity: 0 })]);
  first.system.tell('a/k', script({ fail: 'always' }));
  await first.clock.advance(1_000);
  assert.equal(first.system.parkedCount, 1);
  const told = first.clock.now();
  for (const n of [1, 2, 3]) await first.system.tellStored('a/k', script({ n }));
  const { system } = await first.crash(undefined, told + 2_000);
  assert.deepEqual(system.mailboxes().get('a'), { depth: 3, oldestAgeMs: 2_000 });
});
