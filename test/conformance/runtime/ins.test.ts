import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventObject, setup } from 'xstate';
import { hotLogic } from '../../../src/runtime/actor-type.js';
import { Inspection } from '../../../src/runtime/inspection/inspection.js';
import { testSystem } from '../../fakes/runtime.js';
import { script, scriptedType } from '../../fakes/scripted.js';

interface Seen {
  readonly type: string;
  readonly address: string;
  readonly event?: { readonly type: string; readonly [name: string]: unknown };
  readonly snapshot?: { readonly status: string; readonly value: unknown; readonly context: Record<string, unknown> };
  readonly definition?: string;
  readonly [name: string]: unknown;
}

const viewing = (inspection: Inspection) => {
  const seen: Seen[] = [];
  let takes = true;
  const viewer = inspection.open((text) => {
    if (takes) seen.push(JSON.parse(text) as Seen);
    return takes;
  });
  return {
    ...viewer,
    seen,
    types: () => seen.map(({ type, address }) => `${type.replace('@xstate.', '')} ${address}`),
    block: (isBlocked: boolean) => {
      takes = !isBlocked;
    },
  };
};

test('INS-1 observers come with the first viewer of an actor and go with the last', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const inspection = new Inspection(system, clock);
  for (const key of ['x', 'y', 'z']) system.tell(`a/${key}`, script({ n: 1 }));
  await system.settled();
  assert.equal(inspection.observed, 0);
  const [one, two] = [viewing(inspection), viewing(inspection)];
  one.watch('a/x');
  two.watch('a/*');
  assert.equal(inspection.observed, 3);
  two.unwatch('a/*');
  assert.equal(inspection.observed, 1);
  one.close();
  two.close();
  assert.equal(inspection.observed, 0);
  const before = [one.seen.length, two.seen.length];
  system.tell('a/x', script({ n: 2 }));
  await clock.advance(1_000);
  assert.deepEqual([one.seen.length, two.seen.length], before);
});

test('INS-1 one that data flows past is watched from its next event to its last', async (t) => {
  const hot = hotLogic<object, number>({ initial: () => ({}), on: () => undefined });
  const { system, clock } = await testSystem(t, [scriptedType('a', 'committed', { hot })]);
  const inspection = new Inspection(system, clock);
  system.tell('a/x', script({ n: 1 }));
  await system.settled();
  const viewer = viewing(inspection);
  viewer.watch('a/x');
  for (let n = 2; n <= 4; n++) {
    system.hot('a/x', n);
    await system.settled();
    system.tell('a/x', script({ n }));
    await system.settled();
  }
  await clock.advance(1_000);
  const events = viewer.seen.filter(({ type }) => type === '@xstate.event').map(({ event }) => event?.['n']);
  assert.deepEqual(events, [2, 3, 4]);
  assert.deepEqual(viewer.seen.at(-1)?.snapshot?.context['seen'], [1, 2, 3, 4]);
  assert.equal(inspection.observed, 1);
});

test('INS-2 states are shown ten times a second at most, every event only of an actor that was named', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const inspection = new Inspection(system, clock);
  system.tell('a/x', script({ n: 0 }));
  await system.settled();
  const [named, pattern] = [viewing(inspection), viewing(inspection)];
  named.watch('a/x');
  pattern.watch('a/*');
  for (let n = 1; n <= 50; n++) {
    system.tell('a/x', script({ n }));
    if (n % 5 === 0) await clock.advance(20);
  }
  await clock.advance(1_000);
  const count = (viewer: typeof named, type: string): number => viewer.seen.filter((seen) => seen.type === type).length;
  assert.equal(count(named, '@xstate.event'), 50);
  assert.equal(count(pattern, '@xstate.event'), 0);
  assert.ok(count(pattern, '@xstate.snapshot') <= 3, `${count(pattern, '@xstate.snapshot')} snapshots in 200 ms`);
  const last = pattern.seen.at(-1)?.snapshot?.context['seen'] as number[] | undefined;
  assert.equal(last?.length, 51, 'the last one is current');
});

test('INS-2 a viewer that does not read loses messages, counted, and slows nobody', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const inspection = new Inspection(system, clock);
  const [slow, quick] = [viewing(inspection), viewing(inspection)];
  slow.watch('a/x');
  quick.watch('a/x');
  slow.block(true);
  for (let n = 0; n < 10; n++) system.tell('a/x', script({ n }));
  await clock.advance(1_000);
  assert.ok(inspection.dropped >= 10);
  assert.equal(quick.seen.filter(({ type }) => type === '@xstate.event').length, 10);
});

test('INS-3 a late joiner first gets the actor with its current state and its definition in document order', async (t) => {
  const machine = setup({ guards: { isOpen: () => true }, actions: { ring: () => {} } }).createMachine({
    id: 'door',
    initial: 'zebra',
    states: {
      zebra: { on: { GO: { target: 'apple', guard: 'isOpen', actions: ['ring', function named() {}] } } },
      apple: { after: { 1000: 'mango' } },
      mango: {},
    },
  });
  const type = { name: 'door', version: 3, machine, durability: 'durable' as const, startOnTell: true };
  const first = await testSystem(t, [type]);
  first.system.tell('door/k', { type: 'GO' });
  await first.system.settled();
  const { system, clock } = await first.reopen();
  const inspection = new Inspection(system, clock);
  const viewer = viewing(inspection);
  viewer.watch('door/*');
  assert.equal(system.liveCount, 0, 'looking wakes nobody');
  const [actor] = viewer.seen;
  assert.deepEqual(
    [actor?.type, actor?.address, actor?.['sessionId'], actor?.['typeVersion']],
    ['@xstate.actor', 'door/k', 'door/k', 3],
  );
  assert.equal(actor?.snapshot?.value, 'apple');
  const definition = JSON.parse(actor?.definition ?? '{}') as {
    states: Record<string, { on?: { GO?: { actions: unknown[] } } }>;
  };
  assert.deepEqual(Object.keys(definition.states), ['zebra', 'apple', 'mango']);
  assert.deepEqual(definition.states['zebra']?.on?.GO?.actions, ['ring', { type: 'named' }]);
  for (const field of ['createdAt', '_version']) assert.equal(typeof actor?.[field], 'string');
});

test('INS-3 actors that come later are introduced too, before anything else of them; those that go show their end', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const inspection = new Inspection(system, clock);
  const [named, pattern] = [viewing(inspection), viewing(inspection)];
  named.watch('a/new');
  pattern.watch('a/n*');
  named.seen.length = 0;
  system.tell('a/new', script({ n: 1 }));
  system.tell('a/other', script({ n: 1 }));
  await clock.advance(200);
  assert.equal(pattern.types()[0], 'actor a/new');
  assert.ok(!pattern.types().some((line) => line.includes('a/other')));
  assert.deepEqual(
    new Set(named.types()),
    new Set(['event a/new', 'snapshot a/new']),
    'it was introduced when it was named',
  );
  system.tell('a/new', { type: 'END', result: 5 } as EventObject);
  await system.settled();
  const last = pattern.seen.at(-1);
  assert.deepEqual([last?.snapshot?.status, last?.snapshot?.value], ['done', 'ended']);
  system.tell('a/new', script({ n: 2 }));
  await clock.advance(200);
  assert.equal(
    pattern.types().filter((line) => line === 'actor a/new').length,
    2,
    'the next one of its name is another',
  );
});

test('INS-5 secrets and positions are redacted in context and events', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const inspection = new Inspection(system, clock);
  const viewer = viewing(inspection);
  viewer.watch('a/x');
  const input = {
    password: 'p1',
    apiKey: 'p2',
    nested: [{ access_token: 'p3', location: { lat: 'p4' } }],
    name: 'fine',
  };
  system.spawn('a/x', input);
  system.tell('a/x', { ...script({ n: 1 }), clientSecret: 'p5', credential: 'p6', Authorization: 'p7' } as EventObject);
  await clock.advance(1_000);
  const text = JSON.stringify(viewer.seen);
  assert.ok(!/"p\d"/.test(text), text.match(/.{60}"p\d"/)?.[0]);
  assert.ok(text.includes('fine'));
});

test('INS-6 definitions are built when a viewer asks, once a type', async (t) => {
  let reads = 0;
  const machine = setup({}).createMachine({ id: 'm', initial: 'a', states: { a: {} } });
  const config = machine.config;
  Object.defineProperty(machine, 'config', {
    get: () => {
      reads++;
      return config;
    },
  });
  const { system, clock } = await testSystem(t, [
    { name: 'm', version: 1, machine, durability: 'none', startOnTell: true },
  ]);
  const inspection = new Inspection(system, clock);
  for (const key of ['x', 'y']) system.tell(`m/${key}`, { type: 'HI' });
  await clock.advance(1_000);
  const before = reads;
  const viewer = viewing(inspection);
  viewer.watch('m/*');
  viewer.close();
  viewing(inspection).watch('m/x');
  assert.equal(reads - before, 1);
});
