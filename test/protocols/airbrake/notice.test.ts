import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedDelayMs, noticeRequest } from '../../../src/protocols/airbrake/index.js';

const CONTEXT = {
  host: 'https://errors.example',
  projectId: 7,
  projectKey: 'k3y',
  environment: 'production',
  hostname: 'machine',
  version: '1.2.3',
};
const REPORT = {
  at: Date.UTC(2026, 0, 1),
  type: 'dispatcher',
  message: 'kafka_err',
  severity: 'error',
  params: { log_type: 'error', error: 'gone' },
} as const;

test('8.4 a notice of version 3, with the key in a header alone', () => {
  const { url, headers, body } = noticeRequest(REPORT, CONTEXT);
  assert.equal(url, 'https://errors.example/api/v3/projects/7/notices');
  assert.equal(headers['Authorization'], 'Bearer k3y');
  assert.ok(!body.includes('k3y'));
  const { errors, context, params } = JSON.parse(body);
  assert.deepEqual(errors, [{ type: 'dispatcher', message: 'kafka_err', backtrace: [] }]);
  assert.deepEqual(params, REPORT.params);
  assert.equal(context.environment, 'production');
  assert.equal(context.notifier.name, 'fleetchart');
  assert.equal(context.time, '2026-01-01T00:00:00.000Z');
});

test('8.4 a notice that the service would not take goes without its parameters', () => {
  const { body } = noticeRequest({ ...REPORT, message: 'm'.repeat(9_999), params: { a: 'é'.repeat(40_000) } }, CONTEXT);
  const { errors, params } = JSON.parse(body);
  assert.deepEqual(params, { truncated: true });
  assert.equal(errors[0].message.length, 2_000);
});

test('8.4 a notice says which request it is about', () => {
  const request = { method: 'GET', path: '/x', userAgent: 'curl', remote: '192.0.2.1:4711' };
  const { context } = JSON.parse(noticeRequest({ ...REPORT, request }, CONTEXT).body);
  const { httpMethod, url, userAgent, userAddr } = context;
  assert.deepEqual([httpMethod, url, userAgent, userAddr], ['GET', '/x', 'curl', '192.0.2.1:4711']);
});

test('8.4 how long the service asks to wait', () => {
  assert.equal(askedDelayMs(429, { 'x-ratelimit-delay': '12' }), 12_000);
  assert.equal(askedDelayMs(429, { 'retry-after': '3' }), 3_000);
  assert.equal(askedDelayMs(420, {}), 60_000);
  assert.equal(askedDelayMs(500, { 'retry-after': '3' }), undefined);
});
