import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';
import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate';
import type {
  ActorDetailView,
  ConnectionView,
  DeadLetterView,
  InspectionMessage,
  OverviewView,
  SupervisorView,
} from '../../src/console/api-types.js';
import { consolePublicFolder } from '../../src/console/index.js';

/** What the fake hub answers; tests change it while it runs. */
export interface FakeHub {
  overview: OverviewView;
  connections: ConnectionView[];
  actors: ActorDetailView[];
  supervision: SupervisorView;
  deadLetters: DeadLetterView[];
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** At least as strict as what the hub sends. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the console page and speaks its HTTP API and inspection protocol, with real machines behind the charts. */
export class FakeConsoleApi {
  readonly unparked: string[] = [];
  readonly replayed: string[] = [];
  private readonly sockets = new Map<WebSocket, string>();
  private readonly running = new Map<string, { readonly ref: AnyActorRef; readonly machine: AnyStateMachine }>();
  private readonly webSockets = new WebSocketServer({ noServer: true });

  private constructor(
    readonly hub: FakeHub,
    private readonly server: Server,
    private readonly token: string | undefined,
  ) {}

  static async start(hub: FakeHub, options: { token?: string; port?: number } = {}): Promise<FakeConsoleApi> {
    const server = createServer();
    const fake = new FakeConsoleApi(hub, server, options.token);
    server.on('request', (request, response) => void fake.answer(request, response));
    server.on('upgrade', (request, socket, head) => fake.upgrade(request, socket, head));
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Starts a machine under an address; whoever watches the address sees it. */
  run(address: string, machine: AnyStateMachine, input?: unknown): AnyActorRef {
    this.running.get(address)?.ref.stop();
    const ref = createActor(machine, { input }) as AnyActorRef;
    ref.start();
    this.running.set(address, { ref, machine });
    return ref;
  }

  /** Sends an event to a running machine and tells the viewers, as the runtime does. */
  send(address: string, event: { type: string }): void {
    const actor = this.running.get(address);
    if (actor === undefined) throw new Error(`no machine runs as ${address}`);
    actor.ref.send(event);
    this.broadcast(address, { type: '@xstate.event', event, ...identity(address) });
    this.broadcast(address, { type: '@xstate.snapshot', event, snapshot: snapshotOf(actor.ref), ...identity(address) });
  }

  get viewers(): number {
    return this.sockets.size;
  }

  async close(): Promise<void> {
    for (const { ref } of this.running.values()) ref.stop();
    for (const socket of this.sockets.keys()) socket.terminate();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private broadcast(address: string, message: InspectionMessage): void {
    for (const [socket, watched] of this.sockets) if (watched === address) socket.send(JSON.stringify(message));
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (this.token !== undefined && !offered.includes(`bearer.${this.token}`)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return;
    }
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const address = new URL(request.url ?? '', this.url).searchParams.get('watch') ?? '';
      this.sockets.set(webSocket, address);
      webSocket.on('close', () => this.sockets.delete(webSocket));
      const actor = this.running.get(address);
      if (actor === undefined) return;
      const definition = definitionOf(actor.machine);
      const snapshot = snapshotOf(actor.ref);
      const message = { type: '@xstate.actor', name: address, definition, snapshot, ...identity(address) } as const;
      webSocket.send(JSON.stringify(message));
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    if (!pathname.startsWith('/api/')) return this.answerFile(pathname, response);
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      return problem(response, 401, 'A token is needed.');
    }
    const parts = pathname.split('/').slice(3).map(decodeURIComponent);
    if (request.method === 'POST') return this.act(parts, await text(request), response);
    const { hub } = this;
    if (parts[0] === 'overview') return json(response, hub.overview);
    if (parts[0] === 'supervision') return json(response, hub.supervision);
    if (parts[0] === 'dead-letters') return json(response, { deadLetters: hub.deadLetters });
    if (parts[0] === 'telemetry') return json(response, { connections: hub.connections });
    if (parts[0] !== 'actors') return problem(response, 404, 'There is no such resource.');
    if (parts.length === 1) return json(response, { actors: this.list(searchParams), next: null });
    const actor = hub.actors.find(({ address }) => address === `${parts[1]}/${parts[2]}`);
    return actor === undefined ? problem(response, 404, 'There is no such actor.') : json(response, actor);
  }

  private list(query: URLSearchParams): ActorDetailView[] {
    const fits = (name: string, ...values: string[]): boolean => [null, ...values].includes(query.get(name));
    return this.hub.actors.filter(
      ({ type, state, status, address }) =>
        fits('type', type) && fits('state', state, status) && address.includes(query.get('q') ?? ''),
    );
  }

  private act(parts: readonly string[], body: string, response: ServerResponse): void {
    if (parts[0] === 'actors' && parts[3] === 'unpark') {
      const address = `${parts[1]}/${parts[2]}`;
      this.unparked.push(address);
      this.hub.actors = this.hub.actors.map((actor) =>
        actor.address === address ? { ...actor, status: 'live', lastError: null } : actor,
      );
      json(response, {});
    } else if (parts[0] === 'dead-letters' && parts[1] === 'replay') {
      const { address, cursor } = JSON.parse(body) as { address: string; cursor?: string };
      const [letter, ...more] = this.hub.deadLetters.filter((each) => each.address === address);
      this.hub.deadLetters = this.hub.deadLetters.filter((each) => each !== letter);
      this.replayed.push(`${letter?.id} ${cursor ?? ''}`);
      json(response, { replayed: letter ? 1 : 0, refused: [], next: more.length > 0 ? 'more' : null });
    } else if (parts[0] === 'dead-letters' && parts[2] === 'replay') {
      this.replayed.push(parts[1] ?? '');
      this.hub.deadLetters = this.hub.deadLetters.filter(({ id }) => id !== parts[1]);
      json(response, {});
    } else problem(response, 404, 'There is no such resource.');
  }

  private async answerFile(pathname: string, response: ServerResponse): Promise<void> {
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const content = await readFile(join(consolePublicFolder, name)).catch(() => undefined);
    if (content === undefined) return problem(response, 404, 'There is no such file.');
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
    response.end(content);
  }
}

function identity(address: string): { address: string; sessionId: string; rootId: string; createdAt: string } {
  return { address, sessionId: address, rootId: address, createdAt: String(Date.now()) };
}

function definitionOf(machine: AnyStateMachine): string {
  return JSON.stringify(machine.config, (_key, value) => (typeof value === 'function' ? { type: value.name } : value));
}

function snapshotOf(ref: AnyActorRef): Record<string, unknown> {
  const { status, value, context } = ref.getSnapshot();
  return { status, value, context };
}

function json(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, detail: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/problem+json');
  response.end(JSON.stringify({ status, title: 'Problem', detail }));
}
