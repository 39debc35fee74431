import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Runnable, Scheduler } from '../../../src/runtime/cell/scheduler.js';
import { ManualClock, systemClock } from '../../../src/runtime/clock.js';
import { turnsOfLoop } from '../../fakes/runtime.js';

class Work implements Runnable {
  slices = 0;

  constructor(
    private left: number,
    private readonly done: () => void = () => {},
  ) {}

  get hasWork(): boolean {
    return this.left > 0;
  }

  run(limit: number, isOver: () => boolean): void {
    this.slices++;
    for (let count = 0; count < limit && this.left > 0; count++) {
      this.left--;
      this.done();
      if (isOver()) return;
    }
  }
}

test('MBX-3 ready cells take turns, 32 messages each', async (t) => {
  t.mock.method(performance, 'now', () => 0);
  const order: string[] = [];
  const scheduler = new Scheduler<Work>(systemClock, () => {});
  const [a, b] = [new Work(100, () => order.push('a')), new Work(40, () => order.push('b'))];
  for (const work of [a, b, a, b]) scheduler.ready(work);
  assert.equal(scheduler.length, 2, 'each once');
  await scheduler.idle();
  assert.deepEqual(
    order
      .join('')
      .match(/a+|b+/g)
      ?.map((run) => run.length),
    [32, 32, 32, 8, 36],
  );
  assert.deepEqual([a.slices, b.slices], [4, 2]);
});

test('MBX-3 after 5 ms the loop turns, and the cell that was interrupted goes to the end of the line', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const order: string[] = [];
  const scheduler = new Scheduler<Work>(systemClock, () => {});
  const slow = (name: string): Work =>
    new Work(4, () => {
      order.push(name);
      now += 2;
    });
  let turns = 0;
  const count = (): void => {
    turns++;
    setImmediate(count).unref();
  };
  count();
  for (const work of [slow('a'), slow('b')]) scheduler.ready(work);
  await scheduler.idle();
  assert.equal(order.join(''), 'aaabbbab');
  assert.ok(turns >= 3, `${turns} turns`);
});

test('CLK-1 how long the next cell has waited is told by the clock that was given', async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler<Work>(clock, () => {});
  assert.equal(scheduler.waitMs, 0);
  scheduler.ready(new Work(1));
  await clock.advance(1_500);
  assert.equal(scheduler.waitMs, 1_500);
  await scheduler.idle();
  assert.equal(scheduler.waitMs, 0);
});

test('SUP-3 a slice of more than a second is reported with what it took', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const slow: Array<[Work, number]> = [];
  const scheduler = new Scheduler<Work>(systemClock, (work, elapsedMs) => slow.push([work, elapsedMs]));
  const [long, short] = [
    new Work(1, () => {
      now += 1_001;
    }),
    new Work(1, () => {
      now += 999;
    }),
  ];
  for (const work of [short, long]) scheduler.ready(work);
  await scheduler.idle();
  assert.deepEqual(slow, [[long, 1_001]]);
});

test('DUR-7 after a stop nothing runs any more, and who waited for quiet is told', async () => {
  const scheduler = new Scheduler<Work>(systemClock, () => {});
  const work = new Work(1);
  scheduler.ready(work);
  const idle = scheduler.idle();
  scheduler.stop();
  await idle;
  scheduler.ready(work);
  await turnsOfLoop(3);
  assert.equal(work.slices, 0);
});
