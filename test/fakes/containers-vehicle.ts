import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { configOf } from '../../src/hub-config.js';
import { createLogger, systemClock, systemIds } from '../../src/runtime/index.js';
import { createVehicle } from '../../src/vehicle.js';
import { checkVehicleConfig } from '../../src/vehicle-config.js';
import { connectClient } from '../actors/mqtt/broker-setup.js';
import { containersDomain } from './desired-containers.js';
import { eventually } from './runtime.js';

const WITHIN_MS = 120_000;

/** A container as `GET /api/v1/containers` has it. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly status: string;
}

/** A vehicle with a broker of its own, an update manager and containers; they are simulated unless a set says else. */
export async function startContainersVehicle(t: TestContext, dataDir: string, ...sets: string[]) {
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
  const logged = (...words: string[]): Promise<void> =>
    eventually(
      () => lines.some((line) => words.every((word) => line.includes(word))),
      `a line with ${words.join(', ')}`,
      WITHIN_MS,
    );
  const post = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${http}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  return { vehicle, http: String(http), mqtt: String(mqtt), text, get, post, rows, lines, logged };
}

/** Publishes desired states at a vehicle's broker; `map` → its image. Resolves with how the update ended. */
export async function updatesOf(t: TestContext, mqtt: string) {
  const client = await connectClient(t, mqtt);
  const ends = new Map<string, string>();
  client.mqtt.on('message', (_topic, payload) => {
    const { activityId, payload: feedback } = JSON.parse(payload.toString());
    ends.set(activityId, feedback.status);
  });
  await client.mqtt.subscribeAsync('vehicleupdate/desiredstatefeedback', { qos: 1 });
  return async (activityId: string, images: Readonly<Record<string, string>>): Promise<string> => {
    const payload = desired(activityId, images);
    await client.mqtt.publishAsync('vehicleupdate/desiredstate', payload, { qos: 1 });
    const isOver = (): boolean => /^(COMPLETED|INCOMPLETE)/.test(ends.get(activityId) ?? '');
    await eventually(isOver, `${activityId} ends`, WITHIN_MS);
    return ends.get(activityId) ?? '';
  };
}

/** A desired state in its envelope; `map` → its image. */
export const desired = (activityId: string, images: Readonly<Record<string, string>>): string => {
  const config = { env: 'API_TOKEN=correct-horse' };
  const wishes = Object.entries(images).map(([name, image]) => ({ name, image, config }));
  return JSON.stringify({ activityId, timestamp: 0, payload: { domains: [containersDomain(wishes)] } });
};
