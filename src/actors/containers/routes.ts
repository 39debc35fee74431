import { Type } from '@sinclair/typebox';
import { lifecycleErrors, portText } from '../../protocols/containers/index.js';
import { type Clock, type HttpApp, type HttpRoutes, knownErrorRecord, type Logger } from '../../runtime/index.js';
import type { Engine } from '../engines/index.js';
import type { ContainerContext } from './chart-events.js';
import { ContainerError } from './errors.js';
import { type ContainerFacts, containerAddress } from './events.js';
import { streamLines } from './log-stream.js';
import type { ContainerRoster } from './roster.js';
import { UsageMeter } from './stats.js';

/** A container as the API shows it: no variables, no secrets. Times are RFC 3339 in UTC, empty if never. */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly role: ContainerFacts['role'];
  readonly status: ContainerFacts['state']['status'];
  /** What went wrong last, if it still matters. */
  readonly error: string;
  readonly restartCount: number;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exitCode: number;
  /** `0.0.0.0:8080:80/tcp`, as published. */
  readonly ports: readonly string[];
  readonly isSystem: boolean;
  /** Address of its actor. */
  readonly actor: string;
}

export interface RoutesDeps {
  readonly roster: ContainerRoster;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isSystem: (name: string) => boolean;
}

const ById = Type.Object({ id: Type.String() });
const LogQuery = Type.Object({
  tail: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  follow: Type.Optional(Type.Boolean()),
});

const TAIL = 200;

/** `GET /api/v1/containers`, and of each its log (NDJSON) and what it uses. */
export function containerRoutes({ roster, engine, clock, logger, isSystem }: RoutesDeps): HttpRoutes {
  const meter = new UsageMeter(engine, clock);
  const known = (id: string): ContainerFacts => {
    const facts = roster.find(id);
    if (facts) return facts;
    throw new ContainerError('CONTAINER_UNKNOWN', lifecycleErrors.unknown(id));
  };
  return (app) => {
    const ends = closesWith(app);
    app.get('/api/v1/containers', async () => ({
      containers: roster.contexts().map((context) => rowOf(context, roster.find(context.id) ?? context, isSystem)),
    }));
    app.get('/api/v1/containers/:id/stats', { schema: { params: ById } }, async (request) => {
      const { id, config } = known(request.params.id);
      return meter.usage(id, config.resources, request.signal);
    });
    app.get(
      '/api/v1/containers/:id/logs',
      { schema: { params: ById, querystring: LogQuery } },
      async (request, reply) => {
        const { id } = known(request.params.id);
        const { tail = TAIL, follow = false } = request.query;
        // A lost engine is answered as such; from here on there is only the end of the stream.
        await engine.info(request.signal);
        const end = ends(reply.raw);
        reply.hijack();
        const { raw } = reply;
        raw.writeHead(200, {
          ...(reply.getHeaders() as Record<string, string>),
          'content-type': 'application/x-ndjson',
        });
        try {
          await streamLines(engine.logs(id, { tail, follow }, end.signal), raw, end.signal);
        } catch (error) {
          logger.warn({ container: id, err: knownErrorRecord(error) }, 'container_log_broken');
        } finally {
          end.abort();
        }
      },
    );
  };
}

/** Streams end with their readers, and with the server. */
function closesWith(
  app: HttpApp,
): (response: { once(event: 'close', listener: () => void): unknown }) => AbortController {
  const open = new Set<AbortController>();
  app.addHook('preClose', async () => {
    for (const end of open) end.abort();
  });
  return (response) => {
    const end = new AbortController();
    open.add(end);
    end.signal.addEventListener('abort', () => open.delete(end), { once: true });
    response.once('close', () => end.abort());
    return end;
  };
}

function rowOf(context: ContainerContext, facts: ContainerFacts, isSystem: (name: string) => boolean): ContainerRow {
  const { id, config, role, state, created, restartCount, lastError } = facts;
  return {
    id,
    name: config.name,
    image: config.image,
    role,
    status: state.status,
    error: state.error || lastError,
    restartCount,
    createdAt: created,
    startedAt: state.startedAt,
    finishedAt: state.finishedAt,
    exitCode: state.exitCode,
    ports: context.ports.map((port) => portText({ ...port, hostPortEnd: port.hostPort })),
    isSystem: isSystem(config.name),
    actor: containerAddress(id),
  };
}
