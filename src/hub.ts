/**
 * What a hub is made of, in the order in which it starts. Reading this is reading the architecture: parts are made from
 * the configuration, known to each other only as far as it says here, and supervised.
 */
import { hostname } from 'node:os';
import {
  createDispatch,
  type Dispatch,
  DispatchError,
  dispatcherType,
  dispatchRoutes,
  type FleetRecord,
  type RefusedRecord,
  refusedLetter,
} from './actors/dispatch/index.js';
import { createErrorReports } from './actors/error-reports/index.js';
import { createMonitoring } from './actors/monitoring/index.js';
import { brokerType } from './actors/mqtt/index.js';
import { connectionType, SPOOL, type Telemetry, telemetryRoutes } from './actors/telemetry/index.js';
import { LAST_VALUES_READER, presenceType, type Vehicles } from './actors/vehicles/index.js';
import { type Assembly, type AssemblyDeps, createBase } from './assembly.js';
import { createDestination, pacing } from './destinations.js';
import { DispatcherLog } from './dispatcher-log.js';
import { countErrors, countFailures, countLostLetters, measureDispatchers } from './dispatcher-metrics.js';
import { embedBroker } from './embedded-broker.js';
import type { HubConfig } from './hub-config.js';
import { createIngest } from './ingest.js';
import type { LogLines, TelemetrySettings } from './protocols/fleet-telemetry/server-settings.js';
import {
  type ActorSystem,
  type Child,
  keyOf,
  type Metrics,
  openLog,
  type ReplayedType,
  Supervisor,
  trimWhileDegraded,
} from './runtime/index.js';
import type { SupervisionDeps } from './runtime/supervision.js';
import { CLOSE_MS, DRAIN_MS, drainTime } from './stop-time.js';

/** The charts of a hub that can be replayed without one. */
export const hubTypes: readonly ReplayedType[] = [connectionType, dispatcherType, brokerType, presenceType];

/** The parts of a configuration that make a hub; a role that runs alone leaves some out. */
export type HubParts = Pick<HubConfig, 'dataDir'> &
  Partial<Pick<HubConfig, 'store' | 'http' | 'mqtt' | 'telemetry'>> & {
    /** Of the keys of `telemetry` where they do not stand in a section of that name. */
    readonly telemetryPrefix?: string;
    /** Whose names the lines of ingest and dispatch have, unless its settings say. @default own */
    readonly logLines?: LogLines;
  };

export interface Hub extends Assembly {
  /** Certificates are read again; whether they could be taken. */
  reload(): Promise<boolean>;
}

/** A dispatcher's part of an orderly stop. */
const DISPATCHER_STOP_MS = DRAIN_MS + CLOSE_MS;

/** For the last reports of errors at a stop. */
const REPORT_MS = 1_000;

export async function createHub(parts: HubParts, deps: AssemblyDeps): Promise<Hub> {
  const { clock, ids, logger } = deps;
  const base = createBase(parts, deps);
  const { system, metrics, health } = base;

  const embedded = parts.mqtt?.embedded.enabled ? embedBroker(parts.mqtt, base, deps) : undefined;
  const lines = parts.telemetry?.log.lines ?? parts.logLines ?? 'own';
  const common = { system, clock, ids, logger, metrics };
  const { errorReports: settings = {} } = parts.telemetry ?? {};
  const errors = createErrorReports({ ...common, settings, version: deps.version, hostname: hostname() });
  const ingest = parts.telemetry
    ? createIngest(parts.telemetry, { ...common, keyPrefix: parts.telemetryPrefix, lines, errors })
    : undefined;
  const { telemetry, vehicles } = ingest ?? {};
  const monitoring = parts.telemetry
    ? createMonitoring({
        settings: parts.telemetry.monitoring,
        keyPrefix: parts.telemetryPrefix,
        metrics,
        clock,
        logger,
        isStopping: () => health.isStopping,
      })
    : undefined;
  const log = new DispatcherLog({ logger, clock, lines, errors, namespace: parts.telemetry?.namespace });
  const dispatch = await createSpooledDispatch(parts, system, ingest, metrics, log, deps);
  for (const part of [dispatch, telemetry, vehicles]) if (part) system.register(part.type);

  const children: Child[] = [...(monitoring?.children ?? [])];
  // Dispatchers may dial it as soon as they start.
  if (embedded) children.push(embedded.child);
  if (dispatch) children.push(dispatchers(dispatch, system, log, { clock, ids, log: logger }));
  if (vehicles) children.push(vehicles.child);
  if (telemetry) children.push(telemetry.listener);

  const waits = (address: string) => system.view(address)?.waits ?? [];
  const views = dispatch && (() => dispatch.views((address) => system.peek(address), waits));
  const hub = base.assemble({
    role: 'hub',
    children,
    routes: [
      ...(telemetry ? [telemetryRoutes(telemetry.connections, system)] : []),
      ...(vehicles ? [vehicles.routes] : []),
      ...(views ? [dispatchRoutes(views)] : []),
    ],
    telemetry: telemetry?.figures,
    dispatchers: views,
    urls: () => {
      const port = telemetry?.port();
      return {
        telemetry: port === undefined ? undefined : `wss://localhost:${port}`,
        mqtt: embedded?.broker.url(),
        ...monitoring?.urls(),
      };
    },
    close: [
      ...(dispatch ? [dispatch] : []),
      ...(embedded ? [embedded.broker] : []),
      ...(monitoring ? [monitoring] : []),
      { close: (deadlineMs) => errors.close(Math.min(deadlineMs, REPORT_MS)) },
    ],
  });
  const reload = async (): Promise<boolean> => {
    const taken = await Promise.all([telemetry?.reload(), embedded?.broker.reload()]);
    return !taken.includes(false);
  };
  const start: Hub['start'] = (escalate) =>
    hub.start((error) => {
      const message = error instanceof Error ? error.message : String(error);
      errors.report({ at: clock.now(), type: 'hub', message, severity: 'critical', params: { log_type: 'fatal' } });
      escalate(error);
    });
  return { ...hub, start, reload };
}

/** The spool, and a dispatcher for each destination that some topic names. */
async function createSpooledDispatch(
  { dataDir, telemetry: settings }: HubParts,
  system: ActorSystem,
  ingest: { readonly telemetry: Telemetry; readonly vehicles: Vehicles } | undefined,
  metrics: Metrics,
  log: DispatcherLog,
  { clock, ids, logger }: AssemblyDeps,
): Promise<Dispatch | undefined> {
  if (!settings || !ingest) return undefined;
  const { telemetry, vehicles } = ingest;
  const overflow = settings.spool.atBound === 'dropOldest' ? 'drop-oldest' : 'reject';
  const reliable = new Set(settings.reliableAckSources.values());
  const readers = [...settings.spool.boundBytes].map(([name, boundBytes]) => {
    // What vehicles were not promised goes first; what they were, only where the operator prefers new records (DUR-9).
    const trim = { priority: reliable.has(name) ? 0 : 1, keepBytes: boundBytes / 2 };
    return { name, boundBytes, overflow, ...(overflow === 'drop-oldest' ? { trim } : {}) } as const;
  });
  const spool = await openLog(system.commit, clock, { name: SPOOL, readers: [...readers, ...lastValues(settings)] });
  for (const left of spool.leftovers) logger.warn({ ...left }, 'spool_leftovers_removed');
  if (spool.unreadable > 0) logger.error({ entries: spool.unreadable }, 'spool_entries_unreadable');
  system.addLog(SPOOL, spool);
  if (settings.lastValues) vehicles.follow(spool.reader(LAST_VALUES_READER), () => spool.lastSeq);
  const endTrimming = trimWhileDegraded({ system, clock, log: logger }, spool);
  const countFailure = countFailures(metrics);
  for (const { name } of readers) log.registered(name, settings);
  const countError = new Map(readers.map(({ name }) => [name, countErrors(metrics, name)]));
  const dispatchers = readers.map(({ name, boundBytes }) => ({
    name,
    boundBytes,
    spool: spool.reader(name),
    dispatcher: createDestination(name, {
      settings,
      dataDir,
      clock,
      ids,
      logger,
      log,
      metrics,
      pendingItems: () => spool.reader(name).pending().items,
    }),
    onConfirmed: (record: FleetRecord) => {
      log.confirmed(name);
      const key = telemetry.confirmed(record, name);
      if (key !== undefined) spool.settled(key);
    },
    entrance: {
      hasRoom: (bytes: number) => spool.reader(name).hasRoom(bytes),
      append: (record: Uint8Array) => spool.append(record, [name]),
    },
    onRefused: (refused: RefusedRecord) => {
      const { reason, record } = refused;
      log.refused(name, refused);
      const error = new DispatchError('DISPATCH_REFUSED', reason);
      system.deadLetters.add(`dispatcher/${name}`, refusedLetter(refused), error, { isWhole: true });
      if (!record) return;
      countError.get(name)?.(record.type);
      telemetry.refused(record, name);
    },
    onUndelivered: (record: FleetRecord) => countError.get(name)?.(record.type),
    onFailed: (error: Error) => {
      countFailure(name);
      log.failed(name, error);
    },
    ...pacing(name, settings),
  }));
  const dispatch = createDispatch({ clock, dispatchers });
  const views = () => dispatch.views((address) => system.cell(address)?.snapshot);
  measureDispatchers(metrics, views, spool, countLostLetters(system.deadLetters));
  return {
    ...dispatch,
    close: (deadlineMs) => {
      endTrimming();
      return dispatch.close(deadlineMs);
    },
  };
}

/** Last values are made up for by the next record, so they hold nothing up and go first when there is no room. */
function lastValues({ lastValues: settings }: TelemetrySettings) {
  if (!settings) return [];
  const { boundBytes } = settings;
  const trim = { priority: -1, keepBytes: 0 };
  return [{ name: LAST_VALUES_READER, boundBytes, overflow: 'drop-oldest', trim } as const];
}

/** A dispatcher that fails takes no other along; together they deliver what is left before they stop. */
function dispatchers(dispatch: Dispatch, system: ActorSystem, log: DispatcherLog, deps: SupervisionDeps): Child {
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
      log.closing(dispatch.actors.map(({ address }) => keyOf(address)));
      await Promise.all(children.map((child) => child.stop(deadlineMs)));
      await group.stop(deadlineMs);
      log.closed();
    },
    view: () => group.view(),
  };
}
