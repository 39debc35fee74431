import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../src/runtime/clock.js';
import { seededIds } from '../../src/runtime/ids.js';
import {
  type Child,
  type ReportEnd,
  type Strategy,
  Supervisor,
  type SupervisorSpec,
} from '../../src/runtime/supervision.js';
import { turnsOfLoop } from '../fakes/runtime.js';

/** Children that note what is done to them, and end when the test says so. */
class World {
  readonly log: string[] = [];
  readonly reports = new Map<string, ReportEnd>();
  readonly failingStarts = new Map<string, number>();
  readonly clock: ManualClock = new ManualClock(0, () => turnsOfLoop(3));
  readonly deps = { clock: this.clock, ids: seededIds(1), log: { warn: () => {}, error: () => {} } };

  child(name: string, options: Partial<Child> = {}): Child {
    return {
      name,
      kind: 'service',
      start: async (report) => {
        this.log.push(`+${name}`);
        const failures = this.failingStarts.get(name) ?? 0;
        this.failingStarts.set(name, failures - 1);
        if (failures > 0) throw new Error(`${name} did not start`);
        this.reports.set(name, report);
      },
      stop: async () => void this.log.push(`-${name}`),
      ...options,
    };
  }

  supervisor(strategy: Strategy, children: readonly Child[], options: Partial<SupervisorSpec> = {}): Supervisor {
    return new Supervisor({ name: 'top', strategy, children, ...options }, this.deps);
  }

  fails(name: string): void {
    this.reports.get(name)?.({ error: new Error(`${name} failed`) });
  }

  async tellAndWait(act: () => void, ms = 1_000): Promise<string[]> {
    this.log.length = 0;
    act();
    await this.clock.advance(ms);
    return [...this.log];
  }
}

const three = (world: World): Child[] => ['a', 'b', 'c'].map((name) => world.child(name));

test('SUP-4 children start in order and stop in reverse order', async () => {
  const world = new World();
  const top = world.supervisor('one_for_one', three(world));
  await top.start(() => {});
  await top.stop(1_000);
  assert.deepEqual(world.log, ['+a', '+b', '+c', '-c', '-b', '-a']);
});

test('SUP-4 a first start that fails stops those before it and rejects', async () => {
  const world = new World();
  world.failingStarts.set('b', 1);
  const top = world.supervisor('one_for_one', three(world));
  await assert.rejects(
    top.start(() => {}),
    /b did not start/,
  );
  assert.deepEqual(world.log, ['+a', '+b', '-b', '-a']);
});

for (const [strategy, expected] of [
  ['one_for_one', ['-b', '+b']],
  ['one_for_all', ['-c', '-b', '-a', '+a', '+b', '+c']],
  ['rest_for_one', ['-c', '-b', '+b', '+c']],
] as const) {
  test(`SUP-1 ${strategy} restarts what it names, in order`, async () => {
    const world = new World();
    const top = world.supervisor(strategy, three(world));
    await top.start(() => {});
    assert.deepEqual(await world.tellAndWait(() => world.fails('b')), expected);
    assert.deepEqual(
      top.view().children.map(({ state }) => state),
      ['running', 'running', 'running'],
    );
  });
}

test('SUP-2 temporary children are not restarted, not by the strategy for others either; transient ones after failures', async () => {
  const world = new World();
  const children = [
    world.child('permanent', { restart: 'permanent' }),
    world.child('transient', { restart: 'transient' }),
    world.child('temporary', { restart: 'temporary' }),
  ];
  const top = world.supervisor('one_for_all', children, { intensity: 100 });
  await top.start(() => {});
  assert.deepEqual(await world.tellAndWait(() => world.fails('temporary')), []);
  assert.deepEqual(await world.tellAndWait(() => world.reports.get('transient')?.('done')), []);
  const again = await world.tellAndWait(() => world.reports.get('permanent')?.('done'));
  assert.deepEqual(again, ['-permanent', '+permanent', '+transient']);
  assert.equal(top.view().children[2]?.state, 'ended');
});

test('SUP-1 more restarts than the intensity within the period escalate: all stop, the parent decides', async () => {
  const world = new World();
  const top = world.supervisor('one_for_one', three(world), { intensity: 2, periodMs: 60_000 });
  const ends: unknown[] = [];
  await top.start((end) => ends.push(end));
  for (let n = 0; n < 2; n++) await world.tellAndWait(() => world.fails('a'));
  assert.deepEqual(ends, []);
  assert.deepEqual(await world.tellAndWait(() => world.fails('a')), ['-c', '-b', '-a']);
  assert.match(String((ends as Array<{ error: Error }>)[0]?.error), /a failed/);
  assert.equal(ends.length, 1);
});

test('SUP-1 failures further apart than the period do not escalate, and the count starts anew', async () => {
  const world = new World();
  const top = world.supervisor('one_for_one', three(world), { intensity: 1, periodMs: 10_000 });
  const ends: unknown[] = [];
  await top.start((end) => ends.push(end));
  for (let n = 0; n < 10; n++) await world.tellAndWait(() => world.fails('a'), 11_000);
  assert.deepEqual(ends, []);
});

test('SUP-8 a nested supervisor that gives up is restarted by the one above, with its children', async () => {
  const world = new World();
  const inner = new Supervisor(
    { name: 'inner', strategy: 'one_for_one', intensity: 0, children: three(world) },
    world.deps,
  );
  const top = world.supervisor('rest_for_one', [world.child('base'), inner, world.child('last')]);
  await top.start(() => {});
  const log = await world.tellAndWait(() => world.fails('b'), 2_000);
  assert.deepEqual(log, ['-c', '-b', '-a', '-last', '+a', '+b', '+c', '+last']);
  const view = top.view();
  assert.deepEqual([view.children[1]?.kind, view.children[1]?.restarts], ['supervisor', 1]);
  assert.equal(view.children[1]?.supervisor?.children[0]?.state, 'running');
});

test('SUP-5 the first restart is immediate, the next ones wait', async () => {
  const world = new World();
  const top = world.supervisor('one_for_one', three(world));
  await top.start(() => {});
  assert.deepEqual(await world.tellAndWait(() => world.fails('a'), 0), ['-a', '+a']);
  assert.deepEqual(await world.tellAndWait(() => world.fails('a'), 100), []);
  assert.deepEqual(await world.tellAndWait(() => {}, 200), ['-a', '+a']);
});

test('SUP-1 a start that fails in a restart is tried again by the same rule', async () => {
  const world = new World();
  const top = world.supervisor('rest_for_one', three(world));
  await top.start(() => {});
  world.failingStarts.set('b', 2);
  const log = await world.tellAndWait(() => world.fails('b'), 5_000);
  assert.deepEqual(log.filter((step) => step === '+b').length, 3);
  assert.equal(log.at(-1), '+c');
  assert.ok(top.view().children.every(({ state }) => state === 'running'));
});

test('SUP-1 two failures at once restart everything once, not once each', async () => {
  const world = new World();
  const top = world.supervisor('one_for_all', three(world));
  await top.start(() => {});
  const log = await world.tellAndWait(() => {
    world.fails('a');
    world.fails('c');
  }, 10_000);
  assert.deepEqual(log, ['-c', '-b', '-a', '+a', '+b', '+c']);
});

test('SUP-4 nothing is started after a stop, whatever was to be restarted', async () => {
  const world = new World();
  const top = world.supervisor('one_for_one', three(world));
  await top.start(() => {});
  for (let n = 0; n < 3; n++) await world.tellAndWait(() => world.fails('b'), 1_000);
  for (const name of ['a', 'b', 'c']) world.fails(name);
  await top.stop(1_000);
  assert.deepEqual(await world.tellAndWait(() => {}, 60_000), []);
  assert.equal(world.clock.pending, 0, 'no timer is left');
});

test('SUP-4 a child that never stops keeps the others from stopping only so long', async () => {
  const world = new World();
  const stuck = world.child('stuck', { stop: () => new Promise(() => {}), shutdownMs: 2_000 });
  const top = world.supervisor('one_for_one', [world.child('a'), stuck, world.child('c')]);
  await top.start(() => {});
  world.log.length = 0;
  const stopped = top.stop(60_000);
  await world.clock.advance(2_999);
  assert.deepEqual(world.log, ['-c']);
  await world.clock.advance(1);
  await stopped;
  assert.deepEqual(world.log, ['-c', '-a']);
});

test('SUP-4 ends that an earlier run of a child reports late do not count', async () => {
  const world = new World();
  const top = world.supervisor('one_for_one', three(world), { intensity: 1 });
  const ends: unknown[] = [];
  await top.start((end) => ends.push(end));
  const early = world.reports.get('a');
  await world.tellAndWait(() => world.fails('a'));
  assert.deepEqual(await world.tellAndWait(() => early?.({ error: new Error('late') })), []);
  assert.deepEqual(ends, []);
});
