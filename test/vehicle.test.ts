import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { it, type TestContext } from 'node:test';
import { configOf } from '../src/hub-config.js';
import { createLogger, silentLogger, systemClock, systemIds } from '../src/runtime/index.js';
import { createVehicle, type VehicleDeps } from '../src/vehicle.js';
import { checkVehicleConfig } from '../src/vehicle-config.js';
import { connectClient } from './actors/mqtt/broker-setup.js';
import { eventually, temporaryFolder } from './fakes/runtime.js';

async function startVehicle(t: TestContext, given: Partial<VehicleDeps>, ...sets: string[]) {
  const own = [`dataDir=${temporaryFolder(t)}`, 'http.port=0', 'mqtt.embedded.port=0'];
  const config = configOf(checkVehicleConfig({ sets: [...own, ...sets] }));
  const deps = {
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger(),
    version: 'test',
    environment: {},
    end: () => {},
    ...given,
  };
  const vehicle = createVehicle(config, deps);
  t.after(() => vehicle.stop(5_000));
  await vehicle.start((error) => assert.fail(error as Error));
  return vehicle;
}

it('a vehicle has a broker, a console and an API of its own', async (t) => {
  const vehicle = await startVehicle(t, {});
  const { http, mqtt } = vehicle.urls();
  const overview = await fetch(`${http}/api/v1/overview`);
  assert.equal(((await overview.json()) as { role: string }).role, 'vehicle');
  assert.ok((await connectClient(t, String(mqtt))).mqtt.connected);
});

it('what the charts of a vehicle keep has no password', async (t) => {
  const password = 'correct-horse';
  const connection = `updateManager.connection={username: m, password: ${password}}`;
  const users = `mqtt.embedded.users=[{name: m, password: ${password}}]`;
  const mine = ['mqtt.username=m', `mqtt.password=${password}`, 'selfUpdate={allowHttp: true}'];
  const vehicle = await startVehicle(t, {}, connection, users, ...mine, 'updateManager.thingsEnabled=false');
  const { system } = vehicle;
  const kept = (address: string) => JSON.stringify(system.peek(address)?.context ?? '');
  await eventually(() => kept('update-manager/main').includes('phaseTimeoutMs'), 'the manager is configured', 30_000);
  for (const address of ['update-manager/main', 'inventory/main', 'self-update-agent/os-image']) {
    assert.ok(!kept(address).includes(password), address);
  }
});

it('a vehicle whose MQTT port is taken is not ready, and says so in the log without a stack', async (t) => {
  const taken = createServer();
  await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
  t.after(() => taken.close());
  const lines: string[] = [];
  const logger = createLogger({ destination: { write: (line: string) => lines.push(line) } });
  const { port } = taken.address() as AddressInfo;
  const vehicle = await startVehicle(t, { logger }, `mqtt.embedded.port=${port}`);
  const ready = await fetch(`${vehicle.urls().http}/readyz`);
  assert.equal(ready.status, 503);
  const failed = lines.find((line) => line.includes('broker_failed')) ?? '';
  assert.match(failed, /BROKER_PORT_IN_USE/);
  assert.doesNotMatch(failed, /\bat \S+:\d/);
});
