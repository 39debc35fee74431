import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { presenceType } from '../src/actors/vehicles/index.js';
import { overviewRoutes } from '../src/overview.js';
import { type HttpApp, ManualClock, Overload } from '../src/runtime/index.js';
import { testSystem } from './fakes/runtime.js';

test('the rate is that of the last five seconds, whoever asks and how often', async (t) => {
  const { system } = await testSystem(t, []);
  const clock = new ManualClock();
  const overload = new Overload({ clock, log: { info: () => {}, warn: () => {} }, waitMs: () => 0 });
  const app = fastify();
  let recordsTotal = 0;
  const telemetry = () => ({ connections: 1, recordsTotal, acksTotal: 0 });
  await overviewRoutes({ role: 'hub', version: 'test', system, overload, clock, telemetry })(app as unknown as HttpApp);
  await app.ready();
  const rate = async (): Promise<number> =>
    (await app.inject('/api/v1/overview')).json<{ telemetry: { recordsPerSecond: number } }>().telemetry
      .recordsPerSecond;
  assert.equal(await rate(), 0);
  for (let second = 0; second < 60; second++) {
    recordsTotal += second < 55 ? 7 : 70;
    await clock.advance(1_000);
    if (second === 30) assert.deepEqual([await rate(), await rate()], [7, 7]);
  }
  assert.equal(await rate(), 70, 'nothing of what was before');
  for (let second = 0; second < 5; second++) await clock.advance(1_000);
  assert.equal(await rate(), 0);
  await app.close();
  assert.equal(clock.pending, 0);
});

test('types whose actors all sleep are told as well', async (t) => {
  const { system } = await testSystem(t, [{ ...presenceType, durability: 'committed' }]);
  const clock = new ManualClock();
  const overload = new Overload({ clock, log: { info: () => {}, warn: () => {} }, waitMs: () => 0 });
  const app = fastify();
  await overviewRoutes({ role: 'hub', version: 'test', system, overload, clock })(app as unknown as HttpApp);
  await app.ready();
  const { actors } = (await app.inject('/api/v1/overview')).json();
  assert.deepEqual(actors.byType, { presence: { live: 0, states: {} } });
  await app.close();
});
