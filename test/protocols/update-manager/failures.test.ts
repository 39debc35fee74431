import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failuresOf } from '../../../src/protocols/update-manager/index.js';

it('UM-ORC-1 of the actions that failed the first are told, each in bounds', () => {
  const action = (id: string, status: string, message?: string) => ({
    component: { id },
    status,
    ...(message === undefined ? {} : { message }),
  });
  const domain = (id: string, ...actions: ReturnType<typeof action>[]) =>
    ({ id, status: 'CLEANUP_SUCCESS', actions }) as const;
  assert.deepEqual(failuresOf([domain('c', action('c:a', 'ACTIVATION_SUCCESS', 'well'))]), []);
  const failed = domain('c', action('c:a', 'DOWNLOAD_FAILURE', 'no route'), action('c:b', 'UPDATE_FAILURE'));
  assert.deepEqual(failuresOf([failed]), [
    { component: 'c:a', message: 'no route' },
    { component: 'c:b', message: 'UPDATE_FAILURE' },
  ]);
  const many = Array.from({ length: 50 }, () => action('x'.repeat(9_000), 'UPDATE_FAILURE', 'y'.repeat(9_000)));
  const told = failuresOf([domain('d', ...many)]);
  assert.equal(told.length, 5);
  assert.ok(told.every(({ component, message }) => component.length === 500 && message.length === 500));
});
