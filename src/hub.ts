/**
 * What a hub is made of, in the order in which it starts. Reading this is reading the architecture: parts are made from
 * the configuration, known to each other only as far as it says here, and supervised.
 */
import { join } from 'node:path';
import {
  createDispatch,
  type Dispatch,
  DispatchError,
  dispatcherType,
  dispatchRoutes,
  type FleetRecord,
  type RefusedRecord,
} from './actors/dispatch/index.js';
import { type Broker, brokerType, byPassword, createBroker } from './actors/mqtt/index.js';
import { connectionType, createTelemetry, SPOOL, type Telemetry, telemetryRoutes } from './actors/telemetry/index.js';
import { brokerRefusals, measureBroker } from './broker-metrics.js';
import { consolePublicFolder } from './console/index.js';
import { createDestination } from './destinations.js';
import { countFailures, measureDispatchers } from './dispatcher-metrics.js';
import type { HubConfig } from './hub-config.js';
import { overviewRoutes } from './overview.js';
import {
  ActorSystem,
  actorRoutes,
  actorStreams,
  type Child,
  type Clock,
  createHttpServer,
  errorRecord,
  Health,
  type HttpServer,
  type Ids,
  Inspection,
  type Logger,
  Metrics,
  measureInspection,
  measureRuntime,
  Overload,
  openLog,
  type ReplayedType,
  Supervisor,
  trimWhileDegraded,
} from './runtime/index.js';
import type { SupervisionDeps } from './runtime/supervision.js';
import { CLOSE_MS, DRAIN_MS, drainTime, StopTime } from './stop-time.js';

/** The charts of a hub that can be replayed without one. */
export const hubTypes: readonly ReplayedType[] = [connectionType, dispatcherType, brokerType];

export interface HubDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly version: string;
}

/** The parts of a configuration that make a hub; a role that runs alone leaves some out. */
export type HubParts = Pick<HubConfig, 'dataDir'> & Partial<Pick<HubConfig, 'store' | 'http' | 'mqtt' | 'telemetry'>>;

export interface Hub {
  /** Where people and vehicles reach it, once it runs. */
  urls(): { readonly http?: string; readonly telemetry?: string; readonly mqtt?: string };
  readonly system: ActorSystem;
  readonly metrics: Metrics;
  /** `escalate` is called when the root supervisor gives up (SUP-8). */
  start(escalate: (error: unknown) => void): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
  /** Certificates are read again; whether they could be taken. */
  reload(): Promise<boolean>;
}

/** A dispatcher's part of an orderly stop. */
const DISPATCHER_STOP_MS = DRAIN_MS + CLOSE_MS;

export async function createHub(parts: HubParts, deps: HubDeps): Promise<Hub> {
  const { clock, ids, logger, version } = deps;
  const metrics = new Metrics();
  metrics.collectProcess();
  const health = new Health();
  const directory = join(parts.dataDir, 'store');
  const system = new ActorSystem({ ...parts.store, directory, clock, ids, log: logger });
  const overload = new Overload({ clock, log: logger, waitMs: () => system.waitMs });
  measureRuntime(system, metrics, overload);
  health.ready('store', () => storeHealth(system));
  health.ready('load', () => loadHealth(overload));

  const shedsUnacked = () => overload.sheds('telemetry');
  const broker = parts.mqtt?.embedded.enabled
    ? createEmbeddedBroker(parts.mqtt, shedsUnacked, metrics, deps)
    : undefined;
  const telemetry = parts.telemetry
    ? createTelemetry({ settings: parts.telemetry, system, clock, ids, logger, metrics })
    : undefined;
  const dispatch = await createSpooledDispatch(parts, system, telemetry, metrics, deps);

  for (const part of [broker, dispatch, telemetry]) if (part) system.register(part.type);

  const supervision = { clock, ids, log: logger };
  const children: Child[] = [];
  if (broker) {
    const stopEvent = (deadlineMs: number) => ({ type: 'broker.stop', deadlineMs });
    // Dispatchers may dial it as soon as they start.
    const startedIn = (state: string) => state === 'listening' || state === 'failed';
    children.push(system.child(broker.actor.address, { input: broker.actor.input, stopEvent, startedIn }));
  }
  if (dispatch) children.push(dispatchers(dispatch, system, supervision));
  if (telemetry) children.push(telemetry.listener);

  let url: string | undefined;
  const http =
    parts.http &&
    createHttpServer({ ...parts.http, logger, health, metrics, clock, staticFolder: consolePublicFolder });
  if (http) children.push(httpService(http, (started) => (url = started)));
  const stopTime = new StopTime(clock);
  const timed = children.map((child) => stopTime.bounding(child));
  // Each part bears the loss of the others, so that none drags vehicles' connections along.
  const root = new Supervisor({ name: 'hub', strategy: 'one_for_one', children: timed }, supervision);
  if (http) {
    http.routes(actorRoutes({ system, supervision: () => root.view() }));
    const waits = (address: string) => system.view(address)?.waits ?? [];
    const views = dispatch && (() => dispatch.views((address) => system.peek(address), waits));
    http.routes(
      overviewRoutes({
        role: 'hub',
        version,
        system,
        overload,
        clock,
        telemetry: telemetry?.figures,
        dispatchers: views,
      }),
    );
    if (telemetry) http.routes(telemetryRoutes(telemetry.connections, system));
    if (views) http.routes(dispatchRoutes(views));
    const inspection = new Inspection(system, clock, overload);
    measureInspection(inspection, metrics);
    actorStreams(http, system, inspection);
  }

  return {
    system,
    metrics,
    urls: () => {
      const port = telemetry?.port();
      const all = { http: url, telemetry: port && `wss://localhost:${port}`, mqtt: broker?.url() };
      return Object.fromEntries(Object.entries(all).filter(([, each]) => each !== undefined));
    },
    start: async (escalate) => {
      await system.start();
      overload.start();
      await root.start((end) => escalate(end === 'done' ? new Error('the hub ended') : end.error));
    },
    stop: async (deadlineMs) => {
      health.stopping();
      overload.stop();
      // The store needs some of it for itself.
      stopTime.begin(deadlineMs - deadlineMs / 8);
      await root.stop(deadlineMs);
      await dispatch?.close(stopTime.left);
      await broker?.close(stopTime.left);
      await system.stop(stopTime.left);
    },
    reload: async () => (await telemetry?.reload()) ?? true,
  };
}

const storeHealth = ({ commit }: ActorSystem) =>
  commit.degraded ? { ok: false, detail: commit.degraded.message } : { ok: true };

/** It stays ready: another process would have no less to do, and what matters is not shed (MBX-5). */
function loadHealth({ view }: Overload) {
  if (view.level === 'none') return { ok: true };
  return { ok: true, detail: `overloaded: work waits ${view.delayMs} ms for its turn` };
}

function createEmbeddedBroker(
  { embedded }: HubConfig['mqtt'],
  shedsUnacked: () => boolean,
  metrics: Metrics,
  deps: HubDeps,
): Broker {
  const { clock, logger } = deps;
  const { users, enabled: _enabled, ...options } = embedded;
  const broker = createBroker({
    ...options,
    ...(users.length === 0 ? {} : { authenticate: byPassword(users) }),
    shedsUnacked,
    clock,
    onRefused: brokerRefusals({ metrics, logger, clock }),
    onFailed: (error) => logger.error({ error: errorRecord(error) }, 'broker_failed'),
  });
  measureBroker(metrics, () => broker.stats());
  return broker;
}

/** The spool, and a dispatcher for each destination that some topic names. */
async function createSpooledDispatch(
  { dataDir, telemetry: settings }: HubParts,
  system: ActorSystem,
  telemetry: Telemetry | undefined,
  metrics: Metrics,
  { clock, ids, logger }: HubDeps,
): Promise<Dispatch | undefined> {
  if (!settings || !telemetry) return undefined;
  const overflow = settings.spool.atBound === 'dropOldest' ? 'drop-oldest' : 'reject';
  const reliable = new Set(settings.reliableAckSources.values());
  const readers = [...settings.spool.boundBytes].map(([name, boundBytes]) => {
    // What vehicles were not promised goes first; what they were, only where the operator prefers new records (DUR-9).
    const trim = { priority: reliable.has(name) ? 0 : 1, keepBytes: boundBytes / 2 };
    return { name, boundBytes, overflow, ...(overflow === 'drop-oldest' ? { trim } : {}) } as const;
  });
  const spool = await openLog(system.commit, clock, { name: SPOOL, readers });
  for (const left of spool.leftovers) logger.warn({ ...left }, 'spool_leftovers_removed');
  if (spool.unreadable > 0) logger.error({ entries: spool.unreadable }, 'spool_entries_unreadable');
  system.addLog(SPOOL, spool);
  const endTrimming = trimWhileDegraded({ system, clock, log: logger }, spool);
  const countFailure = countFailures(metrics);
  const { mqtt } = settings.dispatchers;
  const dispatchers = readers.map(({ name, boundBytes }) => ({
    name,
    boundBytes,
    spool: spool.reader(name),
    dispatcher: createDestination(name, { settings, dataDir, clock, ids, logger, metrics }),
    onConfirmed: (record: FleetRecord) => {
      const key = telemetry.confirmed(record, name);
      if (key !== undefined) spool.settled(key);
    },
    onRefused: ({ reason, bytes }: RefusedRecord) =>
      system.deadLetters.add(`dispatcher/${name}`, { record: bytes }, new DispatchError('DISPATCH_REFUSED', reason)),
    onFailed: (error: Error) => {
      countFailure(name);
      logger.warn({ dispatcher: name, err: errorRecord(error) }, 'dispatcher_failed');
    },
    ...(name === 'mqtt' && mqtt
      ? {
          timing: { longestRetryMs: mqtt.connectRetryIntervalMs },
          // Longer than it waits by itself, whose own error says more.
          deliverTimeoutMs: mqtt.publishTimeoutMs + 30_000,
        }
      : {}),
  }));
  const dispatch = createDispatch({ clock, dispatchers });
  measureDispatchers(metrics, () => dispatch.views((address) => system.cell(address)?.snapshot), spool);
  return {
    ...dispatch,
    close: (deadlineMs) => {
      endTrimming();
      return dispatch.close(deadlineMs);
    },
  };
}

/** A dispatcher that fails takes no other along; together they deliver what is left before they stop. */
function dispatchers(dispatch: Dispatch, system: ActorSystem, deps: SupervisionDeps): Child {
  const stopEvent = (deadlineMs: number) => ({ type: 'dispatcher.stop', deadlineMs: drainTime(deadlineMs) });
  const children = dispatch.actors.map(({ address, input }) =>
    system.child(address, { input, stopEvent, shutdownMs: DISPATCHER_STOP_MS }),
  );
  const group = new Supervisor({ name: 'dispatchers', strategy: 'one_for_one', children }, deps);
  return {
    name: group.name,
    kind: group.kind,
    shutdownMs: DISPATCHER_STOP_MS,
    start: (report) => group.start(report),
    stop: async (deadlineMs) => {
      await Promise.all(children.map((child) => child.stop(deadlineMs)));
      await group.stop(deadlineMs);
    },
    view: () => group.view(),
  };
}

function httpService(server: HttpServer, started: (url: string | undefined) => void): Child {
  return {
    name: 'http',
    kind: 'service',
    start: async () => started(await server.start()),
    stop: async (deadlineMs) => {
      await server.stop(deadlineMs);
      started(undefined);
    },
  };
}
