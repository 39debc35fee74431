import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoCertificates } from '../src/actors/provisioning/index.js';
import {
  createSimulation,
  type DeviceCredentials,
  issueCredentials,
  openScratchSystem,
} from '../src/actors/simulation/index.js';
import { median, printRows, withFolder } from './report.js';

const CONNECTIONS = 200;
const WINDOW = 4;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 5_000;
const ROUNDS = 3;

const SERVERS = [
  ['echo', 'bare ws echo'],
  ['worker-echo', 'the same with TLS and frames in a worker thread'],
  ['received', 'acked on receipt, spooled and written to files'],
  ['spooled', 'acked after the durable spool, written to files'],
  ['spooled protobuf unkept', 'the same without last values of vehicles'],
  ['spooled jsonl', 'the same, decoded to JSON Lines'],
] as const;

interface Figures {
  readonly ackedPerSecond: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function ask<Answer>(child: ChildProcess): Promise<Answer> {
  const answer = once(child, 'message');
  child.send({});
  return (await answer)[0] as Answer;
}

async function measure(kind: string, folder: string, ca: string, vehicles: DeviceCredentials[]): Promise<Figures> {
  const script = fileURLToPath(new URL('./ingest-server.js', import.meta.url));
  const [server = '', format = 'protobuf', lastValues = 'kept'] = kind.split(' ');
  const child = fork(script, [server, folder, format, lastValues]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const { system, close } = await openScratchSystem();
  const simulation = createSimulation(
    {
      url: `wss://localhost:${port}`,
      ca,
      vehicles,
      perSecond: 0,
      window: WINDOW,
      fields: 40,
      mix: { V: 1, alerts: 0, errors: 0 },
      countsEcho: server.endsWith('echo'),
    },
    { system },
  );
  try {
    simulation.start();
    await simulation.connected();
    await pause(WARM_UP_MS);
    simulation.resetStats();
    const before = await ask<{ cpu: NodeJS.CpuUsage }>(child);
    await pause(MEASURED_MS);
    const after = await ask<{ cpu: NodeJS.CpuUsage }>(child);
    const { acked, durationMs, latency } = simulation.stats();
    const cpu = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
    return { ackedPerSecond: (acked * 1000) / durationMs, cpuMicros: cpu / acked, p50: latency.p50, p99: latency.p99 };
  } finally {
    await simulation.stop(1_000);
    await close();
    child.disconnect();
    await once(child, 'exit');
  }
}

await withFolder(async (folder) => {
  const { authority } = await demoCertificates(folder, { hosts: ['localhost'] });
  const vehicles = await issueCredentials(authority, CONNECTIONS);
  const figures = new Map<string, Figures[]>(SERVERS.map(([kind]) => [kind, []]));
  for (let round = 0; round < ROUNDS; round++) {
    // In turn, so that a drift of the machine's speed meets all of them.
    for (const [kind] of SERVERS) {
      figures.get(kind)?.push(await measure(kind, join(folder), authority.certificatePem, vehicles));
    }
  }
  const of = (kind: string, name: keyof Figures): number => median((figures.get(kind) ?? []).map((each) => each[name]));
  const echo = of('echo', 'cpuMicros');
  printRows(
    SERVERS.flatMap(([kind, label]) => [
      {
        name: `${label}: CPU a message`,
        value: of(kind, 'cpuMicros'),
        unit: 'µs',
        ...(kind === 'echo' ? {} : { against: echo }),
      },
      { name: '  acked', value: of(kind, 'ackedPerSecond'), unit: '/s' },
      { name: '  latency p50', value: of(kind, 'p50'), unit: 'ms' },
      { name: '  latency p99', value: of(kind, 'p99'), unit: 'ms' },
    ]),
  );
});
