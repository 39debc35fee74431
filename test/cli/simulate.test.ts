import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { provisionAuthority, provisionDevices } from '../../src/actors/provisioning/index.js';
import type { SimulationStats } from '../../src/actors/simulation/index.js';
import { Statistics } from '../../src/actors/simulation/statistics.js';
import { runProgram } from '../../src/cli/program.js';
import { progressLine, renderSummary } from '../../src/cli/simulate-report.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { type FakeServerOptions, startTelemetryServer } from '../fakes/telemetry-server.js';
import { FakeTerminal } from './fake-terminal.js';
import { runCommand } from './run-command.js';

/** A server, and its authority in a folder as `provision ca` leaves it. */
async function startServer(t: TestContext, options: FakeServerOptions = {}) {
  const server = await startTelemetryServer(t, options);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'ca.crt'), server.authority.certificatePem);
  writeFileSync(join(folder, 'ca.key'), server.authority.keyPem, { mode: 0o600 });
  return { server, folder };
}

const simulate = (url: string, ...args: string[]) => runCommand(['simulate', '--url', url, ...args]);

test('a load with certificates issued on the fly ends with a summary and 0', async (t) => {
  const { server, folder } = await startServer(t);
  const args = ['--device-ca', folder, '--vehicles', '3', '--records', '30', '--rate', '100', '--vin-prefix', 'TEST'];
  const { exitCode, stdout, stderr } = await simulate(server.url, ...args);
  assert.deepEqual([exitCode, stderr], [0, '']);
  assert.equal(server.records.length, 30);
  assert.ok(server.records.every(({ vin }) => /^TEST0{12}[123]$/.test(vin)));
  assert.match(stdout, /^3 vehicles, [\d.]+ s, wss:\/\/localhost:\d+\n {2}sent +30 records/);
  assert.match(stdout, /acked +30,/);
  assert.match(stdout, /un-acked +0\n/);
  assert.match(stdout, /ack latency +p50 [\d.]+ ms, p90/);
});

test('CLI-1 --json prints the same for programs', async (t) => {
  const { server, folder } = await startServer(t);
  const { exitCode, stdout } = await simulate(
    server.url,
    ...['--device-ca', folder, '--vehicles', '2', '--records', '8', '--rate', 'max', '--mix', 'V=1', '--json'],
  );
  assert.equal(exitCode, 0);
  const data = JSON.parse(stdout) as SimulationStats & { ok: boolean; ackedPerSecond: number };
  assert.deepEqual([data.ok, data.sent, data.acked, data.unacked], [true, 8, 8, 0]);
  assert.deepEqual(data.byTopic.V, { sent: 8, acked: 8, refused: 0 });
  assert.equal(data.vehicles.connected, 2);
  assert.ok(data.ackedPerSecond > 0 && data.latency.p99 > 0);
});

test('a load with certificates from a folder takes its VINs from them', async (t) => {
  const { server, folder } = await startServer(t);
  const directory = join(folder, 'devices');
  await provisionDevices({
    authorityDirectory: folder,
    directory,
    names: ['VIN-B', 'VIN-A', 'VIN-C'],
    sharedKey: true,
  });
  const args = ['--cert-dir', directory, '--records', '6', '--rate', '100'];
  const { exitCode } = await simulate(server.url, ...args, '--vehicles', '2');
  assert.equal(exitCode, 0);
  assert.deepEqual(new Set(server.records.map(({ vin }) => vin)), new Set(['VIN-A', 'VIN-B']));
  const tooFew = await simulate(server.url, ...args, '--vehicles', '4');
  assert.equal(tooFew.exitCode, 1);
  assert.match(tooFew.stderr, /holds 3 device certificates, and 4 vehicles need one each/);
  assert.match(tooFew.stderr, /provision device --count 4 --ca DIR --out /);
  const one = await simulate(server.url, '--cert-dir', join(directory, 'VIN-A'), '--records', '6', '--vehicles', '2');
  assert.match(one.stderr, /holds 1 device certificate, and 2 vehicles need one each/);
});

test('records un-acked at the end make it end with 1, unless that is allowed', async (t) => {
  const { server, folder } = await startServer(t, { answer: () => 'nothing' });
  const args = ['--device-ca', folder, '--vehicles', '1', '--duration', '0.2', '--rate', '50', '--drain', '0.05'];
  const lost = await simulate(server.url, ...args);
  assert.equal(lost.exitCode, 1);
  assert.match(lost.stdout, /records may be lost: no reply came for them/);
  assert.equal((await simulate(server.url, ...args, '--allow-unacked')).exitCode, 0);
});

test('a server that accepts nobody ends the load with 1, explained once', async (t) => {
  const { server } = await startServer(t);
  const folder = temporaryFolder(t);
  await provisionAuthority({ directory: folder, commonName: 'Another CA' });
  const { exitCode, stderr, stdout } = await simulate(server.url, '--device-ca', folder, '--vehicles', '5');
  assert.equal(exitCode, 1);
  assert.equal(stdout, '');
  assert.equal(stderr.match(/cannot connect/g)?.length, 1, stderr);
  assert.match(stderr, /give --ca the file of the authority/);
});

test('CLI-2 wrong usage ends with 2 and says what to do', async (t) => {
  const folder = temporaryFolder(t);
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['--url', 'wss://localhost:1'], /--device-ca DIR/],
    [['--url', 'wss://localhost:1', '--device-ca', folder, '--cert-dir', folder], /exclude each other/],
    [['--device-ca', folder], /--url/],
    [['--url', 'wss://localhost:1', '--vehicles', '0'], /whole number above 0/],
    [['--url', 'wss://localhost:1', '--rate', 'fast'], /number above 0/],
    [['--url', 'wss://localhost:1', '--mix', 'X=1'], /topic of V, alerts, errors/],
    [['--url', 'wss://localhost:1', '--window', '-1'], /whole number/],
  ];
  for (const [args, words] of cases) {
    const { exitCode, stderr } = await runCommand(['simulate', ...args]);
    assert.equal(exitCode, 2, args.join(' '));
    assert.match(stderr, words);
  }
});

test('a server on another machine is left alone unless it is named twice', async (t) => {
  const { folder } = await startServer(t);
  const { exitCode, stderr } = await simulate('wss://telemetry.example.com', '--device-ca', folder);
  assert.equal(exitCode, 2);
  assert.match(stderr, /--yes-load telemetry\.example\.com/);
});

test('progress is shown to a person', async (t) => {
  const { server, folder } = await startServer(t);
  const terminal = new FakeTerminal();
  terminal.isInteractive = true;
  terminal.columns = 200;
  const args = ['--url', server.url, '--device-ca', folder, '--vehicles', '2', '--rate', '20', '--duration', '1.2'];
  assert.equal(await runProgram(['simulate', ...args], terminal), 0);
  assert.match(terminal.stderr, /2\/2 connected · \d+ sent\/s · \d+ acked\/s · \d+ un-acked · 0 refused · p50/);
});

test('vehicles that did not come back are the reason for un-acked records, ahead of a rate limit', () => {
  const stats = (unacked: number): SimulationStats => ({
    ...new Statistics(0).summary(1_000, { total: 2, connected: 1, notConnected: 1, neverConnected: 0 }, unacked),
  });
  const gone = renderSummary(stats(4), 'wss://localhost:1', { notConnected: 1, theirUnacked: 4 });
  assert.match(gone, /not back +1 vehicle not connected at the end\n/);
  assert.match(
    gone,
    /4 records may be lost: no reply came for them\n +4 of 1 vehicle that was not connected at the end/,
  );
  assert.doesNotMatch(gone, /rate_limit/);
  const both = renderSummary(stats(5), 'wss://localhost:1', { notConnected: 2, theirUnacked: 4 });
  assert.ok(both.indexOf('4 of 2 vehicles') > 0 && both.indexOf('4 of 2 vehicles') < both.indexOf('rate_limit'));
  assert.doesNotMatch(renderSummary(stats(5), '', { notConnected: 0, theirUnacked: 0 }), /not back/);
});

test('rates of a progress line are those of the time since the last one', () => {
  const stats = (durationMs: number, sent: number): SimulationStats =>
    ({
      durationMs,
      sent,
      acked: sent - 2,
      refused: 1,
      unattributedRefusals: 1,
      unacked: 1234,
      vehicles: { total: 2000, connected: 1999 },
    }) as SimulationStats;
  assert.equal(
    progressLine(stats(10_000, 50_000), stats(9_000, 48_000), { p50: 3.14, p99: 27.1 }),
    '1,999/2,000 connected · 2,000 sent/s · 2,000 acked/s · 1,234 un-acked · 2 refused · p50 3.1 ms p99 27 ms',
  );
});
