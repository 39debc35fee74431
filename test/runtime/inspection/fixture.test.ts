import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventObject } from 'xstate';
import { FleetchartError } from '../../../src/runtime/errors.js';
import { readFixtureLine, writeFixtureLine } from '../../../src/runtime/inspection/fixture.js';

test('RT-10 a fixture line keeps bytes and big integers, and no secret', () => {
  const event = {
    type: 'X',
    payload: new Uint8Array([0, 255]),
    big: 2n ** 70n,
    deep: [{ apiKey: 'secret', plain: 'shown', count: 3 }],
    none: null,
  };
  const line = writeFixtureLine({ kind: 'event', address: 'a/k', event });
  assert.ok(!line.includes('\n') && !line.includes('secret'));
  const read = readFixtureLine(line) as unknown as { event: typeof event };
  assert.deepEqual([...read.event.payload], [0, 255]);
  assert.equal(read.event.big, 2n ** 70n);
  assert.deepEqual(read.event.deep, [{ apiKey: '[redacted]', plain: 'shown', count: 3 }]);
  assert.equal(read.event.none, null);
});

test('RT-10 what is called key names something, unless it is a private one', () => {
  const pem = '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n';
  const event = { type: 'X', key: 'a/k', keys: ['b'], privateKey: 'hidden', accessKey: 'hidden', own: { key: pem } };
  const read = readFixtureLine(writeFixtureLine({ kind: 'event', address: 'a/k', event }));
  const redacted = '[redacted]';
  const expected = { ...event, privateKey: redacted, accessKey: redacted, own: { key: redacted } };
  assert.deepEqual((read as { event: unknown }).event, expected);
});

test('RT-10 a fixture line keeps errors with their fields, for a chart may read them', () => {
  const error = new FleetchartError('BROKER_FAILED', 'why', { cause: new Error('below'), retryable: true });
  const line = writeFixtureLine({ kind: 'event', address: 'a/k', event: { type: 'X', error } as EventObject });
  const { event } = readFixtureLine(line) as unknown as { event: { error: FleetchartError } };
  assert.ok(event.error instanceof Error);
  const { name, message, code, retryable } = event.error;
  const expected = { name: 'FleetchartError', message: 'why', code: 'BROKER_FAILED', retryable: true };
  assert.deepEqual({ name, message, code, retryable }, expected);
});

test('RT-10 what is no fixture line is refused', () => {
  for (const text of ['', '{', 'null', '[]', '{"kind":"event"}', '{"address":"a/k"}']) {
    assert.throws(() => readFixtureLine(text), Error, text);
  }
});
