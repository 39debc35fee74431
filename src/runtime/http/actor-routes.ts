import { Type } from '@sinclair/typebox';
import { type Address, addressOf, isAddress } from '../address.js';
import { ActorError } from '../errors.js';
import type { Inspection } from '../inspection/inspection.js';
import { recordActor } from '../inspection/recorder.js';
import { forViewers } from '../redaction.js';
import type { SupervisorView } from '../supervision.js';
import type { ActorSystem } from '../system.js';
import { isInState } from './actor-view.js';
import type { HttpRoutes, HttpServer } from './http-server.js';
import { HttpError } from './problem.js';

export interface ActorRoutesDeps {
  readonly system: ActorSystem;
  readonly supervision: () => SupervisorView;
}

const PAGE = 100;
const MOST_SCANNED = 20_000;
const Key = Type.Object({ kind: Type.String(), key: Type.String() });

/** The runtime's own API: actors and what they wait for, and supervision. */
export function actorRoutes({ system, supervision }: ActorRoutesDeps): HttpRoutes {
  return (app) => {
    const query = Type.Object({
      type: Type.Optional(Type.String()),
      state: Type.Optional(Type.String()),
      q: Type.Optional(Type.String()),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
      cursor: Type.Optional(Type.String()),
    });
    app.get('/api/v1/actors', { schema: { querystring: query } }, async (request) => {
      const { type, state, q, limit = PAGE, cursor = '' } = request.query;
      const actors = [];
      let scanned = 0;
      let next: string | null = null;
      for (const address of system.addresses(type, cursor)) {
        if (actors.length >= limit || ++scanned > MOST_SCANNED) {
          next = actors.at(-1)?.address ?? address;
          break;
        }
        if (q !== undefined && !address.includes(q)) continue;
        const view = system.view(address);
        if (view && (state === undefined || isInState(view.state, state) || view.status === state)) actors.push(view);
      }
      return { actors, next };
    });

    app.get('/api/v1/actors/:kind/:key', { schema: { params: Key } }, async (request) => {
      const address = addressIn(request.params);
      const view = system.view(address);
      if (!view) throw new HttpError('ACTOR_UNKNOWN', `there is no actor ${address}`);
      const chart = system.peek(address);
      return { ...view, context: forViewers(chart?.context), output: forViewers(chart?.output) ?? null };
    });

    app.post('/api/v1/actors/:kind/:key/unpark', { schema: { params: Key } }, async (request, reply) => {
      const address = addressIn(request.params);
      if (!system.unpark(address)) throw new HttpError('ACTOR_PARKED_CONFLICT', `${address} is not parked`);
      return reply.code(204).send();
    });

    app.get('/api/v1/supervision', async () => supervision());
  };
}

/** Live statecharts at `/api/v1/inspect`, fixtures as they happen at `/api/v1/record`. */
export function actorStreams(server: HttpServer, system: ActorSystem, inspection: Inspection): void {
  server.upgrade('/api/v1/inspect', (ws, { url }) => {
    const viewer = inspection.open((text) => {
      if (ws.bufferedAmount > BEHIND_BYTES) return false;
      ws.send(text);
      return true;
    });
    for (const pattern of url.searchParams.getAll('watch').slice(0, MOST_PATTERNS)) viewer.watch(pattern);
    ws.on('message', (data) => {
      const { watch, unwatch } = commandOf(String(data));
      if (watch !== undefined) viewer.watch(watch);
      if (unwatch !== undefined) viewer.unwatch(unwatch);
    });
    ws.on('close', () => viewer.close());
  });
  server.upgrade('/api/v1/record', (ws, { url }) => {
    const addresses = url.searchParams.getAll('address').filter((address) => isAddress(address));
    if (addresses.length === 0) {
      ws.close(1008, 'name the actors to record: ?address=type/key');
      return;
    }
    const ends = addresses.slice(0, MOST_PATTERNS).map((address) =>
      recordActor(system, address, (line) => {
        // A recording with holes is worth nothing, so it ends.
        if (ws.bufferedAmount > RECORDING_BEHIND_BYTES) ws.close(1013, 'the recording was not read fast enough');
        else ws.send(line);
      }),
    );
    ws.on('close', () => {
      for (const end of ends) end();
    });
  });
}

const BEHIND_BYTES = 1024 * 1024;
const RECORDING_BEHIND_BYTES = 64 * 1024 * 1024;
const MOST_PATTERNS = 100;

function commandOf(text: string): { watch?: string; unwatch?: string } {
  try {
    const command = JSON.parse(text) as { watch?: unknown; unwatch?: unknown };
    return {
      ...(typeof command?.watch === 'string' ? { watch: command.watch } : {}),
      ...(typeof command?.unwatch === 'string' ? { unwatch: command.unwatch } : {}),
    };
  } catch {
    return {};
  }
}

function addressIn({ kind, key }: { kind: string; key: string }): Address {
  try {
    return addressOf(kind, key);
  } catch (error) {
    if (error instanceof ActorError) throw new HttpError(error.code, error.message);
    throw error;
  }
}
