import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActorError, FleetchartError, StorageError } from '../../../src/runtime/errors.js';
import { HttpError, problemOf, statusOf } from '../../../src/runtime/http/problem.js';

test('HTTP-2 a code says its status, by itself or by how it ends', () => {
  const expected = {
    HTTP_HOST_REFUSED: 421,
    HTTP_UPGRADE_REQUIRED: 426,
    HTTP_UNAUTHENTICATED: 401,
    HTTP_FORBIDDEN: 403,
    ACTOR_NOT_FOUND: 404,
    ACTOR_TYPE_UNKNOWN: 404,
    TWIN_VERSION_CONFLICT: 409,
    MANIFEST_INVALID: 400,
    MAILBOX_FULL: 503,
    STORAGE_DEGRADED: 503,
    ASK_TIMEOUT: 504,
  };
  for (const [code, status] of Object.entries(expected)) assert.equal(statusOf(code), status, code);
  assert.equal(statusOf('STORAGE_WRITE_FAILED'), undefined);
});

test('HTTP-2 what a caller may know is told, with its code', () => {
  assert.deepEqual(problemOf(new ActorError('ACTOR_NOT_FOUND', 'there is no actor a/b'), 'r1'), {
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    code: 'ACTOR_NOT_FOUND',
    detail: 'there is no actor a/b',
  });
  const busy = problemOf(new FleetchartError('LINK_DOWN', 'not connected', { retryable: true }), 'r1');
  assert.equal(busy.status, 503);
  assert.equal(busy.code, 'LINK_DOWN');
});

test('HTTP-2 our own faults give away nothing but the id of the request', () => {
  const faults = [
    new Error('at /home/operator/secret.ts'),
    new StorageError('STORAGE_WRITE_FAILED', '/var/lib/secret is full'),
    Object.assign(new Error('secret'), { statusCode: 500 }),
    'secret',
    undefined,
    null,
    { statusCode: 400, message: 'secret' },
  ];
  for (const fault of faults) {
    const answer = problemOf(fault, 'req-7');
    assert.equal(answer.status, 500);
    assert.equal(answer.requestId, 'req-7');
    assert.doesNotMatch(JSON.stringify(answer), /secret|stack/);
  }
  assert.equal(problemOf(new HttpError('HTTP_INTERNAL', 'x'), 'r').status, 500);
});
