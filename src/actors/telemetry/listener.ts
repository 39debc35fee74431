import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
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
import { type Clock, errorRecord, type Ids, type Logger, type TimerHandle } from '../../runtime/index.js';
import type { TlsMaterial } from '../../runtime/tls/tls.js';
import { createTlsServer, peerCertificate } from '../../runtime/tls/tls-server.js';
import { addressError } from './errors.js';
import type { ConnectionInput, IngestSettings } from './events.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { LoggedRequest, RequestFacts, RequestLog } from './request-log.js';

/** Slow-loris: a request head takes no longer (FT-TLS-8). */
const HEAD_TIMEOUT_MS = 10_000;
/** How long a vehicle may take to answer a close frame. */
const CLOSE_TIMEOUT_MS = 5_000;
/** `ws` takes no larger limit. */
const NO_HARD_CLOSE_BYTES = 2 ** 31 - 1;
const UNTRUSTED_CLOSE = 1008;
/** Longest text of a request that its lines repeat. */
const LONGEST_TEXT = 256;

type Answer = Pick<Extract<HttpAnswer, { kind: 'answer' }>, 'status' | 'headers' | 'body'>;

/** To an upgrade that HTTP did not take for one. */
const NO_UPGRADE: Answer = { status: 400, headers: {}, body: 'Bad Request\n' };

interface AwaitedHead {
  readonly timer: TimerHandle;
  /** Listens for the end of the socket. */
  readonly gone: () => void;
}

export interface ListenerDeps {
  readonly host: string;
  readonly port: number;
  /** What stands before `host` and `port` in the configuration that they are from. */
  readonly keyPrefix: string;
  readonly material: TlsMaterial;
  readonly identities: IdentityTables;
  readonly settings: IngestSettings;
  readonly hardCloseBytes: number | undefined;
  readonly suppressTlsErrors: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: IngestMetrics;
  readonly requests: RequestLog;
  /** The id that a connection gets which asks for this one. */
  readonly freeId: (wanted: string) => string;
  /** A vehicle is connected; whoever is told listens to `ws` before it returns. */
  readonly connected: (
    input: ConnectionInput,
    ws: WebSocket,
    socket: Duplex,
    facts: RequestFacts,
    request: LoggedRequest,
  ) => void;
}

/** The TLS port of the protocol (section 1): mutual TLS, a few HTTP answers, and WebSockets of known vehicles. */
export class Listener {
  private readonly tls: NetServer;
  private readonly http: Server;
  private readonly webSockets: WebSocketServer;
  /** Connections that have not said yet what they want, and when they must have. */
  private readonly heads = new Map<Duplex, AwaitedHead>();

  constructor(private readonly deps: ListenerDeps) {
    this.http = createServer();
    this.http.on('request', (request, response) => {
      this.headRead(request.socket);
      const answer = answerTo(request);
      const { status, headers, body } = answer.kind === 'answer' ? answer : NO_UPGRADE;
      const logged = this.logAnswered(request, status);
      response.once('close', () => logged.end());
      // One request a connection: how long one may take is bounded for the first only.
      const length = Buffer.byteLength(body);
      response.writeHead(status, { ...headers, 'content-length': length, connection: 'close' }).end(body);
    });
    this.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.headRead(socket);
      this.upgrade(request, socket, head);
    });
    this.http.on('clientError', (error: Error, socket: Duplex) => this.refuseHead(error, socket));
    this.webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      clientTracking: false,
      maxPayload: deps.hardCloseBytes ?? NO_HARD_CLOSE_BYTES,
      closeTimeout: CLOSE_TIMEOUT_MS,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
    this.tls = createTlsServer({
      material: deps.material,
      clock: deps.clock,
      onSecure: (socket) => this.awaitHead(socket),
      onRefused: (failure, address, port) =>
        deps.metrics.log.handshakeFailed(address, port, failure, deps.suppressTlsErrors),
    });
  }

  /** Resolves with the port; rejects with a {@link TelemetryError} that says what to do. */
  start(): Promise<number> {
    const { host, port, keyPrefix, logger } = this.deps;
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(addressError(error, { host, port, keyPrefix }));
      this.tls.once('error', failed);
      this.tls.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        this.tls.off('error', failed);
        // Too many open files, for instance: those that are connected go on.
        this.tls.on('error', (error) => logger.error({ err: errorRecord(error) }, 'telemetry_listener_error'));
        const address = this.tls.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  /** Takes no more connections; vehicles that are connected go on. */
  stopAccepting(): void {
    this.tls.close();
    for (const socket of this.heads.keys()) socket.destroy();
  }

  private awaitHead(socket: TLSSocket): void {
    const { clock, metrics } = this.deps;
    const remote = socket.remoteAddress ?? '';
    const timer = clock.setTimeout(() => {
      metrics.log.refused(remote, 'slow_request_head', { withinMs: HEAD_TIMEOUT_MS });
      socket.destroy();
    }, HEAD_TIMEOUT_MS);
    const gone = (): void => this.headRead(socket);
    this.heads.set(socket, { timer, gone });
    socket.on('close', gone);
    this.http.emit('connection', socket);
  }

  private headRead(socket: Duplex): void {
    const head = this.heads.get(socket);
    if (!head) return;
    this.heads.delete(socket);
    this.deps.clock.clearTimeout(head.timer);
    socket.off('close', head.gone);
  }

  /** What is no HTTP is answered as the reference's server answers it. */
  private refuseHead(error: Error & { readonly code?: string }, socket: Duplex): void {
    const remote = (socket as TLSSocket).remoteAddress ?? '';
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    this.deps.metrics.log.refused(remote, 'bad_request_head', { code: error.code });
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    const body = `${status} ${STATUS_CODES[status]}`;
    endWith(socket, { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body });
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', destroyIt);
    const answer = answerTo(request);
    if (answer.kind === 'answer') {
      const logged = this.logAnswered(request, answer.status);
      endWith(socket, answer);
      logged.end();
      return;
    }
    // Ignored whatever it says (FT-WS-1); `ws` would take the first, and refuse one that is badly written.
    delete request.headers['sec-websocket-protocol'];
    this.webSockets.handleUpgrade(request, socket, head, (ws) => this.accept(ws, request, socket as TLSSocket));
  }

  private accept(ws: WebSocket, request: IncomingMessage, socket: TLSSocket): void {
    const { deps } = this;
    const facts = factsOf(request);
    const address = request.socket.remoteAddress ?? '';
    const found = this.identityOf(socket);
    if ('reason' in found) {
      const logged = deps.requests.answered(facts, address, found.reason);
      deps.metrics.log.unidentified(address, found.reason, found.error, found.fields);
      ws.on('error', () => ws.terminate());
      ws.once('close', () => logged.end());
      ws.close(UNTRUSTED_CLOSE, 'unauthorized certificate');
      return;
    }
    const { identity } = found;
    const wanted = connectionIdFrom(headerText(request, 'x-txid')) ?? deps.ids.uuid();
    const input: ConnectionInput = {
      connectionId: deps.freeId(wanted),
      socketId: deps.ids.uuid(),
      identity,
      networkInterface: headerText(request, 'x-network-interface') ?? '',
      clientVersion: headerText(request, 'version') ?? '',
      remote: facts.remote,
      settings: deps.settings,
    };
    deps.connected(input, ws, socket, facts, deps.requests.connected(facts, identity.deviceId));
  }

  private logAnswered(request: IncomingMessage, status: number): LoggedRequest {
    return this.deps.requests.answered(factsOf(request), request.socket.remoteAddress ?? '', `${status}`);
  }

  /** From the leaf of the verified chain alone (FT-ID-1…5); refusals are in the reference's words. */
  private identityOf(socket: TLSSocket): { readonly identity: Identity } | Unidentified {
    const certificate = peerCertificate(socket);
    const facts = certificate && decodeCertificate(certificate);
    if (!facts?.ok) {
      const reason = 'missing_verified_client_certificate';
      return { reason, error: reason, fields: { detail: facts?.error.detail } };
    }
    const identity = identify(facts.value, this.deps.identities);
    if (identity.ok) return { identity: identity.value };
    const { code, detail, explanation } = identity.error;
    const commonName = facts.value.subject.findLast(({ type }) => type === 'CN')?.value ?? '';
    const error = `create_identity issuer: ${facts.value.issuerCommonName}, common_name: ${commonName}, err: ${detail}`;
    return { reason: code.toLowerCase(), error, fields: { do: explanation } };
  }
}

/** Listens for errors of connected sockets: a closure made for each would keep the request of its connection. */
function destroyIt(this: Duplex): void {
  this.destroy();
}

/** Why a certificate says nobody. */
interface Unidentified {
  readonly reason: string;
  readonly error: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function factsOf(request: IncomingMessage): RequestFacts {
  const cut = (text = ''): string => text.slice(0, LONGEST_TEXT);
  return {
    remote: `${request.socket.remoteAddress ?? ''}:${request.socket.remotePort ?? 0}`,
    method: request.method ?? '',
    path: cut(request.url?.split('?', 1)[0]),
    userAgent: cut(request.headers['user-agent']),
    forwardedFor: cut(headerText(request, 'x-forwarded-for')),
  };
}

function answerTo(request: IncomingMessage): HttpAnswer {
  return answerRequest({ method: request.method ?? '', target: request.url ?? '/', headers: request.headers });
}

function headerText(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Answers on a socket that HTTP has let go of, and closes it. */
function endWith(socket: Duplex, { status, headers, body }: Answer): void {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  // Whoever does not hang up is not waited for.
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`, () => socket.destroy());
}
