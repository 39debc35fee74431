import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './runtime.js';

export interface SocketRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What an engine answers: JSON or lines of it, text, or nothing at all; `cut`: the connection ends in the middle. */
export type SocketAnswer =
  | { readonly status?: number; readonly json: unknown }
  | { readonly status?: number; readonly text: string }
  | { readonly lines: readonly unknown[]; readonly ending?: 'end' | 'cut' | 'silence' }
  | 'silence';

/** An engine's socket that answers as Docker's documentation says, where there is no Docker. */
export class DockerSocket {
  readonly requests: SocketRequest[] = [];
  /** Answers that were ended by the other side. */
  closedByClient = 0;
  /** By `METHOD /path`; without one the answer is 404. */
  readonly answers: Record<string, SocketAnswer | ((request: SocketRequest) => SocketAnswer)> = {
    'GET /version': { json: { Version: '26.1.0', Components: [{ Name: 'Engine' }] } },
    'GET /info': { json: { MemTotal: 1_000, NCPU: 4 } },
  };

  private constructor(readonly path: string) {}

  static async start(t: TestContext): Promise<DockerSocket> {
    const socket = new DockerSocket(join(temporaryFolder(t), 'docker.sock'));
    const server = createServer((request, response) => void socket.take(request, response));
    server.listen(socket.path);
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return socket;
  }

  /** The requests of a path, in order. */
  asked(route: string): SocketRequest[] {
    return this.requests.filter(({ method, path }) => `${method} ${path}` === route);
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://engine');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', headers } = request;
    const body = Buffer.concat(chunks).toString();
    const asked: SocketRequest = { method, path: url.pathname, query: url.searchParams, headers, body };
    this.requests.push(asked);
    response.on('close', () => {
      if (!response.writableFinished) this.closedByClient++;
    });
    const answer = this.answers[`${method} ${url.pathname}`] ?? { status: 404, json: { message: 'page not found' } };
    reply(response, typeof answer === 'function' ? answer(asked) : answer);
  }
}

function reply(response: ServerResponse, answer: SocketAnswer): void {
  if (answer === 'silence') return;
  if ('json' in answer) {
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(answer.json === undefined ? '' : JSON.stringify(answer.json));
  } else if ('text' in answer) {
    response.writeHead(answer.status ?? 200);
    response.end(answer.text);
  } else {
    response.writeHead(200);
    response.flushHeaders();
    response.write(answer.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    if (answer.ending === 'cut') setImmediate(() => response.destroy());
    else if (answer.ending !== 'silence') response.end();
  }
}
