import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { CurrentStateView, UpdatesView } from '../src/actors/update-manager/index.js';
import { desired, startContainersVehicle } from './fakes/containers-vehicle.js';
import { eventually, temporaryFolder } from './fakes/runtime.js';

const WITHIN_MS = 120_000;
const VIEWER = 'viewer-token-0123456789';
const OPERATOR = 'operator-token-0123456789';
const TOKENS = `http.tokens=[{name: v, token: ${VIEWER}, role: viewer}, {name: o, token: ${OPERATOR}, role: operator}]`;

it('UM-MSG-1 a desired state over HTTP is carried out, remembered with how long it took, and shown without secrets', async (t) => {
  const { vehicle, post, get, rows, text } = await startContainersVehicle(t, temporaryFolder(t));
  const answer = await post('/api/v1/updates', desired('a-1', { map: 'map:1' }));
  assert.equal(answer.status, 202);
  assert.deepEqual(await answer.json(), { activityId: 'a-1' });
  const context = (address: string): string => JSON.stringify(vehicle.system.peek(address)?.context ?? '');
  const hasEnded = (): boolean => context('update-manager/main').includes('"status":"COMPLETED"');
  await eventually(hasEnded, 'the update ends', WITHIN_MS);
  const [update] = (await get<UpdatesView>('/api/v1/updates')).recent;
  assert.ok(update?.startedAt !== undefined && update.startedAt <= update.endedAt);
  assert.equal(update.status, 'COMPLETED');
  assert.deepEqual(await rows(), ['map map:1 Running']);
  const isReported = (): boolean => context('inventory/main').includes('containers:map');
  await eventually(isReported, 'the container is in the current state', WITHIN_MS);
  const { domains } = await get<CurrentStateView>('/api/v1/current-state');
  const map = domains.flatMap(({ softwareNodes }) => softwareNodes).find(({ id }) => id === 'containers:map');
  const parameters = Object.fromEntries((map?.parameters ?? []).map(({ key, value }) => [key, value]));
  assert.equal(parameters['image'], 'map:1');
  assert.equal(parameters['env'], '[redacted]');
  for (const page of ['/api/v1/current-state', '/api/v1/updates', '/api/v1/actors/inventory/main']) {
    assert.doesNotMatch(await text(page), /correct-horse/, page);
  }
});

it('HTTP-1 HTTP-3 what is no desired state, is too large, or comes from a viewer is refused', async (t) => {
  const { post, lines } = await startContainersVehicle(t, temporaryFolder(t), TOKENS);
  const send = (token: string, body: string) => post('/api/v1/updates', body, { authorization: `Bearer ${token}` });
  assert.equal((await post('/api/v1/updates', desired('a-1', { map: 'map:1' }))).status, 401);
  assert.equal((await send(VIEWER, desired('a-1', { map: 'map:1' }))).status, 403);
  const refused = await send(OPERATOR, '{"activityId":"a-1","payload":{"domains":7}}');
  assert.equal(refused.status, 400);
  const { code, detail } = (await refused.json()) as { code: string; detail: string };
  assert.equal(code, 'UPDATES_INVALID');
  assert.match(detail, /payload\.domains: expected a list, got 7/);
  assert.equal((await send(OPERATOR, '')).status, 400);
  assert.equal((await send(OPERATOR, desired('a'.repeat(1_100_000), {}))).status, 413);
  const asText = { authorization: `Bearer ${OPERATOR}`, 'content-type': 'text/plain' };
  assert.equal((await post('/api/v1/updates', desired('a-1', {}), asText)).status, 415);
  assert.ok(!lines.some((line) => line.includes('update_activity')));
});
