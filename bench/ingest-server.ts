/**
 * The server side of the ingest benchmark, in a process of its own: `echo` (a bare `ws` server with the same TLS),
 * `worker-echo` (the same in a worker thread) or a hub that acknowledges when `received` or `spooled`. Says its port, then
 * its CPU time whenever it is asked.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { createHub } from '../src/hub.js';
import { checkHubConfig, configOf } from '../src/hub-config.js';
import { silentLogger, systemClock, systemIds } from '../src/runtime/index.js';
import { workerEcho } from './worker-echo.js';

const [, , kind = 'echo', folder = '.', format = 'protobuf', lastValues = 'kept'] = process.argv;
const files = { cert: `${folder}/hub.crt`, key: `${folder}/hub.key`, ca: `${folder}/ca.crt` };

async function echo(): Promise<number> {
  const server = createServer({
    cert: readFileSync(files.cert),
    key: readFileSync(files.key),
    ca: readFileSync(files.ca),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function hub(ackWhen: string): Promise<number> {
  const records = { V: ['file'], alerts: ['file'], errors: ['file'] };
  const telemetry = {
    host: '127.0.0.1',
    port: 0,
    tls: { server_cert: files.cert, server_key: files.key, ca_file: files.ca },
    records,
    fleetchart: { ackWhen, file: { format }, lastValues: { enabled: lastValues === 'kept' } },
  };
  const assign = (path: string[], value: unknown) =>
    ({ path, value, source: { kind: 'option', option: 'bench' } }) as const;
  const dataDir = `${folder}/${ackWhen}-${format}-${lastValues}`;
  const assignments = [assign(['dataDir'], dataDir), assign(['telemetry'], telemetry)];
  const { http: _http, ...parts } = configOf(checkHubConfig({ assignments }));
  const clock = systemClock;
  const running = await createHub(parts, { clock, ids: systemIds, logger: silentLogger(), version: 'bench' });
  await running.start((error) => {
    throw error;
  });
  return Number(new URL(running.urls().telemetry ?? '').port);
}

const ports = { echo, 'worker-echo': () => workerEcho(folder) };
const port = await (ports[kind as keyof typeof ports] ?? (() => hub(kind)))();
process.on('message', () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss }));
process.on('disconnect', () => process.exit(0));
process.send?.({ port });
