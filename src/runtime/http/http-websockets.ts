/**
 * WebSockets beside the HTTP API.
 *
 * Invariants
 * - WS-1 Nothing is upgraded before host, origin, path, token and the number of open sockets have been looked at.
 * - WS-2 A socket is bounded both ways: in the size of what it sends, and in what waits to be sent to it.
 * - WS-3 A peer that does not answer a ping is gone within two intervals.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Gauge } from 'prom-client';
import { WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../clock.js';
import type { Logger } from '../logging/log.js';
import { hangUp, pathOf } from './http-answer.js';
import { BEARER_SUBPROTOCOL, type HttpAuth, type Principal, type Role } from './http-auth.js';
import { HttpError, problemOf, reasonOf } from './problem.js';

export interface UpgradeRequest {
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly principal: Principal;
  /** Address of the peer, for logs and lists. */
  readonly remote: string;
}

export type UpgradeHandler = (socket: WebSocket, request: UpgradeRequest) => void;

export interface UpgradeOptions {
  /** @default operator: inspection shows what actors hold (INS-5) */
  readonly role?: Role;
}

export interface WebSocketLimits {
  /** Most sockets at once. */
  readonly maxWebSockets: number;
  /** Longest message from a peer, in bytes; a longer one closes its socket with 1009. */
  readonly maxPayloadBytes: number;
  /** Most that may wait to be sent to a peer, in bytes; past it the socket is cut. */
  readonly maxBufferedBytes: number;
  readonly pingIntervalMs: number;
}

export interface HttpWebSocketsOptions {
  readonly auth: HttpAuth;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: WebSocketLimits;
  /** Counts the sockets that are open. */
  readonly open: Gauge;
  readonly refuse: (peer: string, reason: string, fields: Record<string, unknown>) => void;
}

interface Route {
  readonly handler: UpgradeHandler;
  readonly role: Role;
}

const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;

export class HttpWebSockets {
  private readonly routes = new Map<string, Route>();
  private readonly server: WebSocketServer;
  private readonly unanswered = new WeakSet<WebSocket>();
  private pingTimer: unknown;
  private isStopping = false;

  constructor(private readonly options: HttpWebSocketsOptions) {
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: true,
      perMessageDeflate: false,
      maxPayload: options.limits.maxPayloadBytes,
      WebSocket: boundedSocket(options.limits.maxBufferedBytes),
      handleProtocols: chooseProtocol,
    });
    this.server.on('wsClientError', (error, stream, request) => {
      const refusal = new HttpError('HTTP_MALFORMED', error.message);
      this.refuse(request, stream, refusal);
    });
  }

  get size(): number {
    return this.server.clients.size;
  }

  add(path: string, handler: UpgradeHandler, options: UpgradeOptions = {}): void {
    if (this.routes.has(path)) throw new HttpError('HTTP_PATH_EXISTS', `${path} has a WebSocket handler already`);
    this.routes.set(path, { handler, role: options.role ?? 'operator' });
  }

  paths(): string[] {
    return [...this.routes.keys()];
  }

  start(): void {
    this.pingTimer = this.options.clock.setTimeout(() => {
      this.ping();
      this.start();
    }, this.options.limits.pingIntervalMs);
  }

  /** For the `upgrade` event of a server. */
  handle(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', ignore);
    const remote = remoteOf(request);
    const accepted = this.accept(request);
    if (accepted instanceof HttpError) {
      this.refuse(request, stream, accepted);
      return;
    }
    this.server.handleUpgrade(request, stream, head, (socket) => {
      stream.off('error', ignore);
      this.options.open.inc();
      socket.once('close', () => this.options.open.dec());
      socket.on('pong', () => this.unanswered.delete(socket));
      socket.on('error', (error) => {
        this.options.refuse(remote, 'websocket_error', { path: accepted.request.url.pathname, error });
      });
      try {
        accepted.route.handler(socket, { ...accepted.request, remote });
      } catch (error) {
        this.options.logger.error({ path: accepted.request.url.pathname, error }, 'websocket handler failed');
        socket.close(INTERNAL_ERROR);
      }
    });
  }

  /** Says good-bye to every peer; those that have not answered when {@link terminate} is called are cut. */
  stop(): void {
    this.isStopping = true;
    this.options.clock.clearTimeout(this.pingTimer);
    for (const socket of this.server.clients) socket.close(GOING_AWAY, 'the server is stopping');
  }

  terminate(): void {
    for (const socket of this.server.clients) socket.terminate();
  }

  private accept(request: IncomingMessage): { route: Route; request: Omit<UpgradeRequest, 'remote'> } | HttpError {
    const { auth, limits } = this.options;
    if (this.isStopping) return new HttpError('HTTP_STOPPING', 'the server is stopping');
    const refusal = auth.admit(request.headers);
    if (refusal) return refusal;
    const target = `ws://localhost${request.url ?? ''}`;
    if (!request.url?.startsWith('/') || !URL.canParse(target)) {
      return new HttpError('HTTP_MALFORMED', 'the target of the request is not a path');
    }
    const url = new URL(target);
    const route = this.routes.get(url.pathname);
    if (!route) return new HttpError('HTTP_NOT_FOUND', 'there is no WebSocket at this path');
    const principal = auth.authenticate(request.headers, route.role, { webSocket: true });
    if (principal instanceof HttpError) return principal;
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      return new HttpError('HTTP_UPGRADE_REQUIRED', 'only an upgrade to WebSocket is possible here');
    }
    if (this.size >= limits.maxWebSockets) {
      return new HttpError('HTTP_TOO_MANY_WEBSOCKETS', `${limits.maxWebSockets} WebSockets are open already`);
    }
    return { route, request: { url, headers: request.headers, principal } };
  }

  private refuse(request: IncomingMessage, stream: Duplex, error: HttpError): void {
    this.options.refuse(remoteOf(request), reasonOf(error), { path: pathOf(request.url) });
    hangUp(stream, problemOf(error, ''));
  }

  private ping(): void {
    for (const socket of this.server.clients) {
      if (this.unanswered.has(socket)) {
        socket.terminate();
        continue;
      }
      this.unanswered.add(socket);
      socket.ping(undefined, undefined, ignore);
    }
  }
}

const remoteOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? 'unknown';

/** Cuts a peer that does not read (WS-2): its buffer would grow for as long as somebody sends. */
function boundedSocket(maxBufferedBytes: number): typeof WebSocket {
  return class extends WebSocket {
    override send(...message: unknown[]): void {
      if (this.bufferedAmount > maxBufferedBytes) this.terminate();
      else (super.send as (...message: unknown[]) => void)(...message);
    }
  };
}

/** A browser insists on one of the subprotocols that it offered; the token is repeated only if it offered nothing else. */
function chooseProtocol(offered: Set<string>): string | false {
  const [first = false] = offered;
  for (const name of offered) if (!name.startsWith(BEARER_SUBPROTOCOL)) return name;
  return first;
}

const ignore = (): void => {};
