import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../src/runtime/clock.js';
import { PeerLines } from '../../../src/runtime/logging/peer-lines.js';

test('REF-2 what is allowed is told so many times a minute of each peer, and counted from then on', async () => {
  const clock = new ManualClock(0);
  const lines = new PeerLines({ clock, perMinute: 2 });
  assert.deepEqual(
    [1, 2, 3, 4].map(() => lines.tell('a')),
    [0, 0, undefined, undefined],
  );
  assert.equal(lines.tell('b'), 0);
  await clock.advance(60_000);
  assert.deepEqual([lines.tell('a'), lines.tell('a'), lines.tell('a')], [2, 0, undefined]);
});

test('REF-3 however many peers there are, only so many are remembered', () => {
  const lines = new PeerLines({ clock: new ManualClock(0), perMinute: 1, capacity: 2 });
  for (const peer of ['a', 'b', 'c']) assert.equal(lines.tell(peer), 0);
  assert.deepEqual([lines.tell('c'), lines.tell('a')], [undefined, 0]);
});
