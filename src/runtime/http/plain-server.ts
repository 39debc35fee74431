/**
 * A small HTTP server beside the API: no routes but one function, no bodies of requests, no authentication. For what
 * others expect on a port of its own, such as metrics.
 *
 * Invariants
 * - PLS-1 Connections, also those of one address, headers and every wait are bounded; `stop` ends within its deadline.
 * - PLS-2 What fails is answered with 500 and logged, and tells a peer nothing of it.
 * - PLS-3 A connection is for one request: nobody keeps one for later, has answers pile up that it does not read, or has
 *   more than one parsed by sending them at once.
 * - PLS-4 On loopback no page of another site reaches it by a name that it points there (`Host`), as AUTH-3.
 */
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../clock.js';
import { errorRecord } from '../errors.js';
import type { Logger } from '../logging/log.js';
import { FirstRequest } from './first-request.js';
import { isLoopback, namesNoOther } from './http-auth.js';

const MOST_CONNECTIONS = 64;
/** So that one peer does not keep the others out. */
const MOST_OF_AN_ADDRESS = 16;
/** For the head of a request to come. */
const HEAD_MS = 10_000;
/** For a peer to take its answer. */
const TAKE_MS = 60_000;
const MAX_HEADER_BYTES = 16 * 1024;

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

interface Connection {
  readonly request: FirstRequest;
  isHeadRead: boolean;
}

export class PlainServer {
  private readonly listener: Server;
  /** Is given connections, and listens to none by itself. */
  private readonly http: HttpServer;
  private readonly isLocal: boolean;
  /** How many there are of each address. */
  private readonly addresses = new Map<string, number>();
  private readonly connections = new Set<Connection>();

  constructor(private readonly options: PlainServerOptions) {
    this.isLocal = isLoopback(options.host);
    this.listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.admit(socket));
    this.listener.maxConnections = MOST_CONNECTIONS;
    this.http = createHttpServer({ maxHeaderSize: MAX_HEADER_BYTES });
    const take = (request: IncomingMessage, response: ServerResponse): void => this.take(request, response);
    this.http.on('request', take);
    // Node would answer these by itself.
    this.http.on('checkExpectation', take);
  }

  /** Resolves with the port; rejects with what the system says. */
  start(): Promise<number> {
    const { host, port, name, logger } = this.options;
    return new Promise((resolve, reject) => {
      this.listener.once('error', reject);
      this.listener.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        this.listener.off('error', reject);
        this.listener.on('error', (error) => logger.error({ name, err: errorRecord(error) }, 'plain_server_error'));
        resolve((this.listener.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more, lets answers finish, and cuts what is left after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.listener.listening) return;
    const { clock } = this.options;
    const cut = (): void => {
      for (const { request } of this.connections) request.destroy();
    };
    const deadline = clock.setTimeout(cut, deadlineMs);
    await new Promise<void>((resolve) => {
      this.listener.close(() => resolve());
      for (const { request, isHeadRead } of this.connections) if (!isHeadRead) request.destroy();
    });
    clock.clearTimeout(deadline);
  }

  private admit(socket: Socket): void {
    const { addresses, connections } = this;
    const { clock } = this.options;
    const address = socket.remoteAddress ?? '';
    const count = (addresses.get(address) ?? 0) + 1;
    if (count > MOST_OF_AN_ADDRESS) {
      socket.destroy();
      return;
    }
    addresses.set(address, count);
    const late = clock.setTimeout(() => socket.destroy(), HEAD_MS);
    const request = new FirstRequest(socket, () => {
      clock.clearTimeout(late);
      connection.isHeadRead = true;
    });
    const connection: Connection = { request, isHeadRead: false };
    connections.add(connection);
    socket.once('close', () => {
      clock.clearTimeout(late);
      connections.delete(connection);
      const left = (addresses.get(address) ?? 1) - 1;
      if (left === 0) addresses.delete(address);
      else addresses.set(address, left);
    });
    this.http.emit('connection', request);
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const ended = new AbortController();
    response.once('close', () => ended.abort());
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
