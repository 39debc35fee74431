/**
 * A small HTTP server beside the API: no routes but one function, no bodies of requests, no authentication. For what
 * others expect on a port of its own, such as metrics.
 *
 * Invariants
 * - PLS-1 Connections, also those of one address, headers and every wait are bounded; `stop` ends within its deadline.
 * - PLS-2 What fails is answered with 500 and logged, and tells a peer nothing of it.
 * - PLS-3 A connection is for one request: nobody keeps one for later, or has answers pile up that it does not read.
 * - PLS-4 On loopback no page of another site reaches it by a name that it points there (`Host`), as AUTH-3.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock, TimerHandle } from '../clock.js';
import { errorRecord } from '../errors.js';
import type { Logger } from '../logging/log.js';
import { isLoopback, namesNoOther } from './http-auth.js';

const MOST_CONNECTIONS = 64;
/** So that one peer does not keep the others out. */
const MOST_OF_AN_ADDRESS = 16;
const HEADERS_TIMEOUT_MS = 10_000;
/** A request that nobody waits for costs as much as others: who sent many has this long nothing of that place. */
const HOLD_MS = 60_000;
/** For a peer to take its answer. */
const TAKE_MS = 60_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Bytes of a request's body that are read and thrown away. */
const MOST_BODY_BYTES = 64 * 1024;

export interface PlainRequest {
  readonly method: string;
  /** Starts with a slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Whether a browser sends it for a page of somebody else. */
  readonly isCrossSite: boolean;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface PlainServerOptions {
  /** Empty: all interfaces. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What it is, for the log. */
  readonly name: string;
  readonly answer: (request: PlainRequest) => PlainAnswer | Promise<PlainAnswer>;
  readonly logger: Logger;
  readonly clock: Clock;
}

export class PlainServer {
  private readonly server: Server;
  private readonly isLocal: boolean;
  private readonly connections = new Map<string, number>();
  /** Connections whose request has come. */
  private readonly asked = new WeakSet<Socket>();
  /** Those of which more than one came. */
  private readonly greedy = new WeakSet<Socket>();
  /** Until their places are free. */
  private readonly holds = new Set<TimerHandle>();

  constructor(private readonly options: PlainServerOptions) {
    this.isLocal = isLoopback(options.host);
    this.server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    });
    this.server.maxConnections = MOST_CONNECTIONS;
    this.server.on('connection', (socket) => this.count(socket));
    const take = (request: IncomingMessage, response: ServerResponse): void => this.take(request, response);
    this.server.on('request', take);
    // Node would answer these by itself, however many there are.
    this.server.on('checkExpectation', take);
  }

  /** Resolves with the port; rejects with what the system says. */
  start(): Promise<number> {
    const { host, port, name, logger } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => logger.error({ name, err: errorRecord(error) }, 'plain_server_error'));
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more, lets answers finish, and cuts what is left after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.server.listening) return;
    const { clock } = this.options;
    const deadline = clock.setTimeout(() => this.server.closeAllConnections(), deadlineMs);
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
    clock.clearTimeout(deadline);
    for (const timer of this.holds) clock.clearTimeout(timer);
    this.holds.clear();
  }

  private count(socket: Socket): void {
    const { connections } = this;
    const address = socket.remoteAddress ?? '';
    const count = (connections.get(address) ?? 0) + 1;
    if (count > MOST_OF_AN_ADDRESS) {
      socket.destroy();
      return;
    }
    connections.set(address, count);
    socket.once('close', () => {
      if (!this.greedy.has(socket)) this.release(address);
      else if (this.server.listening) this.hold(address);
    });
  }

  private hold(address: string): void {
    const timer = this.options.clock.setTimeout(() => {
      this.holds.delete(timer);
      this.release(address);
    }, HOLD_MS);
    this.holds.add(timer);
  }

  private release(address: string): void {
    const left = (this.connections.get(address) ?? 1) - 1;
    if (left === 0) this.connections.delete(address);
    else this.connections.set(address, left);
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (this.asked.has(socket)) {
      this.greedy.add(socket);
      socket.destroy();
      return;
    }
    this.asked.add(socket);
    const ended = new AbortController();
    response.once('close', () => ended.abort());
    let bodyBytes = 0;
    request.on('data', (chunk: Buffer) => {
      bodyBytes += chunk.length;
      if (bodyBytes > MOST_BODY_BYTES) request.destroy();
    });
    // A connection that breaks off ends its response, too.
    request.on('error', () => {});
    if (this.isLocal && !namesNoOther(request.headers.host)) {
      const body = `the Host header does not name this machine: use an IP address or localhost, or let it listen elsewhere than on ${this.options.host}\n`;
      this.send(response, { status: 403, body });
      return;
    }
    const url = URL.canParse(request.url ?? '', 'http://localhost')
      ? new URL(request.url ?? '', 'http://localhost')
      : undefined;
    if (!url) this.send(response, { status: 400, body: 'bad request\n' });
    else {
      void this.answer(response, {
        method: request.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        isCrossSite: request.headers['sec-fetch-site'] === 'cross-site',
        signal: ended.signal,
      });
    }
  }

  private async answer(response: ServerResponse, request: PlainRequest): Promise<void> {
    try {
      const answer = await this.options.answer(request);
      if (!response.destroyed) this.send(response, answer);
    } catch (error) {
      const { name, logger } = this.options;
      logger.error({ name, path: request.path, err: errorRecord(error) }, 'plain_request_failed');
      if (!response.destroyed) this.send(response, { status: 500, body: 'internal error\n' });
    }
  }

  private send(response: ServerResponse, { status, headers, body }: PlainAnswer): void {
    const { clock } = this.options;
    const { socket } = response.req;
    const late = clock.setTimeout(() => socket.destroy(), TAKE_MS);
    socket.once('close', () => clock.clearTimeout(late));
    const hasBody = status !== 304;
    const bytes = Buffer.from(hasBody ? body : '');
    response
      .writeHead(status, {
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        ...headers,
        connection: 'close',
        ...(hasBody ? { 'content-length': String(bytes.length) } : {}),
      })
      .end(hasBody ? bytes : undefined);
  }
}
