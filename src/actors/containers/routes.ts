import { Type } from '@sinclair/typebox';
import { lifecycleErrors, portText } from '../../protocols/containers/index.js';
import { type Clock, type HttpApp, type HttpRoutes, knownErrorRecord, type Logger } from '../../runtime/index.js';
import type { Engine } from '../engines/index.js';
import type { ContainerContext } from './chart-events.js';
import { ContainerError } from './errors.js';
import { type ContainerCommand, type ContainerFacts, type ContainerReply, containerAddress } from './events.js';
import { streamLines } from './log-stream.js';
import { sleep } from './patience.js';
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
  /** When its restart policy starts it again, epoch milliseconds; absent where it does not. */
  readonly restartsAt?: number;
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
  readonly command: (id: string, command: ContainerCommand, signal: AbortSignal) => Promise<ContainerReply>;
}

const ById = Type.Object({ id: Type.String() });
const LogQuery = Type.Object({
  tail: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  follow: Type.Optional(Type.Boolean()),
});

const TAIL = 200;

/** By hand: what each of these paths asks of a container. One that does not end by itself is killed after a time. */
const COMMANDS = {
  start: { type: 'START' },
  stop: { type: 'STOP', force: true },
  pause: { type: 'PAUSE' },
  resume: { type: 'RESUME' },
} as const satisfies Readonly<Record<string, ContainerCommand>>;

/** For a command to end; it goes on where that takes longer. */
const ANSWER_MS = 10_000;

/**
 * `GET /api/v1/containers`, and of each its log (NDJSON) and what it uses. `POST …/start`, `stop`, `pause`, `resume`:
 * 204 when it is so, 202 when that takes its time, 409 with the reason when it cannot be.
 */
export function containerRoutes(deps: RoutesDeps): HttpRoutes {
  const { roster, engine, clock, logger, isSystem } = deps;
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
    for (const [name, command] of Object.entries(COMMANDS)) {
      app.post(`/api/v1/containers/:id/${name}`, { schema: { params: ById } }, async (request, reply) => {
        const { id } = known(request.params.id);
        const answer = await answerOf(deps, id, command);
        if (answer && !answer.ok) throw new ContainerError('CONTAINER_CONFLICT', answer.error);
        return reply.code(answer ? 204 : 202).send();
      });
    }
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

/** Undefined: not within {@link ANSWER_MS}. */
async function answerOf(
  { command, clock, logger }: RoutesDeps,
  id: string,
  asked: ContainerCommand,
): Promise<ContainerReply | undefined> {
  const patience = new AbortController();
  const isOver = sleep(clock, ANSWER_MS, patience.signal).catch(() => undefined);
  // Nobody who leaves takes a command back.
  const answer = command(id, asked, new AbortController().signal);
  try {
    const first = await Promise.race([answer, isOver]);
    if (!first) answer.catch((error) => logger.warn({ container: id, err: knownErrorRecord(error) }, 'command_failed'));
    return first ?? undefined;
  } finally {
    patience.abort();
  }
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
  const { id, config, role, state, created, restartCount, restartAt, lastError } = facts;
  return {
    id,
    name: config.name,
    image: config.image,
    role,
    status: state.status,
    error: state.error || lastError,
    restartCount,
    ...(restartAt === null ? {} : { restartsAt: restartAt }),
    createdAt: created,
    startedAt: state.startedAt,
    finishedAt: state.finishedAt,
    exitCode: state.exitCode,
    ports: context.ports.map((port) => portText({ ...port, hostPortEnd: port.hostPort })),
    isSystem: isSystem(config.name),
    actor: containerAddress(id),
  };
}
