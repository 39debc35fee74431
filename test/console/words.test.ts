import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byteWords,
  countWords,
  delayWords,
  durationWords,
  errorWords,
  eventWords,
  rateWords,
  relativeWords,
  stateTone,
  waitWords,
} from '../../src/console/words.js';

test('durations are said in their two largest units', () => {
  const cases: ReadonlyArray<readonly [number, string]> = [
    [-5, '0 ms'],
    [40, '40 ms'],
    [999.4, '999 ms'],
    [3240, '3.2 s'],
    [9999, '9.9 s'],
    [12_900, '12 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [8_040_000, '2 h 14 min'],
    [273_600_000, '3 d 4 h'],
  ];
  for (const [ms, words] of cases) assert.equal(durationWords(ms), words, `${ms} ms`);
});

test('instants are said relative to now', () => {
  assert.equal(relativeWords(1000, 1900), 'now');
  assert.equal(relativeWords(1000, 13_900), '12 s ago');
  assert.equal(relativeWords(181_000, 1000), 'in 3 min');
});

test('counts, rates and sizes are short and grouped', () => {
  assert.equal(countWords(48_201_553), '48,201,553');
  assert.equal(rateWords(0.44), '0.4');
  assert.equal(rateWords(4180.6), '4,181');
  assert.equal(byteWords(0), '0 B');
  assert.equal(byteWords(1023), '1,023 B');
  assert.equal(byteWords(1536), '1.5 KiB');
  assert.equal(byteWords(536_870_912), '512 MiB');
});

test('TIM-5 a wait says for what, how long already, and what ends it', () => {
  const wait = { state: 'connecting', waitsFor: 'the broker', since: 1000 };
  const timeOut = { at: 31_000, event: 'xstate.after.30000.link.connecting' };
  assert.equal(
    waitWords({ ...wait, until: timeOut }, 13_000),
    'Waiting for the broker, 12 s so far; ends in 18 s by time-out (30 s) if nothing comes.',
  );
  assert.equal(
    waitWords({ ...wait, until: timeOut }, 31_000),
    'Waiting for the broker, 30 s so far; time-out (30 s) is due now.',
  );
  assert.equal(
    waitWords({ ...wait, until: 'never' }, 1200),
    'Waiting for the broker, a moment so far; no time-out ends this.',
  );
});

test('event types of XState are said without their state paths', () => {
  assert.equal(eventWords('LINK_LOST'), 'LINK_LOST');
  assert.equal(eventWords('xstate.after.retryDelay.link.broken'), 'time-out (retryDelay)');
  assert.equal(eventWords('xstate.done.actor.download'), 'done: download');
  assert.equal(eventWords('xstate.error.actor.0.m.a'), 'error in a');
  assert.equal(delayWords('86400000'), '1 d');
});

test('an error is one line, with its code where it has one', () => {
  assert.equal(
    errorWords({ name: 'Error', message: 'no route', code: 'DISPATCH_UNREACHABLE' }),
    'DISPATCH_UNREACHABLE: no route',
  );
  assert.equal(errorWords({ code: null, message: 'plain', at: null }), 'plain');
  assert.equal(errorWords(null), '');
});

test('a state is coloured by its worst part', () => {
  assert.equal(stateTone('streaming'), 'good');
  assert.equal(stateTone('ready.sending'), 'good');
  assert.equal(stateTone('running.healthy & link.lost'), 'bad');
  assert.equal(stateTone('Saturated'), 'busy');
  assert.equal(stateTone('draft'), 'quiet');
});
