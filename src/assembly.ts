/** What a hub and a vehicle stand on alike: the actors' system with its store, metrics, health, HTTP, start and stop. */
import { join } from 'node:path';
import type { HubConfig } from './hub-config.js';
import { type OverviewDeps, overviewRoutes } from './overview.js';
import {
  ActorSystem,
  type Child,
  type Clock,
  Health,
  type HttpRoutes,
  type HttpServer,
  type Ids,
  type Logger,
  Metrics,
  measureRuntime,
  Overload,
  Supervisor,
} from './runtime/index.js';
import { StopTime } from './stop-time.js';

export interface AssemblyDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly version: string;
}

/** A whole that can be run. */
export interface Assembly {
  /** Where people and peers reach it, by name, once it runs. */
  urls(): Readonly<Record<string, string>>;
  readonly system: ActorSystem;
  readonly metrics: Metrics;
  /** `escalate` is called when the root supervisor gives up (SUP-8). */
  start(escalate: (error: unknown) => void): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
}

export interface Base {
  readonly system: ActorSystem;
  readonly metrics: Metrics;
  readonly overload: Overload;
  /** For what else must be well before the process is given work. */
  readonly health: Health;
  assemble(parts: AssemblyParts): Assembly;
}

export interface AssemblyParts extends Pick<OverviewDeps, 'role' | 'telemetry' | 'dispatchers'> {
  /** In start order; each bears the loss of the others. */
  readonly children: readonly Child[];
  readonly routes?: readonly HttpRoutes[];
  readonly urls: () => Readonly<Record<string, string | undefined>>;
  /** Before any actor is awake: effects that a crash cut off begin again as soon as the system starts. */
  readonly prepare?: (() => Promise<void>) | undefined;
  /** Closed in this order after the children have stopped. */
  readonly close: readonly { close(deadlineMs: number): Promise<void> }[];
}

export function createBase(
  parts: Pick<HubConfig, 'dataDir'> & Partial<Pick<HubConfig, 'store' | 'http'>>,
  { clock, ids, logger, version }: AssemblyDeps,
): Base {
  const metrics = new Metrics();
  metrics.collectProcess();
  const health = new Health();
  const directory = join(parts.dataDir, 'store');
  const system = new ActorSystem({ ...parts.store, directory, clock, ids, log: logger });
  const overload = new Overload({ clock, log: logger, waitMs: () => system.waitMs });
  measureRuntime(system, metrics, overload);
  health.ready('store', () => storeHealth(system));
  health.ready('load', () => loadHealth(overload));

  const assemble = ({ role, children, routes = [], urls, prepare, close, ...figures }: AssemblyParts): Assembly => {
    let url: string | undefined;
    const overview = overviewRoutes({ role, version, system, overload, clock, ...figures });
    const { http: config } = parts;
    const http = config && {
      create: async (): Promise<HttpServer> => {
        const { createApi } = await import('./http-api.js');
        const supervision = () => root.view();
        const all = [overview, ...routes];
        return createApi({ config, system, supervision, overload, health, metrics, clock, logger, routes: all });
      },
      started: (at: string | undefined) => (url = at),
    };
    // Last, for vehicles need not wait for what people look at.
    const all = http ? [...children, httpService(http)] : children;
    const stopTime = new StopTime(clock);
    const timed = all.map((child) => stopTime.bounding(child));
    const root = new Supervisor({ name: role, strategy: 'one_for_one', children: timed }, { clock, ids, log: logger });
    return {
      system,
      metrics,
      urls: () => {
        const known = Object.entries({ http: url, ...urls() });
        return Object.fromEntries(known.filter((entry): entry is [string, string] => entry[1] !== undefined));
      },
      start: async (escalate) => {
        await prepare?.();
        await system.start();
        overload.start();
        await root.start((end) => escalate(end === 'done' ? new Error(`the ${role} ended`) : end.error));
      },
      stop: async (deadlineMs) => {
        health.stopping();
        overload.stop();
        // The store needs some of it for itself.
        stopTime.begin(deadlineMs - deadlineMs / 8);
        await root.stop(deadlineMs);
        for (const part of close) await part.close(stopTime.left);
        await system.stop(stopTime.left);
      },
    };
  };
  return { system, metrics, overload, health, assemble };
}

const storeHealth = ({ commit }: ActorSystem) =>
  commit.degraded ? { ok: false, detail: commit.degraded.message } : { ok: true };

/** It stays ready: another process would have no less to do, and what matters is not shed (MBX-5). */
function loadHealth({ view }: Overload) {
  if (view.level === 'none') return { ok: true };
  return { ok: true, detail: `overloaded: work waits ${view.delayMs} ms for its turn` };
}

interface HttpServiceOptions {
  /** Loads what it needs, which is a good part of a process. */
  readonly create: () => Promise<HttpServer>;
  readonly started: (url: string | undefined) => void;
}

function httpService({ create, started }: HttpServiceOptions): Child {
  let server: HttpServer | undefined;
  return {
    name: 'http',
    kind: 'service',
    start: async () => {
      server = await create();
      started(await server.start());
    },
    stop: async (deadlineMs) => {
      await server?.stop(deadlineMs);
      started(undefined);
    },
  };
}
