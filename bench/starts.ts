/**
 * How long a process takes until it does what it was started for, and the CPU time of it: ingest alone until it lets a
 * vehicle in, a hub until everything runs, commands until they end. All against a process of Node.js that does nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoCertificates } from '../src/actors/provisioning/index.js';
import { issueCredentials } from '../src/actors/simulation/index.js';
import { cpuSeconds } from './process-cost.js';
import { freePort, type Party, type Place, type Sink, startServer } from './reference-servers.js';
import { median, printRows, withFolder } from './report.js';

const ROUNDS = 10;
const PROGRAM = fileURLToPath(new URL('../../bin/fleetchart.mjs', import.meta.url));
/** Has a process say at its end what it cost. */
const TELLING =
  "data:text/javascript,import { writeSync } from 'node:fs';process.on('exit',()=>{const{user,system}=process.cpuUsage();writeSync(3,String((user+system)/1000))})";

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function command(args: readonly string[]): Promise<Cost> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', TELLING, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  await once(child, 'close');
  return { wallMs: performance.now() - startedAt, cpuMs: Number(told) };
}

async function ingest(place: Place): Promise<Cost> {
  const party: Party = { name: 'ingest', fleetchart: { ackWhen: 'spooled' } };
  const sink: Sink = { name: 'log', config: () => ({ records: { V: ['logger'] } }) };
  const server = await startServer(party, sink, place);
  const cost = { wallMs: server.startMs, cpuMs: cpuSeconds(server.pid) * 1_000 };
  await server.stop();
  return cost;
}

async function hub({ folder }: Place): Promise<Cost> {
  const own = mkdtempSync(join(folder, 'hub-'));
  const [port, http] = [await freePort(), await freePort()];
  const [server_cert, server_key, ca_file] = ['hub.crt', 'hub.key', 'ca.crt'].map((name) => join(folder, name));
  const telemetry = { host: '127.0.0.1', port, tls: { server_cert, server_key, ca_file }, records: { V: ['file'] } };
  const file = join(own, 'hub.json');
  writeFileSync(file, JSON.stringify({ dataDir: own, http: { port: http }, telemetry }));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PROGRAM, 'hub', '--config', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  await Promise.race([once(child.stdout, 'data'), failed(child)]);
  const cost = { wallMs: performance.now() - startedAt, cpuMs: cpuSeconds(child.pid as number) * 1_000 };
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  return cost;
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`the hub ended with ${code}`);
}

await withFolder(async (folder) => {
  const { authority } = await demoCertificates(folder, { hosts: ['localhost'] });
  const [vehicle] = await issueCredentials(authority, 1);
  if (!vehicle) return;
  const place: Place = { folder, ca: authority.certificatePem, vehicle };
  const clientConfig = ['--hostname', 'localhost', '--ca', join(folder, 'ca.crt'), '--field', 'VehicleSpeed=10'];
  const server = ['--server-cert', join(folder, 'hub.crt'), '--port', '4443'];
  const cases: Readonly<Record<string, () => Promise<Cost>>> = {
    'node -e 0': () => command(['-e', '0']),
    'fleetchart --help': () => command([PROGRAM, '--help']),
    'fleetchart ctl telemetry client-config': () =>
      command([PROGRAM, 'ctl', 'telemetry', 'client-config', ...clientConfig, ...server]),
    'fleetchart config check config/hub.yaml': () => command([PROGRAM, 'config', 'check', 'config/hub.yaml']),
    'fleetchart run fleet-telemetry, a vehicle is let in': () => ingest(place),
    'fleetchart hub, everything runs': () => hub(place),
  };
  const costs = new Map<string, Cost[]>(Object.keys(cases).map((name) => [name, []]));
  // In turns, so that a drift of the machine's speed meets all of them; the first round warms the disk's cache.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, measure] of Object.entries(cases)) {
      const cost = await measure();
      if (round > 0) costs.get(name)?.push(cost);
    }
  }
  const rows = (unit: string, of: (cost: Cost) => number) => {
    const medians = [...costs].map(([name, all]) => ({ name, value: median(all.map(of)), unit }));
    const [first, ...others] = medians;
    printRows([...(first ? [first] : []), ...others.map((row) => ({ ...row, against: first?.value ?? Number.NaN }))]);
  };
  console.log('  time');
  rows('ms', ({ wallMs }) => wallMs);
  console.log('  CPU of all threads');
  rows('ms', ({ cpuMs }) => cpuMs);
});
