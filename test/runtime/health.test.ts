import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from '../../src/runtime/health.js';

test('RT-8 ready when every check says so, and says which does not', () => {
  const health = new Health();
  assert.deepEqual(health.readiness(), { ready: true, checks: {} });
  let isOpen = false;
  const remove = health.ready('telemetry', () => (isOpen ? { ok: true } : { ok: false, detail: 'not listening' }));
  health.ready('store', () => ({ ok: true, detail: '12 MiB' }));
  assert.deepEqual(health.readiness(), {
    ready: false,
    checks: { telemetry: { ok: false, detail: 'not listening' }, store: { ok: true, detail: '12 MiB' } },
  });
  isOpen = true;
  assert.ok(health.readiness().ready);
  isOpen = false;
  remove();
  assert.ok(health.readiness().ready);
});

test('RT-8 a check that throws is not ok, and nothing is while the process stops', () => {
  const health = new Health();
  const remove = health.ready('broken', () => {
    throw new Error('no idea');
  });
  assert.deepEqual(health.readiness().checks['broken'], { ok: false, detail: 'no idea' });
  remove();
  health.stopping();
  assert.deepEqual(health.readiness(), { ready: false, checks: { process: { ok: false, detail: 'stopping' } } });
});
