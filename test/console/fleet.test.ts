import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  gapTime,
  gapWords,
  presenceWords,
  signalNotes,
  signalWords,
  statesWords,
  timesWords,
} from '../../src/console/fleet.js';
import type { GapView, SignalView } from '../../src/console/fleet-types.js';

const NOW = Date.UTC(2026, 0, 1);
const signal = (more: Partial<SignalView>): SignalView => ({
  name: 'Soc',
  state: 'valid',
  createdAt: NOW,
  receivedAt: NOW,
  changedAt: NOW,
  ...more,
});
const gap = (more: Partial<GapView>): GapView => ({ kind: 'missing', from: NOW - 60_000, to: NOW, times: 1, ...more });

test('a value is told as a person reads it', () => {
  assert.equal(signalWords(signal({ value: 75.60000000000001 })), '75.6');
  assert.equal(signalWords(signal({ value: false })), 'false');
  assert.equal(signalWords(signal({ value: { latitude: 1.5, longitude: -2 } })), 'latitude 1.5, longitude -2');
  assert.equal(signalWords(signal({ value: { front: true, rear: false } })), 'front');
  assert.equal(signalWords(signal({ value: { front: false } })), 'none');
  assert.equal(signalWords(signal({ state: 'invalid' })), 'invalid');
  assert.equal(signalNotes(signal({ clockAhead: true, cut: true })), "the vehicle's clock was ahead, cut");
});

test('a gap is told in a sentence', () => {
  assert.equal(
    gapWords(gap({ records: 3, late: 1 }), NOW),
    "3 records (1 came late) missing by the vehicle's counter, within 1 min",
  );
  assert.match(gapWords(gap({ kind: 'resend' }), NOW), /^Sent the latest values again: .*, for 1 min$/);
  assert.equal(gapWords(gap({ kind: 'silent', to: null }), NOW), 'Connected and sent nothing for 1 min so far');
  assert.match(gapWords(gap({ kind: 'outage' }), NOW), /hub was down/);
  assert.deepEqual([gapTime(gap({ to: null }), NOW), gapTime(gap({ to: NOW - 5_000 }), NOW)], ['now', '5 s ago']);
});

test('a fleet is told by its states', () => {
  assert.equal(statesWords({ online: 3, silent: 1, leaving: 0, returning: 0, offline: 8 }), '4 of 12 online, 1 silent');
  assert.equal(statesWords({}), 'No vehicle has connected yet.');
  assert.equal(timesWords(1, 'time', 'times') + timesWords(2, 'time', 'times'), '1 time2 times');
  const row = { vin: 'V', online: false, state: 'offline', since: NOW - 60_000, lastSeenAt: 0 } as const;
  const rest = { sessions: 1, connectionCount: 0, networkInterface: '', clientVersion: '' };
  assert.equal(presenceWords({ ...row, ...rest }, NOW), 'offline for 1 min');
});
