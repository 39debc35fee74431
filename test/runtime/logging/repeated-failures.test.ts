import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../src/runtime/clock.js';
import { FleetchartError } from '../../../src/runtime/errors.js';
import { RepeatedFailures } from '../../../src/runtime/logging/repeated-failures.js';

type Line = Record<string, unknown> & { readonly err: Record<string, unknown> };

function failuresUnder(clock: ManualClock) {
  const lines: Line[] = [];
  const take = (fields: object): void => void lines.push(fields as Line);
  const logger = { warn: take, error: take };
  return { lines, failures: new RepeatedFailures({ logger, clock, message: 'dispatcher_failed' }) };
}

const refused = () => new FleetchartError('DISPATCH_UNREACHABLE', 'nothing listens there');

test('a coded failure is logged without stack, at first and then once a minute', async () => {
  const clock = new ManualClock(0);
  const { lines, failures } = failuresUnder(clock);
  const fail = (): void => failures.failed('mqtt', { dispatcher: 'mqtt' }, refused());
  fail();
  assert.deepEqual<unknown>(lines, [
    {
      dispatcher: 'mqtt',
      err: { name: 'FleetchartError', message: 'nothing listens there', code: 'DISPATCH_UNREACHABLE' },
    },
  ]);
  for (let second = 0; second < 59; second++) {
    await clock.advance(1_000);
    fail();
  }
  assert.equal(lines.length, 1);
  await clock.advance(1_000);
  fail();
  assert.equal(lines.length, 2);
  assert.equal(lines.at(-1)?.['repeated'], 59);
});

test('another code, and another that failed, are logged at once', () => {
  const { lines, failures } = failuresUnder(new ManualClock(0));
  failures.failed('mqtt', {}, refused());
  failures.failed('file', {}, refused());
  failures.failed('mqtt', {}, new FleetchartError('DISPATCH_TIMEOUT', 'no answer'));
  assert.equal(lines.length, 3);
});

test('what nobody expected is logged whole, each time', () => {
  const { lines, failures } = failuresUnder(new ManualClock(0));
  failures.failed('mqtt', {}, new TypeError('oops'));
  failures.failed('mqtt', {}, new TypeError('oops'));
  assert.equal(lines.length, 2);
  assert.match(String(lines[1]?.err['stack']), /TypeError: oops\n/);
});
