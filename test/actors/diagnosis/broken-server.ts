import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { WebSocketServer } from 'ws';
import { diagnoseTls, type TlsDiagnosis, type TlsDiagnosisOptions } from '../../../src/actors/diagnosis/index.js';
import { systemClock } from '../../../src/runtime/index.js';
import { testCertificates, VIN } from '../../fakes/ingest-hub.js';

export interface BrokenServer extends TlsOptions {
  /** @default "mtls ok" with a date */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void;
  /** What becomes of an upgrade. @default it stays open */
  readonly upgrade?: 'open' | 'drop' | 'refuse';
}

/** A server of telemetry whose every part may be wrong; its port. Like a sound one without options. */
export async function serve(
  t: TestContext,
  { answer = fine, upgrade = 'open', ...tls }: BrokenServer = {},
): Promise<number> {
  const { authority, server } = await testCertificates();
  const http = createHttpServer((request, response) => answer(request, response));
  const sockets = new WebSocketServer({ noServer: true });
  if (upgrade !== 'refuse') onUpgrade(http, sockets, upgrade);
  const options: TlsOptions = {
    ...{ cert: server.chainPem, key: server.keyPem, ca: authority.certificatePem },
    ...{ requestCert: true, rejectUnauthorized: true, ...tls },
  };
  const listener = createTlsServer(options, (socket) => {
    socket.on('error', () => {});
    http.emit('connection', socket);
  });
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
    listener.close();
  });
  return (listener.address() as AddressInfo).port;
}

function onUpgrade(http: Server, sockets: WebSocketServer, how: 'open' | 'drop'): void {
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => {});
      if (how === 'drop') socket.destroy();
    });
  });
}

const fine = (_request: IncomingMessage, response: ServerResponse): void => {
  response.end('mtls ok');
};

/** As a vehicle with a certificate that fits, unless told otherwise. */
export async function diagnose(port: number, options: Partial<TlsDiagnosisOptions> = {}): Promise<TlsDiagnosis> {
  const { authority, device } = await testCertificates();
  const { chainPem: cert, keyPem: key } = await device(VIN);
  return diagnoseTls({
    host: 'localhost',
    port,
    cert,
    key,
    ca: authority.certificatePem,
    clock: systemClock,
    probeMs: 60_000,
    ...options,
  });
}

/** `server.name problem: …` of each check that is not fine. */
export const complaints = ({ checks }: TlsDiagnosis): string[] =>
  checks.filter(({ status }) => status !== 'ok').map(({ id, status, finding }) => `${id} ${status}: ${finding}`);
