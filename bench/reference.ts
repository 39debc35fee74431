/**
 * Our server against the reference server, each as a process of its own with the same configuration file, loaded by the
 * same vehicles in a third process. What a server costs is the CPU time of all its threads, so that it does not matter
 * how many cores it finds, nor what the vehicles take of them. The servers take turns, so that a drift of the machine's
 * speed meets all of them; ratios are made within a round.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { demoCertificates } from '../src/actors/provisioning/index.js';
import { issueCredentials } from '../src/actors/simulation/index.js';
import { cpuSeconds, residentBytes } from './process-cost.js';
import type { Idle } from './reference-idle.js';
import type { Load, LoadFigures } from './reference-load.js';
import { type Party, type Place, REFERENCE, referenceProgram, type Sink, startServer } from './reference-servers.js';
import { withSinks } from './reference-sinks.js';
import { note, print, type Values } from './reference-tables.js';
import { withFolder } from './report.js';

const VEHICLES = 200;
const WINDOW = 4;
/** Some 900 bytes of protobuf. */
const FIELDS = 40;
const WARM_UP_MS = 1_500;
const MEASURED_MS = 2_500;
const ROUNDS = 3;
/** Records a second of each vehicle where latency is measured: a fifth of what the slowest server can do. */
const CALM_PER_SECOND = 10;
const IDLE_CONNECTIONS = 5_000;
const HANDSHAKES_AT_ONCE = 32;
const SETTLE_MS = 8_000;
const STARTS = 5;

const RECEIVED: Party = { name: 'ours, acked on receipt', fleetchart: { ackWhen: 'received' } };
const SPOOLED: Party = { name: 'ours, durable before the ack', fleetchart: { ackWhen: 'spooled' } };
/** The reference keeps nothing of what vehicles say: this is the same work. */
const WITHOUT_VALUES: Party = {
  name: 'the same without last values',
  fleetchart: { ackWhen: 'spooled', lastValues: { enabled: false } },
};

async function ask<Answer>(child: ChildProcess, message: object): Promise<Answer> {
  const answer = once(child, 'message');
  child.send(message);
  const outcome = await Promise.race([answer, once(child, 'exit').then(() => undefined)]);
  if (!outcome) throw new Error('the vehicles ended');
  return outcome[0] as Answer;
}

async function withChild<T>(script: string, use: (child: ChildProcess) => Promise<T>): Promise<T> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)));
  try {
    return await use(child);
  } finally {
    const exit = once(child, 'exit');
    if (child.connected) child.disconnect();
    if (child.exitCode === null) await exit;
  }
}

/** Lets the vehicles drive and tells what happened while it was measured, with the CPU seconds of the server. */
async function drive(pid: number, load: Load): Promise<LoadFigures & { cpu: number }> {
  return withChild('./reference-load.js', async (child) => {
    await ask(child, load);
    await pause(WARM_UP_MS);
    await ask(child, {});
    const before = cpuSeconds(pid);
    await pause(MEASURED_MS);
    const cpu = cpuSeconds(pid) - before;
    return { ...(await ask<LoadFigures>(child, {})), cpu };
  });
}

async function throughput(sink: Sink, place: Place, load: Omit<Load, 'port'>, hasLatency: boolean): Promise<void> {
  const [perCpu, perSecond, cost, p50, p99, calmCost]: Values[] = Array.from({ length: 6 }, () => new Map());
  for (let round = 0; round < ROUNDS; round++) {
    for (const party of [REFERENCE, RECEIVED, SPOOLED, WITHOUT_VALUES]) {
      const server = await startServer(party, sink, place);
      try {
        const full = await drive(server.pid, { ...load, port: server.port });
        note(perCpu as Values, party.name, full.acked / full.cpu);
        note(cost as Values, party.name, (full.cpu * 1e6) / full.acked);
        note(perSecond as Values, party.name, (full.acked * 1000) / full.durationMs);
        if (!hasLatency) continue;
        const calm = await drive(server.pid, { ...load, port: server.port, perSecond: CALM_PER_SECOND, window: 32 });
        note(p50 as Values, party.name, calm.p50);
        note(p99 as Values, party.name, calm.p99);
        note(calmCost as Values, party.name, (calm.cpu * 1e6) / calm.acked);
      } finally {
        await server.stop();
      }
    }
  }
  console.log(`\n== ${sink.name} ==`);
  print('acked records a CPU second, at full load', '/s', perCpu as Values, 'ours/its');
  print('CPU of an acked record', 'µs', cost as Values);
  print('acked records a second (with the vehicles beside)', '/s', perSecond as Values);
  if (!hasLatency) return;
  const rate = CALM_PER_SECOND * load.vehicles.length;
  print(`ack latency at ${rate} records a second, p50`, 'ms', p50 as Values, 'ours/its');
  print('  the same, p99', 'ms', p99 as Values, 'ours/its');
  print('  CPU of an acked record at that rate', 'µs', calmCost as Values, 'ours/its');
}

/** One round: what a connection takes is an average of thousands already. */
async function idleMemory(sink: Sink, place: Place, vehicles: Load['vehicles']): Promise<void> {
  const [each, whole]: Values[] = [new Map(), new Map()];
  for (const party of [REFERENCE, SPOOLED]) {
    const server = await startServer(party, sink, place);
    try {
      await pause(1_000);
      const before = residentBytes(server.pid);
      const idle: Idle = {
        port: server.port,
        ca: place.ca,
        vehicles,
        connections: IDLE_CONNECTIONS,
        atOnce: HANDSHAKES_AT_ONCE,
      };
      await withChild('./reference-idle.js', async (child) => {
        const { connections } = await ask<{ connections: number }>(child, idle);
        await pause(SETTLE_MS);
        const after = residentBytes(server.pid);
        note(each as Values, party.name, (after - before) / connections / 1024);
        note(whole as Values, party.name, after / 2 ** 20);
      });
    } finally {
      await server.stop();
    }
  }
  console.log(`\n== ${IDLE_CONNECTIONS} idle connections, each after one record ==`);
  print('resident memory of a connection', 'kB', each as Values, 'ours/its');
  print('resident memory of the whole server', 'MB', whole as Values, 'ours/its');
}

async function startTimes(sink: Sink, place: Place): Promise<void> {
  const starts: Values = new Map();
  for (let round = 0; round < STARTS; round++) {
    for (const party of [REFERENCE, SPOOLED]) {
      const server = await startServer(party, sink, place);
      note(starts, party.name, server.startMs);
      await server.stop();
    }
  }
  console.log('\n== start ==');
  print('until a vehicle is let in', 'ms', starts, 'ours/its');
}

referenceProgram();
console.log(`  ${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.version}, ${new Date().toISOString()}`);
await withFolder(async (folder) => {
  const { authority } = await demoCertificates(folder, { hosts: ['localhost'] });
  const vehicles = await issueCredentials(authority, VEHICLES);
  const [vehicle] = vehicles;
  if (!vehicle) return;
  const ca = authority.certificatePem;
  const place: Place = { folder, ca, vehicle };
  const load = { ca, vehicles, perSecond: 0, window: WINDOW, fields: FIELDS };
  await withSinks(async (sinks) => {
    const [first] = sinks;
    if (!first) return;
    for (const sink of sinks) await throughput(sink, place, load, sink === first);
    await idleMemory(first, place, vehicles);
    await startTimes(first, place);
  });
});
