import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActorView } from '../../src/console/api-types.js';
import { explanation } from '../../src/console/explanation.js';

const NOW = 1_700_000_000_000;

const streaming: ActorView = {
  address: 'vehicle-connection/1',
  type: 'vehicle-connection',
  typeVersion: 1,
  durability: 'committed',
  status: 'live',
  value: 'streaming',
  state: 'streaming',
  since: NOW - 12_000,
  ageMs: 12_000,
  waits: [],
  lastEvent: null,
  restarts: 0,
  mailbox: { depth: 0, capacity: 10, oldestAgeMs: 0, stored: 0 },
  lastError: null,
  parkedReason: null,
};

test('an actor at rest and one asleep say so', () => {
  assert.deepEqual(explanation(streaming, NOW), ['Waits for nobody.']);
  assert.deepEqual(explanation({ ...streaming, status: 'sleeping' }, NOW), [
    'Asleep in the store; the next message wakes it.',
  ]);
});

test('TIM-5 every wait gets a sentence, and a full mailbox one more', () => {
  const wait = { state: 'a', waitsFor: 'consent', since: NOW - 4000, until: 'never' } as const;
  const mailbox = { depth: 10, capacity: 10, oldestAgeMs: 3, stored: 0 };
  assert.deepEqual(explanation({ ...streaming, waits: [wait, { ...wait, waitsFor: 'the bundle' }], mailbox }, NOW), [
    'Waiting for consent, 4 s so far; no time-out ends this.',
    'Waiting for the bundle, 4 s so far; no time-out ends this.',
    'Its mailbox is full: senders are refused until it catches up.',
  ]);
});

test('SUP-1 a parked actor names its error and who can start it again', () => {
  const lastError = { name: 'RangeError', message: 'version 18 was used twice', code: 'TWIN_VERSION_CONFLICT' };
  const parked = {
    ...streaming,
    status: 'parked',
    restarts: 5,
    lastError,
    parkedReason: 'it failed too often',
  } as const;
  assert.deepEqual(explanation(parked, NOW), [
    'Parked after 5 restarts; it stays so until an operator unparks it.',
    'The reason: it failed too often',
    'It failed with: TWIN_VERSION_CONFLICT: version 18 was used twice',
  ]);
});

test('actors that ended, wait for their start or start again say so', () => {
  assert.deepEqual(explanation({ ...streaming, status: 'done' }, NOW), [
    'Has reached its end; nothing more will happen.',
  ]);
  const [restarting] = explanation({ ...streaming, status: 'restarting', restarts: 1 }, NOW);
  assert.equal(restarting, 'Failed and starts again after a pause; 1 restart so far.');
  assert.deepEqual(explanation({ ...streaming, status: 'stopped' }, NOW), ['Not started.']);
});

test('what is not known is left out', () => {
  const waits = [{ state: 'a', waitsFor: 'consent', since: undefined, until: 'never' }] as const;
  assert.deepEqual(explanation({ ...streaming, waits }, NOW), ['Waiting for consent; no time-out ends this.']);
});

test('a chart that a failure brought where it is names it, and one that has recovered does not', () => {
  const lastError = { name: 'Error', code: 'DISPATCH_UNREACHABLE', message: 'nothing listens there' };
  const wait = { state: 'broken', waitsFor: 'the next try', since: NOW - 4000, until: 'never' } as const;
  for (const state of ['broken.pausing', 'offline.reconnecting', 'failed']) {
    assert.deepEqual(explanation({ ...streaming, state, waits: [wait], lastError }, NOW), [
      'Waiting for the next try, 4 s so far; no time-out ends this.',
      'It failed with: DISPATCH_UNREACHABLE: nothing listens there',
    ]);
  }
  assert.deepEqual(explanation({ ...streaming, lastError }, NOW), ['Waits for nobody.']);
});
