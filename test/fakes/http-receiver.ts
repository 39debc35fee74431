import { createServer as createPlain, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createTls, type ServerOptions } from 'node:https';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { freePort } from './mosquitto.js';

/** A request as it came. */
export interface ReceivedRequest {
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  /** Without compression. */
  readonly body: Buffer;
  readonly response: ServerResponse;
}

/** What the receiver answers; undefined: the test does it by itself. */
export interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An HTTP server that keeps what is posted to it, on a port that it keeps over restarts. */
export class HttpReceiver {
  readonly requests: ReceivedRequest[] = [];
  /** Those answered with 2xx, in the order of the answers. */
  readonly taken: ReceivedRequest[] = [];
  answer: (request: ReceivedRequest) => ReceiverAnswer | undefined = () => ({ status: 204 });
  private server: Server | undefined;

  private constructor(
    readonly port: number,
    private readonly tls: ServerOptions | undefined,
  ) {}

  static async start(t: TestContext, tls?: ServerOptions): Promise<HttpReceiver> {
    const receiver = new HttpReceiver(await freePort(), tls);
    await receiver.start();
    t.after(() => receiver.stop());
    return receiver;
  }

  get url(): string {
    return `${this.tls ? 'https://localhost' : 'http://127.0.0.1'}:${this.port}/records`;
  }

  async start(): Promise<void> {
    const server = this.tls ? createTls(this.tls) : createPlain();
    this.server = server;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => {});
      response.on('error', () => {});
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const raw = Buffer.concat(chunks);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
        const received = { path: request.url ?? '', headers: request.headers, raw, body, response };
        this.requests.push(received);
        const answer = this.answer(received);
        if (answer) this.reply(received, answer);
      });
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  /** Hard: open connections end in the middle of what they are at. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  reply(request: ReceivedRequest, { status, headers = {}, body = '' }: ReceiverAnswer): void {
    if (status >= 200 && status < 300) this.taken.push(request);
    request.response.writeHead(status, headers).end(body);
  }
}

/** The documents of a JSON Lines body. */
export function linesOf({ body }: ReceivedRequest): { id: string; txid: string; vehicle: string }[] {
  const lines = body.toString().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as { id: string; txid: string; vehicle: string });
}
