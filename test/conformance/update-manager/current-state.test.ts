import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ManagedVehicle,
  managedVehicle,
  type Published,
  restarted,
  SETTINGS,
} from '../../fakes/update-backend.js';

const GET = 'vehicleupdate/currentstate/get';
const reports = (vehicle: ManagedVehicle) => vehicle.link.on('vehicleupdate/currentstate');
const ids = (vehicle: ManagedVehicle) => reports(vehicle).map(({ message }) => message.activityId);
const nodes = (vehicle: ManagedVehicle) =>
  softwareOf(reports(vehicle).at(-1)).map(({ id, version }) => (version === undefined ? id : `${id} ${version}`));
const softwareOf = (report: Published | undefined) =>
  (report?.message.payload?.['softwareNodes'] ?? []) as ReadonlyArray<{ id: string; version?: string }>;
const withVersion = (domain: string, version: string) => ({
  softwareNodes: [{ id: `${domain}-agent`, version, type: 'APPLICATION' }],
});

test('UM-CON-6 the current state is retained, and nothing else', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.receive(GET, { activityId: 'r' });
  await vehicle.answerReads('r');
  await vehicle.want('a');
  for (const { topic, retain } of vehicle.link.published) assert.equal(retain, topic === 'vehicleupdate/currentstate');
});

test('UM-CS-1 an inventory that is older than the known one is dropped, one as old is taken', async (t) => {
  const vehicle = await managedVehicle(t, { currentStateDelayMs: 0 });
  await vehicle.state('containers', '', 100, withVersion('containers', '1'));
  await vehicle.state('containers', '', 99, withVersion('containers', '0'));
  assert.equal(reports(vehicle).length, 1);
  assert.ok(vehicle.warnings.includes('inventory_older_than_known'));
  await vehicle.state('containers', '', 100, withVersion('containers', '2'));
  assert.ok(nodes(vehicle).includes('containers-agent 2'));
});

test('UM-CS-1 an agent whose clock ran ahead is heard again by the next process of the manager', async (t) => {
  const vehicle = await managedVehicle(t, { currentStateDelayMs: 0 });
  await vehicle.state('containers', '', 4_000_000_000, withVersion('containers', '1'));
  await vehicle.state('containers', '', 100, withVersion('containers', '2'));
  assert.ok(nodes(vehicle).includes('containers-agent 1'));
  const next = await restarted(vehicle, 'crash');
  await next.state('containers', '', 101, withVersion('containers', '2'));
  assert.ok(nodes(next).includes('containers-agent 2'));
  assert.deepEqual(next.warnings, []);
  await next.state('containers', '', 100, withVersion('containers', '1'));
  assert.deepEqual(next.warnings, ['inventory_older_than_known']);
});

test('UM-CS-2 what an agent reports by itself is reported after the delay', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.state('containers', '', 2);
  assert.deepEqual(ids(vehicle), []);
  await vehicle.advance(30_000);
  assert.deepEqual(ids(vehicle), ['']);
});

test('UM-CS-3 with another id it is only kept, unless an agent announces its start', async (t) => {
  const vehicle = await managedVehicle(t, { currentStateDelayMs: 0 });
  await vehicle.state('containers', 'somebody', 2);
  assert.deepEqual(ids(vehicle), []);
  await vehicle.state('self-update', 'initial-current-state-17', 2);
  assert.deepEqual(ids(vehicle), ['']);
});

test('UM-CS-3 a late answer to the first question is no announcement', async (t) => {
  const vehicle = await managedVehicle(t, { currentStateDelayMs: 0 });
  await vehicle.connect();
  const id = vehicle.link.published[0]?.message.activityId ?? '';
  await vehicle.advance(30_000);
  assert.deepEqual(ids(vehicle), [id]);
  await vehicle.state('containers', id, 2);
  assert.deepEqual(ids(vehicle), [id]);
});

test('UM-CS-4 a retained inventory found at the subscription is known', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.state('containers', 'from-an-earlier-life', 50, withVersion('containers', '7'));
  await vehicle.receive(GET, { activityId: 'r' });
  await vehicle.advance(30_000);
  assert.ok(nodes(vehicle).includes('containers-agent 7'));
});

test('UM-CS-5 each connection begins with a report, whether or not agents answer', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.connect();
  const id = `initial-current-state-${vehicle.system.clock.now()}`;
  assert.deepEqual(
    vehicle.link.published.map(({ topic, message }) => [topic, message.activityId, message.payload]),
    [
      ['containersupdate/currentstate/get', id, null],
      ['selfupdate/currentstate/get', id, null],
    ],
  );
  await vehicle.advance(30_000);
  assert.deepEqual(ids(vehicle), [id]);
  const alone = await managedVehicle(t, { agents: {} });
  await alone.connect();
  assert.deepEqual(nodes(alone), ['vehicle-update-manager 1.2.3']);
});

test('UM-CS-6 a read waits for every agent, each for its own time, and takes what is known of the others', async (t) => {
  const [containers] = Object.values(SETTINGS.agents);
  assert.ok(containers);
  const agents = { ...SETTINGS.agents, containers: { ...containers, readTimeoutMs: 5_000 } };
  const vehicle = await managedVehicle(t, { agents });
  await vehicle.receive(GET, { activityId: 'r' });
  await vehicle.state('self-update', 'other', 3, withVersion('self-update', '3'));
  await vehicle.advance(5_000);
  assert.deepEqual(ids(vehicle), []);
  await vehicle.advance(24_999);
  assert.deepEqual(ids(vehicle), []);
  await vehicle.advance(1);
  assert.deepEqual(ids(vehicle), ['r']);
  assert.ok(nodes(vehicle).includes('self-update-agent 3'));
});

test('UM-CS-6 a report with an id cancels the delayed one', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.state('containers', '', 2);
  await vehicle.receive(GET, { activityId: 'r' });
  await vehicle.answerReads('r', 3);
  await vehicle.advance(120_000);
  assert.deepEqual(ids(vehicle), ['r']);
});

test('UM-CS-7 changes are gathered from the first on, and held back during a read', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.state('containers', '', 2, withVersion('containers', '1'));
  await vehicle.advance(20_000);
  await vehicle.state('containers', '', 3, withVersion('containers', '2'));
  await vehicle.advance(10_000);
  assert.deepEqual(ids(vehicle), ['']);
  assert.ok(nodes(vehicle).includes('containers-agent 2'));
  await vehicle.receive(GET, { activityId: 'r' });
  await vehicle.state('containers', 'r', 4);
  await vehicle.state('containers', '', 5, withVersion('containers', '5'));
  await vehicle.state('self-update', 'r', 6);
  await vehicle.advance(120_000);
  assert.deepEqual(ids(vehicle), ['', 'r']);
  assert.ok(nodes(vehicle).includes('containers-agent 5'));
});

test('UM-CS-7 without a delay every change is reported at once', async (t) => {
  const vehicle = await managedVehicle(t, { currentStateDelayMs: 0 });
  await vehicle.state('containers', '', 2);
  await vehicle.state('containers', '', 3);
  assert.deepEqual(ids(vehicle), ['', '']);
});

test('UM-CS-8 a question is answered as soon as all agents have, with what they say now', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.receive(GET, { activityId: 'r' });
  await vehicle.state('containers', 'r', 2, withVersion('containers', '8'));
  await vehicle.state('self-update', 'r', 2);
  assert.deepEqual(ids(vehicle), ['r']);
  assert.ok(nodes(vehicle).includes('containers-agent 8'));
});

test('UM-CS-9 commands do not wait for a read', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.want('a', ['containers']);
  await vehicle.receive(GET, { activityId: 'r' });
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  assert.deepEqual(vehicle.commandsTo('containers'), ['DOWNLOAD']);
  assert.deepEqual(ids(vehicle), []);
});

test('UM-CS-10 without a broker the read ends with what is known', async (t) => {
  const vehicle = await managedVehicle(t);
  await vehicle.receive(GET, { activityId: 'r' });
  vehicle.link.isOnline = false;
  await vehicle.receive(GET, { activityId: 's' });
  await vehicle.advance(30_000);
  vehicle.link.isOnline = true;
  await vehicle.settle();
  assert.deepEqual(ids(vehicle), ['r', 's']);
  assert.ok(nodes(vehicle).includes('containers-agent'));
});

test('UM-CS-6 more reads than can be followed are answered with what is known', async (t) => {
  const vehicle = await managedVehicle(t);
  for (let count = 0; count < 33; count++) await vehicle.receive(GET, { activityId: `r${count}` });
  assert.deepEqual(ids(vehicle), ['r32']);
  await vehicle.advance(30_000);
  assert.equal(ids(vehicle).length, 33);
});
