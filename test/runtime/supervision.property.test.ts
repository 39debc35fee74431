import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RestartType } from '../../src/runtime/actor-type.js';
import { ManualClock } from '../../src/runtime/clock.js';
import { seededIds } from '../../src/runtime/ids.js';
import { type Child, type ReportEnd, type Strategy, Supervisor } from '../../src/runtime/supervision.js';
import { turnsOfLoop } from '../fakes/runtime.js';

const RUNS = Number(process.env['FLEETCHART_PROPERTY_RUNS'] ?? 60);
const CHILDREN = 4;

type Step =
  | { readonly kind: 'end'; readonly child: number; readonly fails: boolean }
  | { readonly kind: 'break'; readonly child: number; readonly times: number }
  | { readonly kind: 'advance'; readonly ms: number };

const child = fc.nat(CHILDREN - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), child, fails: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('break' as const), child, times: fc.integer({ min: 1, max: 2 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(3_000) }) },
);
const scenario = fc.record({
  strategy: fc.constantFrom<Strategy[]>('one_for_one', 'one_for_all', 'rest_for_one'),
  kinds: fc.array(fc.constantFrom<RestartType[]>('permanent', 'transient', 'temporary'), {
    minLength: CHILDREN,
    maxLength: CHILDREN,
  }),
  intensity: fc.integer({ min: 0, max: 6 }),
  steps: fc.array(step, { minLength: 3, maxLength: 25 }),
});

/** Children that know whether they run, and what was wrong with how they were treated. */
class Family {
  readonly faults: string[] = [];
  readonly running: boolean[] = Array.from({ length: CHILDREN }, () => false);
  readonly starts: number[] = Array.from({ length: CHILDREN }, () => 0);
  private readonly breaks: number[] = Array.from({ length: CHILDREN }, () => 0);
  private readonly reports: Array<ReportEnd | undefined> = [];
  /** Starts since the last quiet moment, to look at their order. */
  startOrder: number[] = [];

  constructor(private readonly kinds: readonly RestartType[]) {}

  children(): Child[] {
    return this.kinds.map((restart, index) => ({
      name: String(index),
      kind: 'service',
      restart,
      start: async (report) => {
        if (this.running[index]) this.faults.push(`${index} was started while it ran`);
        this.starts[index] = (this.starts[index] ?? 0) + 1;
        if (restart === 'temporary' && (this.starts[index] ?? 0) > 1)
          this.faults.push(`temporary ${index} was restarted`);
        this.startOrder.push(index);
        await turnsOfLoop(1);
        const broken = this.breaks[index] ?? 0;
        if (broken > 0) {
          this.breaks[index] = broken - 1;
          throw new Error(`${index} is broken`);
        }
        this.running[index] = true;
        this.reports[index] = report;
      },
      stop: async () => {
        await turnsOfLoop(1);
        this.running[index] = false;
      },
    }));
  }

  end(index: number, fails: boolean): void {
    if (!this.running[index]) return;
    this.running[index] = false;
    this.reports[index]?.(fails ? { error: new Error(`${index} failed`) } : 'done');
  }

  get isBroken(): boolean {
    return this.breaks.some((times) => times > 0);
  }

  breakStarts(index: number, times: number): void {
    this.breaks[index] = times;
  }

  mend(): void {
    this.breaks.fill(0);
  }
}

test('SUP-1 under any order of ends, a supervisor starts in order, never a temporary one again, and gives up as it says', async () => {
  const property = fc.asyncProperty(scenario, async ({ strategy, kinds, intensity, steps }) => {
    const clock: ManualClock = new ManualClock(0, () => turnsOfLoop(30));
    const family = new Family(kinds);
    const log = { warn: () => {}, error: () => {} };
    const deps = { clock, ids: seededIds(1), log };
    const supervisor = new Supervisor({ name: 's', strategy, intensity, children: family.children() }, deps);
    const ends: unknown[] = [];
    await supervisor.start((end) => ends.push(end));
    for (const next of steps) {
      family.startOrder = [];
      if (next.kind === 'end') family.end(next.child, next.fails);
      else if (next.kind === 'break') family.breakStarts(next.child, next.times);
      await clock.advance(next.kind === 'advance' ? next.ms : 0);
      // At one moment at most one restart is made, and it starts its children in order.
      const { startOrder } = family;
      if (next.kind === 'end' && !family.isBroken) {
        assert.deepEqual(startOrder, [...startOrder].sort());
        if (strategy === 'one_for_one') assert.ok(startOrder.length <= 1);
        else if (strategy === 'rest_for_one') assert.ok(startOrder.every((index) => index >= next.child));
      }
    }
    family.mend();
    await clock.advance(120_000);
    assert.deepEqual(family.faults, []);
    const { children, restarts } = supervisor.view();
    assert.ok(restarts <= intensity || ends.length > 0, `${restarts} restarts within the period`);
    assert.ok(ends.length <= 1, 'it gives up once');
    if (ends.length > 0) {
      assert.deepEqual(family.running, [false, false, false, false], 'its children went with it');
    } else {
      for (const [index, { state, restart }] of children.entries()) {
        assert.equal(state === 'running', family.running[index], `${index} is ${state}`);
        if (restart === 'permanent') assert.equal(state, 'running');
      }
    }
    await supervisor.stop(1_000);
    const before = [...family.starts];
    await clock.advance(120_000);
    assert.deepEqual(family.starts, before, 'nothing starts after the stop');
    assert.deepEqual(family.running, [false, false, false, false]);
    assert.equal(clock.pending, 0);
  });
  await fc.assert(property, { numRuns: RUNS, seed: 20_260_102 });
});
