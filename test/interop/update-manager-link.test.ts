import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { Aedes } from 'aedes';
import { eventually, temporaryFolder } from '../fakes/runtime.js';
import { VehicleProcess } from '../fakes/vehicle-process.js';

interface Connection {
  readonly version: number;
  readonly clean: boolean;
  readonly id: string;
}

/** A broker that notes what its one client does. */
async function notingBroker(t: TestContext) {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    broker.handle(socket);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await new Promise<void>((closed) => broker.close(closed));
  });
  const noted = {
    connections: [] as Connection[],
    subscribed: [] as { topic: string; qos: number }[],
    unsubscribed: [] as string[],
    published: [] as { topic: string; qos: number; activityId: string }[],
  };
  broker.on('client', (client) => {
    const { version, clean, id } = client as unknown as Connection;
    noted.connections.push({ version, clean, id });
  });
  broker.on('subscribe', (subscriptions) => noted.subscribed.push(...subscriptions));
  broker.on('unsubscribe', (topics) => noted.unsubscribed.push(...topics));
  broker.on('publish', ({ topic, qos, payload }, client) => {
    if (!client) return;
    const { activityId } = JSON.parse(payload.toString()) as { activityId: string };
    noted.published.push({ topic, qos, activityId });
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { noted, cut, url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

it('UM-CON-1 UM-CON-5 UM-CON-8 connects as MQTT 3.1.1 at QoS 1, begins anew at each connection, and leaves in order', async (t) => {
  const { noted, cut, url } = await notingBroker(t);
  const folder = temporaryFolder(t);
  const file = join(folder, 'config.json');
  const agents = { containers: { readTimeout: '1s' } };
  writeFileSync(file, JSON.stringify({ domain: 'vehicle', thingsEnabled: false, agents }));
  const args = ['-config-file', file, `-mqtt-conn-broker=${url}`, '-data', join(folder, 'data')];
  const manager = new VehicleProcess(t, ['run', 'update-manager', ...args]);
  const states = () => noted.published.filter(({ topic }) => topic === 'vehicleupdate/currentstate');
  await eventually(() => states().length === 1, 'the initial current state');
  assert.match(states()[0]?.activityId ?? '', /^initial-current-state-\d+$/);
  assert.deepEqual(noted.connections, [{ version: 4, clean: false, id: 'fleetchart-vehicle-manager' }]);
  assert.match(
    manager.errors,
    /\[update-manager\] INFO {4}update_manager_starts version="[^"]+" broker="mqtt:\/\/127.*domain="vehicle"/,
  );
  const topics = new Set(noted.subscribed.map(({ topic }) => topic));
  for (const topic of ['desiredstate', 'currentstate/get']) assert.ok(topics.has(`vehicleupdate/${topic}`), topic);
  for (const topic of ['currentstate', 'desiredstatefeedback'])
    assert.ok(topics.has(`containersupdate/${topic}`), topic);

  noted.subscribed.length = 0;
  cut();
  await eventually(() => states().length === 2, 'the initial current state of the second connection');
  assert.notEqual(states()[1]?.activityId, states()[0]?.activityId);
  assert.deepEqual(new Set(noted.subscribed.map(({ topic }) => topic)), topics);
  assert.ok([...noted.subscribed, ...noted.published].every(({ qos }) => qos === 1));

  await manager.kill('SIGTERM');
  assert.deepEqual(manager.exit, { code: 0, signal: null });
  assert.deepEqual(noted.unsubscribed, [], 'the session goes on without it');
});
