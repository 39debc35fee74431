import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deque } from '../../../src/runtime/cell/deque.js';
import { Mailbox, type OverflowPolicy } from '../../../src/runtime/cell/mailbox.js';
import type { Message } from '../../../src/runtime/cell/message.js';

const event = (n: number): Message => ({ kind: 'event', event: { type: String(n) }, enqueuedAt: n });
const numberOf = (message: Message | undefined): number | undefined =>
  message?.kind === 'event' ? Number(message.event.type) : undefined;

test('MBX-1 a deque gives back what an array would, in whatever order it is used', () => {
  const operation = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 700 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 900 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('unshift' as const), count: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const), count: fc.constant(0) }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const deque = new Deque<number>();
      const model: number[] = [];
      let next = 0;
      for (const { kind, count } of operations) {
        const items = Array.from({ length: count }, () => next++);
        if (kind === 'push') for (const item of items) deque.push(item);
        if (kind === 'push') model.push(...items);
        if (kind === 'unshift') deque.unshift(items);
        if (kind === 'unshift') model.unshift(...items);
        if (kind === 'drain') assert.deepEqual(deque.drain(), model.splice(0));
        if (kind === 'shift') for (let n = 0; n < count; n++) assert.equal(deque.shift(), model.shift());
        assert.equal(deque.length, model.length);
        assert.equal(deque.peek(), model[0]);
      }
    }),
    { numRuns: 200, seed: 20_260_104 },
  );
});

test('MBX-2 under any policy the mailbox holds at most its capacity, in order, and says what it dropped', () => {
  const policies = fc.constantFrom<OverflowPolicy[]>('reject', 'drop-oldest', 'drop-newest');
  fc.assert(
    fc.property(
      policies,
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      (policy, capacity, pushes) => {
        const dropped: Array<number | undefined> = [];
        const mailbox = new Mailbox({ capacity, policy }, (message) => dropped.push(numberOf(message)));
        const taken: number[] = [];
        const refused: number[] = [];
        for (const [n, isPush] of pushes.entries()) {
          if (isPush && !mailbox.push(event(n))) refused.push(n);
          const message = isPush ? undefined : numberOf(mailbox.shift());
          if (message !== undefined) taken.push(message);
          assert.ok(mailbox.depth <= capacity);
        }
        const left = mailbox.drain().map(numberOf) as number[];
        const all = [...taken, ...left];
        assert.deepEqual(
          all,
          [...all].sort((a, b) => a - b),
        );
        const pushed = pushes.flatMap((isPush, n) => (isPush ? [n] : []));
        assert.deepEqual(
          [...all, ...refused, ...dropped].sort((a, b) => Number(a) - Number(b)),
          pushed,
        );
        if (policy === 'reject') assert.deepEqual(dropped, []);
        else assert.deepEqual(refused, []);
      },
    ),
    { numRuns: 300, seed: 20_260_105 },
  );
});

test('MBX-2 a stop that is put back goes first again, and those put back with it before what has come since', () => {
  const mailbox = new Mailbox({}, () => {});
  mailbox.push(event(3));
  mailbox.putBack([event(1), { kind: 'stop', enqueuedAt: 2 }, event(2)]);
  assert.equal(mailbox.hasStop, true);
  assert.equal(mailbox.shift()?.kind, 'stop');
  assert.deepEqual(mailbox.drain().map(numberOf), [1, 2, 3]);
});

test('MBX-4 every high is followed by one low, for each who watches', () => {
  const mailbox = new Mailbox({ capacity: 10 }, () => {});
  const marks: string[] = [];
  const end = mailbox.watch({ high: () => void marks.push('high'), low: () => void marks.push('low') });
  let n = 0;
  for (let round = 0; round < 3; round++) {
    for (let count = 0; count < 10; count++) mailbox.push(event(n++));
    mailbox.push(event(n++));
    for (let count = 0; count < 10; count++) mailbox.shift();
  }
  assert.deepEqual(marks, ['high', 'low', 'high', 'low', 'high', 'low']);
  assert.equal(mailbox.isWatched, true);
  end();
  assert.equal(mailbox.isWatched, false);
});

test('MBX-6 the age is that of the oldest ordinary message', () => {
  const mailbox = new Mailbox({}, () => {});
  assert.equal(mailbox.oldestAt, undefined);
  mailbox.push({ kind: 'timer', fire: () => {}, enqueuedAt: 1 });
  mailbox.push(event(5));
  mailbox.push(event(6));
  assert.equal(mailbox.oldestAt, 5);
  assert.equal(mailbox.shift()?.kind, 'timer');
  mailbox.shift();
  assert.equal(mailbox.oldestAt, 6);
});
