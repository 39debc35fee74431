import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { DeviceCredentials } from '../src/actors/simulation/index.js';

const VARIABLE = 'FLEETCHART_REFERENCE_FLEET_TELEMETRY';
const OURS = fileURLToPath(new URL('../../bin/fleetchart.mjs', import.meta.url));
const LOOK_MS = 2;
const START_MS = 30_000;
const STOP_MS = 10_000;

/** Where records go, and what a configuration needs for it. */
export interface Sink {
  readonly name: string;
  /** The part of the configuration that says so; a destination that listens itself may have this port. */
  readonly config: (freePort: number) => object;
}

/** What is measured: a program, and when it acknowledges. */
export interface Party {
  readonly name: string;
  /** Our own keys of the configuration; absent for the reference. */
  readonly fleetchart?: {
    readonly ackWhen: 'received' | 'spooled';
    readonly lastValues?: { readonly enabled: boolean };
  };
}

export const REFERENCE: Party = { name: 'reference' };

/** Where the certificates are, and one that the servers let in. */
export interface Place {
  readonly folder: string;
  readonly ca: string;
  readonly vehicle: DeviceCredentials;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** From the start of the process until it let a vehicle in. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** The reference server's program. Without it there is nothing to compare with. */
export function referenceProgram(): string {
  const program = process.env[VARIABLE] ?? '';
  if (existsSync(program)) return program;
  const why = program === '' ? `${VARIABLE} does not name its program` : `there is no ${program}`;
  console.error(`cannot compare with the reference server: ${why}; docs/performance.md says how to build it`);
  process.exit(2);
}

/** Starts a server as an operator does: from its configuration file, with a log that is written to nowhere. */
export async function startServer(party: Party, sink: Sink, place: Place): Promise<RunningServer> {
  const folder = mkdtempSync(join(place.folder, 'server-'));
  const [port, metricsPort, sinkPort] = [await freePort(), await freePort(), await freePort()];
  const file = join(folder, 'server_config.json');
  writeFileSync(file, JSON.stringify({ ...configOf(party, place, port, metricsPort), ...sink.config(sinkPort) }));
  const startedAt = performance.now();
  const child = party.fleetchart
    ? spawn(
        process.execPath,
        [OURS, 'run', 'fleet-telemetry', `-config=${file}`, `-data=${join(folder, 'data')}`],
        NOWHERE,
      )
    : spawn(referenceProgram(), [`-config=${file}`], NOWHERE);
  while (!(await letsIn(port, place))) {
    if (child.exitCode !== null) throw new Error(`${party.name} ended with ${child.exitCode}; try ${file}`);
    if (performance.now() - startedAt > START_MS) throw new Error(`${party.name} did not start`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const startMs = performance.now() - startedAt;
  return { pid: child.pid as number, port, startMs, stop: () => stop(child) };
}

const NOWHERE = { stdio: 'ignore' } as const;

function configOf({ fleetchart }: Party, { folder }: Place, port: number, metricsPort: number): object {
  return {
    host: '127.0.0.1',
    port,
    log_level: 'info',
    json_log_enable: true,
    namespace: 'bench',
    tls: { server_cert: join(folder, 'hub.crt'), server_key: join(folder, 'hub.key'), ca_file: join(folder, 'ca.crt') },
    // The reference counts only if somebody may ask.
    monitoring: { prometheus_metrics_port: metricsPort },
    ...(fleetchart && { fleetchart }),
  };
}

/** Whether a vehicle's certificate is accepted; under TLS 1.3 only the first answer says so. */
function letsIn(port: number, { ca, vehicle }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const { certificatePem: cert, keyPem: key } = vehicle;
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, cert, key });
    const settle = (isIn: boolean) => () => {
      resolve(isIn);
      socket.destroy();
    };
    socket.on('secureConnect', () => socket.write('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.once('data', settle(true));
    socket.on('error', settle(false));
    socket.on('close', settle(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exit;
  clearTimeout(timer);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
