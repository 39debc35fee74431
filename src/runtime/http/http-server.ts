/**
 * The HTTP server of a process: its own health and metrics, the routes and WebSockets of others, the console's files.
 *
 * Invariants
 * - HTTP-1 Every request passes host, origin and token before its route sees it; a route without a stated role needs
 *   `viewer` to read and `operator` to change anything.
 * - HTTP-2 Whatever goes wrong is answered as problem+json, counted by reason, and tells nothing of our insides.
 * - HTTP-3 Headers, bodies, connections, WebSockets and every wait are bounded.
 * - HTTP-4 `stop` ends within its deadline, whatever peers do.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger, RawReplyDefaultExpression, RawRequestDefaultExpression } from 'fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Clock } from '../clock.js';
import type { Health } from '../health.js';
import type { Logger } from '../logging/log.js';
import { Refusals } from '../logging/refusals.js';
import { DURATION_BUCKETS, type Metrics } from '../metrics.js';
import { hangUp, pathOf, sendProblem, setSecurityHeaders, unreadable } from './http-answer.js';
import { createHttpAuth, type HttpAuthOptions, type Principal, type Role } from './http-auth.js';
import { HTTP_LIMITS, type HttpLimits } from './http-limits.js';
import { listen } from './http-listen.js';
import { loadStaticFiles } from './http-static.js';
import { schemaValidator, type TypeBoxTypes } from './http-validation.js';
import { HttpWebSockets, type UpgradeHandler, type UpgradeOptions } from './http-websockets.js';
import { HttpError, problemOf, reasonOf } from './problem.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call a route. @default viewer to read, operator for all other methods */
    role?: Role | 'anybody';
  }
  interface FastifyRequest {
    /** On whose behalf the request is served; not set where a route is for anybody. */
    principal: Principal | null;
  }
}

export type HttpApp = FastifyInstance<
  Server,
  RawRequestDefaultExpression<Server>,
  RawReplyDefaultExpression<Server>,
  FastifyBaseLogger,
  TypeBoxTypes
>;

/** Adds routes; schemas are TypeBox ones and give the handlers their types. */
export type HttpRoutes = (app: HttpApp) => void | Promise<void>;

export interface HttpServerOptions extends HttpAuthOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Served at `/`, to anybody: a page has to load before it can ask for a token. */
  readonly staticFolder?: string;
  /** @default {@link HTTP_LIMITS} */
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpServer {
  /** Before `start`. */
  routes(plugin: HttpRoutes): void;
  /** Before `start`. Serves WebSockets at exactly this path. */
  upgrade(path: string, handler: UpgradeHandler, options?: UpgradeOptions): void;
  /** Listens; resolves with the URL. Fails with `HTTP_ADDRESS_IN_USE` or `HTTP_ADDRESS_UNUSABLE`. */
  start(): Promise<string>;
  /** Takes no more, closes WebSockets with 1001, lets requests finish, and cuts what is left after `deadlineMs`. */
  stop(deadlineMs?: number): Promise<void>;
}

/** Throws `HTTP_AUTH_REQUIRED` for a host beyond loopback without tokens. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new Listener(options);
}

const STOP_DEADLINE_MS = 5_000;

class Listener implements HttpServer {
  private readonly limits: HttpLimits;
  private readonly auth;
  private readonly refusals: Refusals;
  private readonly webSockets: HttpWebSockets;
  private readonly app: HttpApp;
  /** Connections on which nothing has been asked yet. */
  private readonly unused = new Set<Socket>();
  private isStopping = false;
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: HttpServerOptions) {
    this.limits = { ...HTTP_LIMITS, ...options.limits };
    this.auth = createHttpAuth(options);
    this.refusals = new Refusals({ boundary: 'http', ...options });
    this.webSockets = new HttpWebSockets({
      auth: this.auth,
      clock: options.clock,
      logger: options.logger,
      limits: this.limits,
      open: options.metrics.gauge({ name: 'http_websockets', help: 'WebSockets open at the HTTP API.' }),
      refuse: (peer, reason, fields) => this.refusals.refuse(peer, reason, fields),
    });
    this.app = this.createApp();
    this.guard();
    this.endKeptConnections();
    this.measure();
    this.ownRoutes();
    const { staticFolder } = options;
    if (staticFolder !== undefined) this.routes((app) => this.staticRoutes(app, staticFolder));
  }

  routes(plugin: HttpRoutes): void {
    this.app.register(async (app) => plugin(app));
  }

  upgrade(path: string, handler: UpgradeHandler, options?: UpgradeOptions): void {
    this.webSockets.add(path, handler, options);
    this.app.get(path, { config: { role: 'anybody' } }, () => {
      throw new HttpError('HTTP_UPGRADE_REQUIRED', 'there is a WebSocket at this path, and nothing else');
    });
  }

  async start(): Promise<string> {
    const { server } = this.app;
    server.maxConnections = this.limits.maxConnections;
    server.on('drop', (dropped) => this.refusals.refuse(dropped?.remoteAddress ?? 'unknown', 'too_many_connections'));
    server.on('upgrade', (request, stream, head) => {
      this.unused.delete(request.socket);
      this.webSockets.handle(request, stream, head);
    });
    const url = await listen(this.app, this.options.host, this.options.port);
    this.webSockets.start();
    this.options.logger.info({ url }, 'http server listening');
    return url;
  }

  stop(deadlineMs = STOP_DEADLINE_MS): Promise<void> {
    this.stopped ??= this.close(deadlineMs);
    return this.stopped;
  }

  private async close(deadlineMs: number): Promise<void> {
    const { clock, logger } = this.options;
    this.isStopping = true;
    this.webSockets.stop();
    for (const socket of this.unused) socket.destroy();
    const deadline = clock.setTimeout(() => {
      logger.warn({ webSockets: this.webSockets.size }, 'http connections cut at the deadline');
      this.webSockets.terminate();
      this.app.server.closeAllConnections();
    }, deadlineMs);
    try {
      await this.app.close();
    } finally {
      clock.clearTimeout(deadline);
    }
  }

  private createApp(): HttpApp {
    const { limits } = this;
    const app = fastify({
      logger: false,
      bodyLimit: limits.maxBodyBytes,
      requestTimeout: limits.requestTimeoutMs,
      handlerTimeout: limits.handlerTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      return503OnClosing: false,
      routerOptions: { maxParamLength: 2_048 },
      http: {
        maxHeaderSize: limits.maxHeaderBytes,
        headersTimeout: limits.headersTimeoutMs,
        connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs),
      },
      frameworkErrors: (error, request, reply) => {
        this.fail(error, request, reply);
      },
      clientErrorHandler: (error, socket) => this.refuseUnreadable(error, socket),
    });
    app.setValidatorCompiler(schemaValidator());
    app.setErrorHandler((error, request, reply) => this.fail(error, request, reply));
    app.setNotFoundHandler((request) => {
      throw new HttpError('HTTP_NOT_FOUND', `there is no ${request.method} ${pathOf(request.url)}`);
    });
    return app.withTypeProvider<TypeBoxTypes>();
  }

  private guard(): void {
    this.app.decorateRequest('principal', null);
    this.app.addHook('onRequest', async (request, reply) => {
      setSecurityHeaders(request, reply);
      if (this.isStopping) throw new HttpError('HTTP_STOPPING', 'the server is stopping');
      const refusal = this.auth.admit(request.headers);
      if (refusal) throw refusal;
      const role = request.routeOptions.config?.role ?? (isRead(request.method) ? 'viewer' : 'operator');
      if (request.is404 || role === 'anybody') return;
      const principal = this.auth.authenticate(request.headers, role);
      if (principal instanceof HttpError) throw principal;
      request.principal = principal;
    });
  }

  private endKeptConnections(): void {
    this.app.addHook('onSend', async (_request, reply) => {
      if (this.isStopping) reply.header('connection', 'close');
    });
    // Browsers connect ahead of need, and Node does not count a connection without any request as idle.
    this.app.server.on('connection', (socket) => {
      this.unused.add(socket);
      socket.once('close', () => this.unused.delete(socket));
    });
    this.app.server.prependListener('request', ({ socket }) => this.unused.delete(socket));
  }

  private measure(): void {
    const { metrics, logger } = this.options;
    const requests = metrics.counter({
      name: 'http_requests_total',
      help: 'Requests answered by the HTTP API, by route and status.',
      labels: ['method', 'route', 'status'],
    });
    const durations = metrics.histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the headers of a request to the end of its answer.',
      labels: ['route'],
      buckets: DURATION_BUCKETS,
    });
    this.app.addHook('onResponse', async (request, reply) => {
      const route = (!request.is404 && request.routeOptions.url) || 'none';
      requests.inc({ method: request.method, route, status: reply.statusCode });
      durations.observe({ route }, reply.elapsedTime / 1_000);
      if (!logger.isEnabled('debug')) return;
      logger.debug(
        { method: request.method, path: pathOf(request.url), status: reply.statusCode, durationMs: reply.elapsedTime },
        'http request answered',
      );
    });
  }

  private ownRoutes(): void {
    const { health, metrics } = this.options;
    const open = { config: { role: 'anybody' } } as const;
    this.app.get('/healthz', open, async () => ({ status: 'alive' }));
    this.app.get('/readyz', open, async (request, reply) => {
      const { ready, checks } = health.readiness();
      reply.code(ready ? 200 : 503);
      if (!(this.auth.authenticate(request.headers, 'viewer') instanceof HttpError)) return { ready, checks };
      const names = Object.entries(checks).map(([name, { ok }]) => [name, { ok }]);
      return { ready, checks: Object.fromEntries(names) };
    });
    this.app.get('/metrics', async (_request, reply) => {
      reply.type(metrics.contentType);
      return metrics.text();
    });
  }

  private staticRoutes(app: HttpApp, folder: string): void {
    const files = loadStaticFiles(folder);
    if (files.size === 0) this.options.logger.warn({ folder }, 'no static files to serve');
    for (const [path, file] of files) {
      app.get(path, { config: { role: 'anybody' } }, async (request, reply) => {
        reply.header('cache-control', file.cacheControl).header('etag', file.etag);
        if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
        return reply.type(file.contentType).send(file.body);
      });
    }
  }

  private fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const answer = problemOf(error, request.id);
    if (answer.requestId !== undefined) {
      const route = request.routeOptions.url;
      this.options.logger.error({ error, requestId: request.id, method: request.method, route }, 'http request failed');
    } else if (answer.status !== 404) {
      this.refusals.refuse(request.ip, reasonOf(answer), { method: request.method, path: pathOf(request.url) });
    }
    setSecurityHeaders(request, reply);
    sendProblem(reply, answer);
  }

  private refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const answer = unreadable(error.code);
    this.refusals.refuse(socket.remoteAddress ?? 'unknown', reasonOf(answer), { cause: error.code });
    hangUp(socket, answer);
  }
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';
