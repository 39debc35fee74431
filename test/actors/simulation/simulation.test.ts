import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { createAuthority, VEHICLE_AUTHORITY_NAME } from '../../../src/actors/provisioning/index.js';
import { issueCredentials, type RefusalCount, runLoad, SimulationError } from '../../../src/actors/simulation/index.js';
import { Statistics } from '../../../src/actors/simulation/statistics.js';
import { encodeAck } from '../../../src/protocols/fleet-telemetry/index.js';
import { startTelemetryServer, testAuthority } from '../../fakes/telemetry-server.js';
import { createFleet, eventually } from './fleet.js';

test('100 vehicles send all records asked for and get their acks, whatever the topic', async (t) => {
  const server = await startTelemetryServer(t);
  const { simulation, system } = await createFleet(t, server, {
    count: 100,
    records: 1_000,
    mix: { V: 0.8, alerts: 0.1, errors: 0.1 },
  });
  simulation.start();
  await simulation.connected();
  assert.equal(simulation.stats().vehicles.connected, 100);
  assert.deepEqual([...system.byState()], [['virtual-vehicle', new Map([['connected.streaming', 100]])]]);
  await simulation.finished();
  const { sent, acked, unacked, byTopic, latency, connects, bytesSent } = simulation.stats();
  assert.deepEqual({ sent, acked, unacked, connects }, { sent: 1_000, acked: 1_000, unacked: 0, connects: 100 });
  assert.equal(server.records.length, 1_000);
  for (const [topic, counts] of Object.entries(byTopic)) {
    assert.equal(server.records.filter((record) => record.topic === topic).length, counts.sent);
  }
  assert.equal(latency.count, 1_000);
  assert.ok(latency.p50 > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
  assert.ok(bytesSent > 1_000 * 200);
  await simulation.stop();
  assert.equal(simulation.stats().vehicles.connected, 0);
});

test('PUMP-1 with acks held back no more than the window is sent', async (t) => {
  const held: (() => void)[] = [];
  const server = await startTelemetryServer(t, { answer: () => 'nothing' });
  const { simulation, system } = await createFleet(t, server, { perSecond: 0, window: 5, fullAfterMs: 30 });
  simulation.start();
  const address = () => [...system.addresses('virtual-vehicle')][0] ?? '';
  await eventually(() => system.view(address())?.state === 'connected.waiting', 'a full window in the chart');
  assert.equal(server.records.length, 5);
  assert.match(system.view(address())?.waits[0]?.waitsFor ?? '', /acknowledgements/);
  const [socket] = server.sockets;
  for (const { txid, topic } of server.records.slice(0, 3)) {
    held.push(() => socket?.send(encodeAck(Buffer.from(txid), Buffer.from(topic))));
  }
  for (const release of held) release();
  await eventually(() => server.records.length === 8, 'one record for each ack');
  assert.equal(simulation.stats().unacked, 5);
});

test('a server that never acks leaves records un-acked, and the stop does not wait for ever', async (t) => {
  const server = await startTelemetryServer(t, { answer: () => 'nothing' });
  const { simulation } = await createFleet(t, server, { records: 4 });
  simulation.start();
  await eventually(() => server.records.length === 4, 'all records');
  await simulation.stop(50);
  const { sent, acked, unacked } = simulation.stats();
  assert.deepEqual({ sent, acked, unacked }, { sent: 4, acked: 0, unacked: 4 });
});

test('the stop waits for late acks', async (t) => {
  const server = await startTelemetryServer(t, { answer: () => 'nothing' });
  const { simulation } = await createFleet(t, server, { records: 3 });
  simulation.start();
  await eventually(() => server.records.length === 3, 'all records');
  const stopped = simulation.stop(5_000);
  const [socket] = server.sockets;
  for (const { txid, topic } of server.records) socket?.send(encodeAck(Buffer.from(txid), Buffer.from(topic)));
  await stopped;
  assert.equal(simulation.stats().acked, 3);
});

test('no record is lost over connections that are cut again and again', async (t) => {
  const server = await startTelemetryServer(t);
  const acked: string[] = [];
  const { simulation } = await createFleet(
    t,
    server,
    { count: 5, records: 200, perSecond: 100, mix: { V: 0.5, alerts: 0.5 } },
    { onAcked: (vin, txid) => acked.push(`${vin} ${txid}`) },
  );
  simulation.start();
  for (const many of [40, 90, 140]) {
    await eventually(() => server.records.length >= many, `${many} records`);
    server.cut();
  }
  await simulation.finished();
  const stats = simulation.stats();
  assert.equal(stats.unacked, 0);
  assert.equal(stats.sent, stats.acked + stats.superseded);
  assert.ok(stats.reconnects >= 5);
  const stored = new Set(server.records.map(({ vin, txid }) => `${vin} ${txid}`));
  for (const each of acked) assert.ok(stored.has(each), `${each} was acked and never received`);
  assert.equal(acked.length, stats.acked);
  const alerts = new Set(server.records.filter(({ topic }) => topic === 'alerts').map(({ vin, txid }) => vin + txid));
  assert.equal(alerts.size, stats.byTopic.alerts.sent);
});

test('a vehicle with records to settle does not sit out a long pause while the last acks are awaited', async (t) => {
  const server = await startTelemetryServer(t, { answer: () => (isAnswering ? 'ack' : 'nothing') });
  let isAnswering = false;
  const timing = { retryMs: 600_000, longestRetryMs: 600_000 };
  const { simulation, system } = await createFleet(t, server, { records: 3, timing });
  simulation.start();
  await eventually(() => server.records.length === 3, 'all records');
  server.cut();
  const backingOff = () => [...system.byState()].some(([, states]) => states.has('backingOff'));
  await eventually(backingOff, 'a pause');
  isAnswering = true;
  const end = await simulation.stop(60_000);
  assert.deepEqual(end, { notConnected: 0, theirUnacked: 0 });
  assert.equal(simulation.stats().unacked, 0);
});

test('what has no connection at the end is counted, with the records that it leaves', async (t) => {
  const server = await startTelemetryServer(t, { answer: () => 'nothing' });
  const { simulation, system } = await createFleet(t, server, { records: 3, timing: { retryMs: 600_000 } });
  simulation.start();
  await eventually(() => server.records.length === 3, 'all records');
  server.cut();
  await eventually(() => [...system.byState()].some(([, states]) => states.has('backingOff')), 'a pause');
  assert.deepEqual(await simulation.stop(0), { notConnected: 1, theirUnacked: 3 });
});

test('the ramp lets vehicles connect one after another', async (t) => {
  const times: number[] = [];
  const server = await startTelemetryServer(t, { onConnection: () => times.push(performance.now()) });
  const { simulation } = await createFleet(t, server, { count: 10, rampPerSecond: 20 });
  simulation.start();
  await simulation.connected();
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  assert.ok(last - first >= 350, `10 vehicles in ${last - first} ms`);
});

test('a load that was measured says what came of it', async (t) => {
  const server = await startTelemetryServer(t, { answer: () => 'echo' });
  const result = await runLoad({
    url: server.url,
    ca: server.ca,
    certificates: server.authority,
    connections: 3,
    window: 4,
    perSecond: 0,
    mix: { V: 1 },
    durationMs: 150,
    warmupMs: 20,
    countsEcho: true,
  });
  assert.ok(result.acked > 10);
  assert.equal(result.unacked, 0);
  assert.equal(result.refused, 0);
  assert.ok(result.ackedPerSecond > 50 && result.cpuMicrosPerAck > 0);
  assert.equal(result.vehicles.connected, 3);
});

/** Runs vehicles that cannot connect until the simulation gives up, and returns what it said. */
async function refusalOf(
  t: Parameters<typeof createFleet>[0],
  server: Parameters<typeof createFleet>[1],
  options: Parameters<typeof createFleet>[2] = {},
): Promise<{ refusals: RefusalCount[]; error: SimulationError }> {
  const refusals: RefusalCount[] = [];
  const { simulation } = await createFleet(
    t,
    server,
    { count: 3, timing: { retryMs: 1 }, ...options },
    { onRefused: (refusal) => refusals.push(refusal) },
  );
  simulation.start();
  let error: unknown;
  await simulation.finished().catch((reason: unknown) => {
    error = reason;
  });
  assert.ok(error instanceof SimulationError);
  assert.equal(error.code, 'SIMULATION_REFUSED');
  assert.ok((simulation.stats().refusals[0]?.count ?? 0) >= 3);
  assert.equal(simulation.stats().vehicles.neverConnected, 3);
  return { refusals, error };
}

test('a server that nobody trusts is explained, once for all vehicles', async (t) => {
  const server = await startTelemetryServer(t);
  const other = await createAuthority({ commonName: 'Somebody else' });
  const { refusals, error } = await refusalOf(t, { ...server, ca: other.certificatePem });
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['server_not_trusted'],
  );
  assert.match(error.hint ?? '', /--ca/);
});

test('what is told when no vehicle could connect is the reason at the end, not one that has passed', () => {
  const statistics = new Statistics(0);
  const failure = (reason: string) => ({ reason, check: reason, whatToDo: '', code: '' });
  for (const reason of ['closed_in_handshake', 'connection_refused', 'closed_in_handshake', 'connection_refused'])
    statistics.refuse('A', failure(reason));
  assert.equal(statistics.lastRefusal?.reason, 'connection_refused');
});

test('a server of another name is explained', async (t) => {
  const server = await startTelemetryServer(t, { names: ['elsewhere.example.com'] });
  const { refusals } = await refusalOf(t, server);
  assert.equal(refusals[0]?.reason, 'server_name_mismatch');
  assert.match(refusals[0]?.check ?? '', /elsewhere\.example\.com/);
});

test('--insecure connects to either, on loopback', async (t) => {
  const server = await startTelemetryServer(t, { names: ['elsewhere.example.com'] });
  const { simulation } = await createFleet(t, server, { insecure: true, records: 1 });
  simulation.start();
  await simulation.finished();
  assert.equal(simulation.stats().acked, 1);
});

test('FT-TLS-3 certificates that the server does not trust are explained', async (t) => {
  const deviceAuthority = await createAuthority({ commonName: 'Another device CA' });
  const server = await startTelemetryServer(t, { deviceAuthority });
  const authority = await testAuthority();
  const { refusals } = await refusalOf(t, { ...server, devices: (count) => issueCredentials(authority, count) });
  assert.match(refusals[0]?.reason ?? '', /^(?:certificate_refused|closed_after_handshake)$/);
  assert.match(refusals[0]?.whatToDo ?? '', /trust the device CA/);
});

test('FT-WS-9 a server that drops vehicles at once is explained, and given up', async (t) => {
  const ways = [
    [(socket: WebSocket) => socket.terminate(), /without a close frame/],
    [(socket: WebSocket) => socket.close(1008, 'unauthorized certificate'), /1008 \(unauthorized certificate\)/],
  ] as const;
  for (const [onConnection, words] of ways) {
    const server = await startTelemetryServer(t, { onConnection });
    const { refusals } = await refusalOf(t, server);
    assert.deepEqual(
      refusals.map(({ reason }) => reason),
      ['identity_refused'],
    );
    assert.match(refusals[0]?.check ?? '', words);
    assert.match(refusals[0]?.whatToDo ?? '', new RegExp(VEHICLE_AUTHORITY_NAME));
  }
});

test('a server that is none of this protocol is explained', async (t) => {
  const server = await startTelemetryServer(t, { upgradeStatus: '404 Not Found' });
  const { refusals } = await refusalOf(t, server);
  assert.equal(refusals[0]?.reason, 'http_404');
});

test('a port on which nothing listens is explained', async (t) => {
  const server = await startTelemetryServer(t);
  const { refusals } = await refusalOf(t, { ...server, url: 'wss://127.0.0.1:1' });
  assert.deepEqual(
    refusals.map(({ reason, check }) => [reason, check]),
    [['connection_refused', 'nothing listens on 127.0.0.1:1']],
  );
});

test('replies that are none are counted and end nothing', async (t) => {
  const server = await startTelemetryServer(t, {
    answer: ({ txid }) =>
      txid.endsWith('1') ? Buffer.from('no flatbuffer') : txid.endsWith('2') ? 'blankError' : 'ack',
  });
  const { simulation } = await createFleet(t, server, { records: 9, perSecond: 200 });
  simulation.start();
  await eventually(() => server.records.length === 9 && simulation.stats().acked === 7, 'seven acks');
  const { unreadableReplies, unattributedRefusals, unacked, vehicles } = simulation.stats();
  assert.deepEqual(
    { unreadableReplies, unattributedRefusals, unacked },
    { unreadableReplies: 1, unattributedRefusals: 1, unacked: 2 },
  );
  assert.equal(vehicles.connected, 1);
});

test('counts begin anew when asked, and the recent latency is that since the last time', async (t) => {
  const server = await startTelemetryServer(t);
  const { simulation } = await createFleet(t, server, { perSecond: 200 });
  simulation.start();
  await eventually(() => simulation.stats().acked > 5, 'some acks');
  assert.ok(simulation.recentLatency().p99 > 0);
  await simulation.stop();
  simulation.resetStats();
  assert.equal(simulation.stats().sent, 0);
  assert.deepEqual(simulation.recentLatency(), { p50: 0, p99: 0 });
});
