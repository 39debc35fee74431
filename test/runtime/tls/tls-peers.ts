import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Authority, IssuedCertificate } from '../../../src/actors/provisioning/index.js';
import { decodeCertificate } from '../../../src/protocols/x509/index.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { TlsMaterial } from '../../../src/runtime/tls/tls.js';
import type { HandshakeFailure } from '../../../src/runtime/tls/tls-failure.js';
import { createTlsServer, peerCertificate, type TlsServerOptions } from '../../../src/runtime/tls/tls-server.js';

const DEADLINE_MS = 5_000;

/** Waits for `isTrue`, and fails loudly if it never is. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, `in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface LogLine {
  readonly level: 'info' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function recordingLog(lines: LogLine[]) {
  const at = (level: LogLine['level']) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    lines.push({ level, message, fields });
  };
  return { info: at('info'), error: at('error') };
}

export interface TestHub {
  readonly port: number;
  readonly directory: string;
  readonly clock: ManualClock;
  readonly material: TlsMaterial;
  readonly server: Server;
  readonly sockets: TLSSocket[];
  /** Of each connection that was let in, its last CN as the certificate has it. */
  readonly identities: string[];
  readonly refused: HandshakeFailure[];
  readonly log: LogLine[];
  /** How many HTTP requests reached the application. */
  requests(): number;
  /** Puts files in place as an operator would: each complete at once. */
  install(files: Partial<Record<'hub.crt' | 'hub.key' | 'ca.crt', string>>): Promise<void>;
}

/** A listener whose HTTP server answers `mtls ok` to anything. */
export async function startHub(
  t: TestContext,
  server: IssuedCertificate,
  authorities: readonly Authority[],
  options: Partial<TlsServerOptions> & { pollMs?: number } = {},
): Promise<TestHub> {
  const directory = await mkdtemp(join(tmpdir(), 'fleetchart-tls-'));
  const install: TestHub['install'] = async (files) => {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(directory, `${name}.new`), text);
      await rename(join(directory, `${name}.new`), join(directory, name));
    }
  };
  await install({
    'hub.crt': server.chainPem,
    'hub.key': server.keyPem,
    'ca.crt': authorities.map(({ certificatePem }) => certificatePem).join(''),
  });
  const clock = new ManualClock(Date.now());
  const log: LogLine[] = [];
  const material = await TlsMaterial.load({
    files: {
      certificate: join(directory, 'hub.crt'),
      key: join(directory, 'hub.key'),
      ...(authorities.length === 0 ? {} : { clientAuthorities: [join(directory, 'ca.crt')] }),
    },
    clock,
    log: recordingLog(log),
    pollMs: options.pollMs ?? 0,
  });
  let requests = 0;
  const http = createServer((_request, response) => {
    requests += 1;
    response.end('mtls ok');
  });
  const sockets: TLSSocket[] = [];
  const identities: string[] = [];
  const refused: HandshakeFailure[] = [];
  const listener = createTlsServer({
    ...options,
    material,
    clock,
    onSecure: (socket) => {
      sockets.push(socket);
      identities.push(identityOf(socket));
      if (options.onSecure) options.onSecure(socket);
      else http.emit('connection', socket);
    },
    onRefused: (failure) => refused.push(failure),
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    material.close();
    for (const socket of sockets) socket.destroy();
    listener.close();
    await rm(directory, { recursive: true });
  });
  return {
    port: (listener.address() as AddressInfo).port,
    directory,
    clock,
    material,
    server: listener,
    sockets,
    identities,
    refused,
    log,
    requests: () => requests,
    install,
  };
}

/** What a client saw of a connection that it used for one request. */
export interface ClientView {
  /** Whether its part of the handshake succeeded. */
  readonly isSecure: boolean;
  readonly isReused: boolean;
  readonly alpn: string | false | null;
  readonly received: string;
  readonly errorCode: string;
  readonly session: Buffer | undefined;
  readonly serverFingerprint: string;
}

export type Client = Pick<IssuedCertificate, 'chainPem' | 'keyPem'>;

export function clientOptions(authority: Authority, client?: Client): ConnectionOptions {
  return {
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.certificatePem,
    ...(client ? { cert: client.chainPem, key: client.keyPem } : {}),
  };
}

const REQUEST = 'GET /status HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n';

/** Connects, asks for /status, and waits for the end. */
export function visit(options: ConnectionOptions): Promise<ClientView> {
  return new Promise((resolve) => {
    let received = '';
    let errorCode = '';
    let session: Buffer | undefined;
    let isSecure = false;
    let isReused = false;
    let alpn: string | false | null = null;
    let serverFingerprint = '';
    const socket = connect(options, () => {
      isSecure = true;
      isReused = socket.isSessionReused();
      alpn = socket.alpnProtocol;
      serverFingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
      socket.write(REQUEST);
    });
    socket.on('session', (ticket) => {
      session = ticket;
    });
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      errorCode ||= error.code ?? error.message;
    });
    socket.on('close', () => resolve({ isSecure, isReused, alpn, received, errorCode, session, serverFingerprint }));
  });
}

function identityOf(socket: TLSSocket): string {
  const certificate = peerCertificate(socket);
  const facts = certificate && decodeCertificate(certificate);
  return facts?.ok ? (facts.value.subject.findLast(({ type }) => type === 'CN')?.value ?? '') : '';
}
