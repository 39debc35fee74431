import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/runtime/clock.js';
import { Health } from '../../src/runtime/health.js';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/runtime/http/http-server.js';
import { createLogger } from '../../src/runtime/logging/log.js';
import { Metrics } from '../../src/runtime/metrics.js';

export const VIEWER = 'viewer-0123456789abcdef';
export const OPERATOR = 'operator-0123456789abcdef';
export const TOKENS = [
  { token: VIEWER, role: 'viewer', name: 'grafana' },
  { token: OPERATOR, role: 'operator' },
] as const;

export interface Harness {
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly lines: Array<Record<string, unknown>>;
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
  /** Sends bytes as they are and gives back all that comes until the server hangs up. */
  readonly raw: (bytes: string) => Promise<string>;
  /** Resolves when the WebSocket is open, rejects with the refusal's status. */
  readonly webSocket: (path: string, headers?: Record<string, string>, protocols?: string[]) => Promise<WebSocket>;
}

/** A server on a free port that is stopped with the test; `prepare` adds routes. */
export async function serve(
  t: TestContext,
  options: Partial<HttpServerOptions> = {},
  prepare: (server: HttpServer) => void = () => {},
): Promise<Harness> {
  const lines: Array<Record<string, unknown>> = [];
  const logger = createLogger({ level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const health = new Health();
  const metrics = new Metrics();
  const server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    logger,
    health,
    metrics,
    clock: systemClock,
    ...options,
  });
  prepare(server);
  const url = await server.start();
  t.after(() => server.stop(0));
  const port = Number(new URL(url).port);
  return {
    server,
    url,
    port,
    health,
    metrics,
    lines,
    get: (path, init) => fetch(new URL(path, url), init),
    raw: async (bytes) => {
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      // A server that hangs up on too much input resets the connection after its answer.
      socket.on('error', () => {});
      socket.write(bytes);
      await once(socket, 'close');
      return answer;
    },
    webSocket: async (path, headers = {}, protocols = []) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, protocols, { headers });
      await new Promise<void>((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
        socket.once('unexpected-response', (_request, response) => reject(new Error(String(response.statusCode))));
      });
      return socket;
    },
  };
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

export const json = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;
