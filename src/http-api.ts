/** The HTTP API and the console of a process. Loaded where they are configured, when everything else runs. */
import { consolePublicFolder } from './console/index.js';
import type { HttpConfig } from './runtime/http/http-config.js';
import { actorRoutes, actorStreams, createHttpServer, deadLetterRoutes } from './runtime/http/index.js';
import {
  type ActorSystem,
  type Clock,
  type Health,
  type HttpRoutes,
  type HttpServer,
  Inspection,
  type Logger,
  type Metrics,
  measureInspection,
  type Overload,
} from './runtime/index.js';
import type { SupervisorView } from './runtime/supervision.js';

export interface ApiDeps {
  readonly config: HttpConfig;
  readonly system: ActorSystem;
  readonly supervision: () => SupervisorView;
  readonly overload: Overload;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of what the process does, beside the actors'. */
  readonly routes: readonly HttpRoutes[];
}

export function createApi({ config, system, supervision, overload, routes, ...deps }: ApiDeps): HttpServer {
  const { clock, metrics } = deps;
  const server = createHttpServer({ ...config, ...deps, staticFolder: consolePublicFolder });
  for (const each of [actorRoutes({ system, supervision }), deadLetterRoutes(system), ...routes]) server.routes(each);
  const inspection = new Inspection(system, clock, overload);
  measureInspection(inspection, metrics);
  actorStreams(server, system, inspection);
  return server;
}
