import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { connectClient } from './actors/mqtt/broker-setup.js';
import { type Row, startContainersVehicle, updatesOf } from './fakes/containers-vehicle.js';
import { eventually, temporaryFolder } from './fakes/runtime.js';

const WITHIN_MS = 60_000;

it('CUA-32 a desired state over the embedded broker brings containers, changes them and removes them', async (t) => {
  const { mqtt, rows } = await startContainersVehicle(t, temporaryFolder(t));
  const update = await updatesOf(t, mqtt);
  assert.equal(await update('a-1', { map: 'map:1', radio: 'radio:1' }), 'COMPLETED');
  assert.deepEqual(await rows(), ['map map:1 Running', 'radio radio:1 Running']);
  assert.equal(await update('a-2', { map: 'map:2' }), 'COMPLETED');
  assert.deepEqual(await rows(), ['map map:2 Running']);
});

it('CUA-28 an update whose new container does not start leaves the old one running', async (t) => {
  const { mqtt, rows } = await startContainersVehicle(t, temporaryFolder(t));
  const update = await updatesOf(t, mqtt);
  assert.equal(await update('a-1', { map: 'map:1' }), 'COMPLETED');
  assert.equal(await update('a-2', { map: 'map:bad' }), 'INCOMPLETE');
  assert.deepEqual(await rows(), ['map map:1 Running']);
});

it('CTR-13 containers outlive the process of the vehicle', async (t) => {
  const data = temporaryFolder(t);
  const first = await startContainersVehicle(t, data);
  assert.equal(await (await updatesOf(t, first.mqtt))('a-1', { map: 'map:1' }), 'COMPLETED');
  const before = await first.get<{ containers: Row[] }>('/api/v1/containers');
  await first.vehicle.stop(10_000);
  const second = await startContainersVehicle(t, data);
  // Until the engine has been listed, they are unknown.
  await eventually(async () => (await second.rows())[0] === 'map map:1 Running', 'the container is seen again');
  assert.deepEqual(await second.get('/api/v1/containers'), before);
});

it('ENG-1 what the API, the log and the views of actors show has no variables of containers', async (t) => {
  const { mqtt, get, text, lines } = await startContainersVehicle(t, temporaryFolder(t));
  assert.equal(await (await updatesOf(t, mqtt))('a-1', { map: 'map:1' }), 'COMPLETED');
  const { containers } = await get<{ containers: Row[] }>('/api/v1/containers');
  const pages = ['/api/v1/containers', '/api/v1/container-update', '/api/v1/engine', '/api/v1/actors?limit=100'];
  for (const page of [...pages, `/api/v1/actors/container/${containers[0]?.id}`]) {
    assert.doesNotMatch(await text(page), /correct-horse/, page);
  }
  assert.ok(!lines.join('').includes('correct-horse'));
});

it('REG-5 registries hold from the next pull on, without a restart; readiness tells of the last pull', async (t) => {
  const data = temporaryFolder(t);
  const { mqtt, get, rows, lines, logged } = await startContainersVehicle(t, data);
  const update = await updatesOf(t, mqtt);
  assert.equal(await update('a-1', { map: 'map:1' }), 'COMPLETED');
  const registries = { 'ghcr.io': { credentials: { user_id: 'fleet', password: 'correct-horse' } } };
  const file = join(data, 'registries.json');
  writeFileSync(file, JSON.stringify({ containers: { registry_configurations: registries } }), { mode: 0o600 });
  await logged('registries_applied', 'ghcr.io');
  assert.ok(!lines.join('').includes('correct-horse'));
  assert.deepEqual(await rows(), ['map map:1 Running']);
  assert.equal(await update('a-2', { map: 'map:missing' }), 'INCOMPLETE');
  const { ready, checks } = await get<{ ready: boolean; checks: { containers: { detail: string } } }>('/readyz');
  assert.equal(ready, true);
  assert.match(checks.containers.detail, /^the last pull failed at .*map:missing.*; not tried again by itself$/);
});

it('CTR-7 descriptors are deployed where no update agent runs', async (t) => {
  const data = temporaryFolder(t);
  const folder = join(data, 'descriptors');
  mkdirSync(folder);
  writeFileSync(join(folder, 'map.json'), JSON.stringify({ container_name: 'map', image: { name: 'map:1' } }));
  const deployment = `containerManagement.deployment={enable: true, ctr_dir: ${folder}}`;
  const { lines, logged, rows } = await startContainersVehicle(
    t,
    data,
    'containerManagement.update_agent.enable=false',
    deployment,
  );
  await logged('descriptor_deployed');
  assert.deepEqual(await rows(), ['map map:1 Running']);
  assert.ok(!lines.some((line) => line.includes('container-update-agent') && line.includes('mqtt_link_up')));
});

it('THG-3 the features of containers go out over a link of their own', async (t) => {
  const { mqtt, logged } = await startContainersVehicle(
    t,
    temporaryFolder(t),
    'containerManagement.things.enable=true',
  );
  await logged('mqtt_link_up', 'container-things');
  const client = await connectClient(t, mqtt);
  const topics: string[] = [];
  client.mqtt.on('message', (topic) => topics.push(topic));
  await client.mqtt.subscribeAsync('e/#', { qos: 1 });
  const device = JSON.stringify({ deviceId: 'azure.edge:hub:car', tenantId: 't1' });
  await client.mqtt.publishAsync('edge/thing/response', device, { qos: 1 });
  await eventually(() => topics.length > 0, 'a feature is published', WITHIN_MS);
  assert.equal(topics[0], 'e/t1/azure.edge:hub:car:edge:containers');
});

it('REG-1 keys that are without effect are named in one line', async (t) => {
  const network = 'containerManagement.network={type: host, default_bridge: {mtu: 1400}}';
  const { lines } = await startContainersVehicle(t, temporaryFolder(t), network);
  const told = lines.filter((line) => line.includes('settings_without_effect')).map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ withoutEffect }) => withoutEffect),
    [['network.type', 'network.default_bridge.mtu']],
  );
});
