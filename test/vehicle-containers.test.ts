import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { configOf } from '../src/hub-config.js';
import { createLogger, systemClock, systemIds } from '../src/runtime/index.js';
import { createVehicle } from '../src/vehicle.js';
import { checkVehicleConfig } from '../src/vehicle-config.js';
import { connectClient } from './actors/mqtt/broker-setup.js';
import { eventually, temporaryFolder } from './fakes/runtime.js';

const WITHIN_MS = 60_000;

async function startVehicle(t: TestContext, dataDir: string, ...sets: string[]) {
  const own = [
    `dataDir=${dataDir}`,
    'http.port=0',
    'mqtt.embedded.port=0',
    'updateManager={domain: vehicle, thingsEnabled: false, rebootEnabled: false, agents: {containers: {}}}',
    'updateManager.reportFeedbackInterval=50ms',
    'containerManagement.update_agent={enable: true}',
    'containerManagement.things.enable=false',
    'containerManagement.deployment.enable=false',
    'containerManagement.fleetchart.engine=simulated',
  ];
  const lines: string[] = [];
  const vehicle = createVehicle(configOf(checkVehicleConfig({ sets: [...own, ...sets] })), {
    clock: systemClock,
    ids: systemIds,
    logger: createLogger({ destination: { write: (line) => lines.push(line) } }),
    version: 'test',
    environment: {},
    end: () => {},
  });
  t.after(() => vehicle.stop(10_000));
  await vehicle.start((error) => assert.fail(error as Error));
  const { http, mqtt } = vehicle.urls();
  const text = async (path: string): Promise<string> => (await fetch(`${http}${path}`)).text();
  const get = async <T>(path: string): Promise<T> => JSON.parse(await text(path)) as T;
  /** `map map:2 Running` of each container. */
  const rows = async (): Promise<string[]> => {
    const { containers } = await get<{ containers: Row[] }>('/api/v1/containers');
    return containers.map(({ name, image, status }) => `${name} ${image} ${status}`).sort();
  };
  return { vehicle, mqtt: String(mqtt), text, get, rows, lines };
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly status: string;
}

const desired = (activityId: string, ...images: string[]): string =>
  JSON.stringify({
    activityId,
    timestamp: 0,
    payload: {
      domains: [
        {
          id: 'containers',
          components: images.map((image) => ({
            id: image.split(':')[0],
            version: image.split(':')[1],
            config: [
              { key: 'image', value: image },
              { key: 'env', value: 'API_TOKEN=correct-horse' },
            ],
          })),
        },
      ],
    },
  });

async function updates(t: TestContext, mqtt: string) {
  const client = await connectClient(t, mqtt);
  const ends = new Map<string, string>();
  client.mqtt.on('message', (_topic, payload) => {
    const { activityId, payload: feedback } = JSON.parse(payload.toString());
    ends.set(activityId, feedback.status);
  });
  await client.mqtt.subscribeAsync('vehicleupdate/desiredstatefeedback', { qos: 1 });
  return async (activityId: string, ...images: string[]): Promise<string> => {
    const payload = desired(activityId, ...images);
    await client.mqtt.publishAsync('vehicleupdate/desiredstate', payload, { qos: 1 });
    const isOver = (): boolean => /^(COMPLETED|INCOMPLETE)/.test(ends.get(activityId) ?? '');
    await eventually(isOver, `${activityId} ends`, WITHIN_MS);
    return ends.get(activityId) ?? '';
  };
}

it('CUA-32 a desired state over the embedded broker brings containers, changes them and removes them', async (t) => {
  const { mqtt, rows } = await startVehicle(t, temporaryFolder(t));
  const update = await updates(t, mqtt);
  assert.equal(await update('a-1', 'map:1', 'radio:1'), 'COMPLETED');
  assert.deepEqual(await rows(), ['map map:1 Running', 'radio radio:1 Running']);
  assert.equal(await update('a-2', 'map:2'), 'COMPLETED');
  assert.deepEqual(await rows(), ['map map:2 Running']);
});

it('CUA-28 an update whose new container does not start leaves the old one running', async (t) => {
  const { mqtt, rows } = await startVehicle(t, temporaryFolder(t));
  const update = await updates(t, mqtt);
  assert.equal(await update('a-1', 'map:1'), 'COMPLETED');
  assert.equal(await update('a-2', 'map:bad'), 'INCOMPLETE');
  assert.deepEqual(await rows(), ['map map:1 Running']);
});

it('CTR-13 containers outlive the process of the vehicle', async (t) => {
  const data = temporaryFolder(t);
  const first = await startVehicle(t, data);
  assert.equal(await (await updates(t, first.mqtt))('a-1', 'map:1'), 'COMPLETED');
  const before = await first.get<{ containers: Row[] }>('/api/v1/containers');
  await first.vehicle.stop(10_000);
  const second = await startVehicle(t, data);
  assert.deepEqual(await second.get('/api/v1/containers'), before);
});

it('ENG-1 what the API, the log and the views of actors show has no variables of containers', async (t) => {
  const { mqtt, get, text, lines } = await startVehicle(t, temporaryFolder(t));
  assert.equal(await (await updates(t, mqtt))('a-1', 'map:1'), 'COMPLETED');
  const { containers } = await get<{ containers: Row[] }>('/api/v1/containers');
  const pages = ['/api/v1/containers', '/api/v1/container-update', '/api/v1/engine', '/api/v1/actors?limit=100'];
  for (const page of [...pages, `/api/v1/actors/container/${containers[0]?.id}`]) {
    assert.doesNotMatch(await text(page), /correct-horse/, page);
  }
  assert.ok(!lines.join('').includes('correct-horse'));
});

it('REG-5 registries hold from the next pull on, without a restart; readiness tells of the last pull', async (t) => {
  const data = temporaryFolder(t);
  const { mqtt, get, rows, lines } = await startVehicle(t, data);
  const update = await updates(t, mqtt);
  assert.equal(await update('a-1', 'map:1'), 'COMPLETED');
  const registries = { 'ghcr.io': { credentials: { user_id: 'fleet', password: 'correct-horse' } } };
  const file = join(data, 'registries.json');
  writeFileSync(file, JSON.stringify({ containers: { registry_configurations: registries } }), { mode: 0o600 });
  const isApplied = (): boolean =>
    lines.some((line) => line.includes('registries_applied') && line.includes('ghcr.io'));
  await eventually(isApplied, 'the registry is applied', WITHIN_MS);
  assert.ok(!lines.join('').includes('correct-horse'));
  assert.deepEqual(await rows(), ['map map:1 Running']);
  assert.equal(await update('a-2', 'map:missing'), 'INCOMPLETE');
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
  const { lines, rows } = await startVehicle(t, data, 'containerManagement.update_agent.enable=false', deployment);
  const isDeployed = (): boolean => lines.some((line) => line.includes('descriptor_deployed'));
  await eventually(isDeployed, 'the descriptor is deployed', WITHIN_MS);
  assert.deepEqual(await rows(), ['map map:1 Running']);
  assert.ok(!lines.some((line) => line.includes('container-update-agent') && line.includes('mqtt_link_up')));
});

it('THG-3 the features of containers go out over a link of their own', async (t) => {
  const { mqtt, lines } = await startVehicle(t, temporaryFolder(t), 'containerManagement.things.enable=true');
  const isUp = (): boolean => lines.some((line) => line.includes('mqtt_link_up') && line.includes('container-things'));
  await eventually(isUp, 'the link is up', WITHIN_MS);
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
  const { lines } = await startVehicle(t, temporaryFolder(t), network);
  const told = lines.filter((line) => line.includes('settings_without_effect')).map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ withoutEffect }) => withoutEffect),
    [['network.type', 'network.default_bridge.mtu']],
  );
});
