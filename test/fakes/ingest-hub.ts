import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  issueDeviceCertificate,
  issueServerCertificate,
} from '../../src/actors/provisioning/index.js';
import { createHub, type Hub } from '../../src/hub.js';
import { checkServerConfig, configOf } from '../../src/hub-config.js';
import {
  type Clock,
  createLogger,
  ManualClock,
  type RootLogger,
  systemClock,
  systemIds,
} from '../../src/runtime/index.js';
import { temporaryFolder } from './runtime.js';
import { type Credentials, Vehicle, type VehicleOptions } from './vehicle.js';

/** Of vehicles that a test does not name. */
export const VIN = 'VIN00000000000001';

const DEADLINE_MS = 60_000;

/** What tests issue certificates with; made once a process. */
export interface TestCertificates {
  readonly authority: Authority;
  readonly server: IssuedCertificate;
  device(vin: string): Promise<IssuedCertificate>;
}

let certificates: Promise<TestCertificates> | undefined;

/** An authority whose name means vehicles (FT-ID-2), a server certificate for loopback, and one for each VIN. */
export function testCertificates(): Promise<TestCertificates> {
  certificates ??= (async () => {
    const authority = await createAuthority({ commonName: 'Tesla Motors Products CA', organization: 'Test Co' });
    const server = await issueServerCertificate(authority, { names: ['localhost', '127.0.0.1'] });
    const devices = new Map<string, Promise<IssuedCertificate>>();
    return {
      authority,
      server,
      device: (vin) => {
        const issued = devices.get(vin) ?? issueDeviceCertificate(authority, { commonName: vin });
        devices.set(vin, issued);
        return issued;
      },
    };
  })();
  return certificates;
}

/** One line of a record file. */
export interface RecordLine {
  readonly type: string;
  readonly vin: string;
  readonly createdAt: number;
  readonly receivedAt: number;
  readonly txid: string;
  readonly data: unknown;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface IngestHubOptions {
  readonly clock?: Clock;
  /** Data of an earlier run. */
  readonly folder?: string;
  /** Other certificates: `hub.crt`, `hub.key`, `ca.crt`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it has an HTTP API and a console, at `hub.urls().http`. */
  readonly http?: boolean;
  /** Called with the hub before it starts. */
  readonly made?: (hub: Hub) => void;
}

/** A hub in this process that takes telemetry on a port of its own. */
export interface IngestHub {
  readonly hub: Hub;
  readonly port: number;
  /** Holds `config.json`, the certificates and the data. */
  readonly folder: string;
  readonly logger: RootLogger;
  readonly log: readonly LogLine[];
  /** What the root supervisor gave up with, if it did. */
  readonly escalations: readonly unknown[];
  /** Connects a vehicle with a certificate for its VIN. */
  vehicle(vin?: string, options?: Partial<VehicleOptions>): Promise<Vehicle>;
  /** What a client of this VIN connects with. */
  access(vin?: string): Promise<{ port: number; ca: string; cert: string; key: string }>;
  /** What the file dispatcher has written, in order. */
  records(): RecordLine[];
  /** Waits until the files hold what is asked for. */
  recorded(isEnough: (records: readonly RecordLine[]) => boolean, what: string): Promise<readonly RecordLine[]>;
  /** Value of a metric with these labels, 0 if it has none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Waits for a line of the log. */
  logged(message: string, fields?: Readonly<Record<string, unknown>>): Promise<LogLine>;
  stop(deadlineMs?: number): Promise<void>;
}

type Config = Readonly<Record<string, unknown>>;

/** Writes a `server_config.json` with certificates into `folder`; `config` stands over what a test usually wants. */
export async function writeServerConfig(
  folder: string,
  config: Config = {},
  files: IngestHubOptions['files'] = {},
): Promise<string> {
  const { authority, server } = await testCertificates();
  const all = { 'hub.crt': server.chainPem, 'hub.key': server.keyPem, 'ca.crt': authority.certificatePem, ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const path = (name: string): string => join(folder, name);
  const whole = {
    host: '127.0.0.1',
    port: 0,
    json_log_enable: true,
    log_level: 'debug',
    records: { V: ['file'], alerts: ['file'], errors: ['file'], connectivity: ['file'] },
    tls: { server_cert: path('hub.crt'), server_key: path('hub.key'), ca_file: path('ca.crt') },
    ...config,
  };
  writeFileSync(path('config.json'), JSON.stringify(whole));
  return path('config.json');
}

export async function startIngestHub(
  t: TestContext,
  config: Config = {},
  options: IngestHubOptions = {},
): Promise<IngestHub> {
  const { clock = systemClock, folder = temporaryFolder(t), environment = {} } = options;
  const { authority, device } = await testCertificates();
  const file = await writeServerConfig(folder, config, options.files);
  const telemetry = configOf(checkServerConfig({ file, environment, sets: [], assignments: [] }));
  const log: LogLine[] = [];
  const write = (line: string): void => void log.push(JSON.parse(line) as LogLine);
  const logger = createLogger({ level: telemetry.log.level, clock, destination: { write } });
  const dataDir = join(folder, 'data');
  const http = options.http ? { http: { host: '127.0.0.1', port: 0, tokens: [], allowedHosts: [] } } : {};
  const hub = await createHub({ dataDir, telemetry, ...http }, { clock, ids: systemIds, logger, version: '0.0.0' });
  options.made?.(hub);
  const escalations: unknown[] = [];
  let isRunning = true;
  const vehicles = new Set<Vehicle>();
  const stop = async (deadlineMs = 10_000): Promise<void> => {
    if (!isRunning) return;
    isRunning = false;
    const stopped = hub.stop(deadlineMs);
    if (!(clock instanceof ManualClock)) return stopped;
    let isStopped = false;
    const noted = stopped.finally(() => {
      isStopped = true;
    });
    // About as fast as time passes for the disk.
    while (!isStopped) {
      await clock.advance(2);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return noted;
  };
  t.after(async () => {
    for (const vehicle of vehicles) vehicle.socket.terminate();
    await stop(2_000);
  });
  await hub.start((error) => escalations.push(error));
  const port = Number(new URL(hub.urls().telemetry ?? '').port);
  const records = (): RecordLine[] => readRecords(join(dataDir, 'records'));
  return {
    hub,
    port,
    folder,
    logger,
    log,
    escalations,
    vehicle: async (vin = VIN, more = {}) => {
      const credentials: Credentials = await device(vin);
      const vehicle = await Vehicle.open({ port, vin, credentials, serverCa: authority.certificatePem, ...more });
      vehicles.add(vehicle);
      // A client is ready before the chart of its connection has heard of it.
      const isNew = () => hub.system.byState().get('vehicle-connection')?.has('handshaking');
      await eventually(() => !isNew(), 'the connection');
      return vehicle;
    },
    access: async (vin = VIN) => {
      const { chainPem, keyPem } = await device(vin);
      return { port, ca: authority.certificatePem, cert: chainPem, key: keyPem };
    },
    records,
    recorded: async (isEnough, what) => {
      await eventually(() => isEnough(records()), what);
      return records();
    },
    metric: (name, labels) => metricOf(hub, name, labels),
    logged: async (message, fields = {}) => {
      const find = (): LogLine | undefined =>
        log.find(
          (line) => line.msg === message && Object.entries(fields).every(([name, value]) => line[name] === value),
        );
      await eventually(() => find() !== undefined, `a line ${message} ${JSON.stringify(fields)}`);
      return find() as LogLine;
    },
    stop,
  };
}

/** Puts something in the way of the file dispatcher, so that it cannot open its folder; returns how to clear the way. */
export function obstructFiles(folder: string): () => void {
  mkdirSync(join(folder, 'data'), { recursive: true });
  const way = join(folder, 'data', 'records');
  writeFileSync(way, 'in the way');
  return () => rmSync(way);
}

/** Looks at something outside the process again and again until it is so. */
export async function eventually(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isTrue())) {
    assert.ok(performance.now() < end, `in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** All whole lines of the record files of a folder, oldest first. */
export function readRecords(directory: string): RecordLine[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  const numberOf = (name: string): number => Number(/-(\d+)\.jsonl/.exec(name)?.[1] ?? 0);
  return names
    .filter((name) => name.includes('.jsonl'))
    .sort((a, b) => numberOf(a) - numberOf(b))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as RecordLine);
}

async function metricOf(hub: Hub, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  for (const line of (await hub.metrics.text()).split('\n')) {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const given = match[2] ?? '';
    if (wanted.every((label) => given.includes(label))) return Number(match[3]);
  }
  return 0;
}
