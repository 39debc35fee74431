import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HubProcess } from '../fakes/hub-process.js';
import { testCertificates, VIN, writeServerConfig } from '../fakes/ingest-hub.js';
import { freePort } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { type Credentials, Vehicle } from '../fakes/vehicle.js';

const DEADLINE_MS = 60_000;
const MOST_GROWTH_BYTES = 256 * 1024 * 1024;

/** A hub as a process of its own, with each port that it can have. */
export class HubUnderNoise {
  private memoryBytes = 0;

  private constructor(
    readonly process: HubProcess,
    readonly ports: Readonly<Record<'telemetry' | 'http' | 'mqtt' | 'status' | 'metrics' | 'profiler', number>>,
    readonly credentials: Credentials,
    readonly serverCa: string,
  ) {}

  static async start(t: TestContext): Promise<HubUnderNoise> {
    const folder = temporaryFolder(t);
    const peer = join(folder, 'peer');
    mkdirSync(peer);
    const [status = 0, metrics = 0, profiler = 0, mqtt = 0] = await Promise.all(Array.from({ length: 4 }, freePort));
    const file = await writeServerConfig(peer, {
      log_level: 'info',
      records: { V: ['file'], alerts: ['file'], errors: ['file'], connectivity: ['file'] },
      status_port: status,
      monitoring: { prometheus_metrics_port: metrics, profiler_port: profiler },
      fleetchart: { statusHost: '127.0.0.1' },
    });
    const config = join(folder, 'hub.json');
    const embedded = { enabled: true, port: mqtt };
    const dataDir = join(folder, 'data');
    writeFileSync(config, JSON.stringify({ dataDir, http: { port: 0 }, mqtt: { embedded }, telemetry: { file } }));
    const hub = new HubProcess(t, ['hub', '--config', config]);
    const telemetry = await hub.port();
    const http = Number(new URL(String((await hub.logged('http server listening'))['url'])).port);
    const { authority, device } = await testCertificates();
    const ports = { telemetry, http, mqtt, status, metrics, profiler };
    const under = new HubUnderNoise(hub, ports, await device(VIN), authority.certificatePem);
    under.memoryBytes = await under.metric('process_resident_memory_bytes');
    return under;
  }

  vehicle(): Promise<Vehicle> {
    const { credentials, serverCa, ports } = this;
    return Vehicle.open({ port: ports.telemetry, vin: VIN, credentials, serverCa });
  }

  /** The sum of what `/metrics` has under a name. */
  async metric(name: string): Promise<number> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const text = await (await fetch(`http://127.0.0.1:${this.ports.http}/metrics`, { signal })).text();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** It lives, has thrown nothing to the top, has not grown, and does what it is for. */
  async isWell(): Promise<void> {
    const { process } = this;
    assert.equal(process.exit, undefined, process.words.join('\n'));
    assert.deepEqual(process.words, []);
    assert.equal(await this.metric('process_uncaught_errors_total'), 0);
    const growth = (await this.metric('process_resident_memory_bytes')) - this.memoryBytes;
    assert.ok(growth < MOST_GROWTH_BYTES, `${growth} bytes more`);
    const failures = process.log.filter(({ level, msg }) => level === 'fatal' || msg === 'actor_failed');
    assert.deepEqual(failures, []);
    const car = await this.vehicle();
    assert.equal((await car.ask({ txid: `well-${process.log.length}` })).kind, 'ack');
    await car.close();
  }
}

/** Says something over a connection, and gives back what comes until the other side has hung up. */
export function said(port: number, bytes: string | Uint8Array): Promise<string> {
  return heard(connect({ port, host: '127.0.0.1', allowHalfOpen: true }), bytes);
}

/** Likewise over one that is made already. */
export function heard(socket: Socket, bytes: string | Uint8Array): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`nobody hangs up after ${Buffer.from(bytes).toString('latin1').slice(0, 200)}`));
    }, DEADLINE_MS);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.end(bytes);
  });
}
