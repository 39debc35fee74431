import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  answerRequest,
  connectionIdFrom,
  type HttpAnswer,
  type Identity,
  type IdentityTables,
  identify,
} from '../../protocols/fleet-telemetry/index.js';
import { decodeCertificate } from '../../protocols/x509/index.js';
import type { Clock, Ids, Logger } from '../../runtime/index.js';
import type { TlsMaterial } from '../../runtime/tls.js';
import { createTlsServer } from '../../runtime/tls-server.js';
import type { ConnectionInput, IngestSettings } from './events.js';
import type { IngestMetrics } from './ingest-metrics.js';

/** Slow-loris: a request head takes no longer (FT-TLS-8). */
const HEADERS_TIMEOUT_MS = 10_000;
/** `ws` takes no larger limit. */
const NO_HARD_CLOSE_BYTES = 2 ** 31 - 1;
const UNTRUSTED_CLOSE = 1008;
const TEXT_CLOSE = 1003;

export interface ListenerDeps {
  readonly host: string;
  readonly port: number;
  readonly material: TlsMaterial;
  readonly identities: IdentityTables;
  readonly settings: IngestSettings;
  readonly hardCloseBytes: number | undefined;
  readonly suppressTlsErrors: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: IngestMetrics;
  /** The id that a connection gets which asks for this one. */
  readonly freeId: (wanted: string) => string;
  /** A vehicle is connected; returns where its messages go. */
  readonly connected: (input: ConnectionInput, ws: WebSocket, socket: Duplex) => ConnectedVehicle;
}

export interface ConnectedVehicle {
  received(message: Buffer): void;
  closed(code: number): void;
}

/** The TLS port of the protocol (section 1): mutual TLS, a few HTTP answers, and WebSockets of known vehicles. */
export class Listener {
  private readonly tls: NetServer;
  private readonly http: Server;
  private readonly webSockets: WebSocketServer;

  constructor(private readonly deps: ListenerDeps) {
    this.http = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS });
    this.http.on('request', (request, response) => {
      const answer = answerTo(request);
      if (answer.kind === 'upgrade') return;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    this.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.upgrade(request, socket, head),
    );
    this.http.on('clientError', (_error, socket) => socket.destroy());
    this.webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: deps.hardCloseBytes ?? NO_HARD_CLOSE_BYTES,
      // A requested subprotocol is ignored (FT-WS-1); `ws` would take the first.
      handleProtocols: () => false,
    });
    this.tls = createTlsServer({
      material: deps.material,
      clock: deps.clock,
      onSecure: (socket) => this.http.emit('connection', socket),
      onRefused: (failure, remote) => {
        const { reason, check, who, whatToDo, code } = failure;
        if (deps.suppressTlsErrors) deps.metrics.refused(remote, reason, {});
        else deps.metrics.refused(remote, reason, { check, who, do: whatToDo, code });
      },
    });
  }

  /** Resolves with the port. */
  start(): Promise<number> {
    const { host, port } = this.deps;
    return new Promise((resolve, reject) => {
      this.tls.once('error', reject);
      this.tls.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        const address = this.tls.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  /** Takes no more connections; those that are open go on. */
  stopAccepting(): void {
    this.tls.close();
    this.http.closeIdleConnections();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const answer = answerTo(request);
    if (answer.kind === 'answer') {
      const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const length = Buffer.byteLength(answer.body);
      socket.end(
        `HTTP/1.1 ${answer.status} \r\n${headers.join('')}content-length: ${length}\r\nconnection: close\r\n\r\n${answer.body}`,
      );
      return;
    }
    this.webSockets.handleUpgrade(request, socket, head, (ws) => this.accept(ws, request, socket as TLSSocket));
  }

  private accept(ws: WebSocket, request: IncomingMessage, socket: TLSSocket): void {
    const { deps } = this;
    const remote = `${request.socket.remoteAddress ?? ''}:${request.socket.remotePort ?? 0}`;
    ws.on('error', () => ws.terminate());
    const identity = this.identityOf(socket, remote);
    if (!identity) {
      ws.close(UNTRUSTED_CLOSE, 'unauthorized certificate');
      return;
    }
    const wanted = connectionIdFrom(headerText(request, 'x-txid')) ?? deps.ids.uuid();
    const input: ConnectionInput = {
      connectionId: deps.freeId(wanted),
      identity,
      networkInterface: headerText(request, 'x-network-interface') ?? '',
      clientVersion: headerText(request, 'version') ?? '',
      remote,
      settings: deps.settings,
    };
    const vehicle = deps.connected(input, ws, socket);
    ws.on('message', (data, isBinary) => {
      // FT-WS-4: a text message ends the connection.
      if (isBinary) vehicle.received(data as Buffer);
      else {
        deps.metrics.refused(identity.deviceId, 'text_message', { txid: input.connectionId });
        ws.close(TEXT_CLOSE, 'records are binary messages');
      }
    });
    ws.on('close', (code) => vehicle.closed(code));
  }

  /** From the leaf of the verified chain alone (FT-ID-1…5); refusals are logged in the reference's words. */
  private identityOf(socket: TLSSocket, remote: string): Identity | undefined {
    const certificate = socket.getPeerX509Certificate();
    const facts = certificate ? decodeCertificate(certificate.raw) : undefined;
    if (!facts?.ok) {
      this.deps.metrics.refused(remote, 'missing_verified_client_certificate', { detail: facts?.error.detail });
      return undefined;
    }
    const identity = identify(facts.value, this.deps.identities);
    if (identity.ok) return identity.value;
    const commonName = facts.value.subject.findLast(({ type }) => type === 'CN')?.value ?? '';
    this.deps.metrics.refused(remote, identity.error.code.toLowerCase(), {
      error: `create_identity issuer: ${facts.value.issuerCommonName}, common_name: ${commonName}, err: ${identity.error.detail}`,
      do: identity.error.explanation,
    });
    return undefined;
  }
}

function answerTo(request: IncomingMessage): HttpAnswer {
  return answerRequest({ method: request.method ?? '', target: request.url ?? '/', headers: request.headers });
}

function headerText(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
