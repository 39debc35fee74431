import assert from 'node:assert/strict';
import { it } from 'node:test';
import { testSystem } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { FakeUpdateAgent } from '../../fakes/update-agent.js';
import { FakeUpdateLink, ManagedVehicle, SETTINGS } from '../../fakes/update-backend.js';
import { connectClient, startBroker } from '../mqtt/broker-setup.js';

const DEADLINE_MS = 60_000;

it('UM-CON-2 an update goes through over a broker, with agents that do as they are told', async (t) => {
  const broker = await startBroker(t);
  const agents = await Promise.all(
    ['containers', 'self-update'].map((domain) => FakeUpdateAgent.connect(t, broker.address.url, domain)),
  );
  const { mqtt } = await connectClient(t, broker.address.url, { clientId: 'manager' });
  const backend = await broker.connect({ clientId: 'backend' });
  await backend.mqtt.subscribeAsync('vehicleupdate/#', { qos: 1 });

  const link = new FakeUpdateLink(async (output) => {
    const { topic, payload, retain } = output as unknown as { topic: string; payload: string; retain: boolean };
    await mqtt.publishAsync(topic, payload, { qos: 1, retain });
  });
  const vehicle = new ManagedVehicle(SETTINGS, link);
  await vehicle.begin(await testSystem(t, vehicle.types));
  const { manager, system } = vehicle;
  assert.ok(manager);
  mqtt.on('message', (topic, payload) => {
    const found = manager.subscriptions.find(({ filter }) => filter === topic);
    for (const { to, event } of found?.read({ topic, payload }) ?? []) system.system.tell(to, event);
  });
  await mqtt.subscribeAsync(
    manager.subscriptions.map(({ filter }) => filter),
    { qos: 1 },
  );
  for (const { to, event } of manager.up) system.system.tell(to, event);

  const payload = { domains: agents.map(({ domain }) => ({ id: domain })) };
  await backend.mqtt.publishAsync('vehicleupdate/desiredstate', JSON.stringify({ activityId: 'a', payload }), {
    qos: 1,
  });
  await until(() => manager.view().current?.state === 'rebooting.waiting', 'the update ends', DEADLINE_MS);
  for (const agent of agents) {
    assert.deepEqual(agent.commands('a'), ['IDENTIFY', 'DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP']);
  }
  const statuses = () =>
    backend
      .payloads()
      .map((text) => JSON.parse(text) as { activityId: string; payload?: { status?: string } })
      .flatMap(({ activityId, payload }) => (activityId === 'a' ? (payload?.status ?? []) : []));
  await until(() => statuses().length === 4, 'the backend has heard of it', DEADLINE_MS);
  assert.deepEqual(statuses(), ['IDENTIFYING', 'IDENTIFIED', 'RUNNING', 'COMPLETED']);
  await vehicle.system.clock.advance(SETTINGS.rebootAfterMs);
  await until(() => vehicle.reboots === 1, 'the vehicle is rebooted', DEADLINE_MS);
});
