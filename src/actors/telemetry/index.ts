import type { Snapshot } from 'xstate';
import type { LogLines, TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import type { ActorSystem, ActorType, Child, Clock, Ids, Logger, Metrics } from '../../runtime/index.js';
import type { FleetRecord } from '../dispatch/index.js';
import type { ErrorSink } from '../error-reports/index.js';
import { CONNECTION_TYPE } from './connection-address.js';
import { connectionHot, SPOOL } from './connection-hot.js';
import { Connections } from './connections.js';
import { ConnectivitySpool, connectivityRecord } from './connectivity.js';
import type { ConnectionEvent, ConnectionInput, ConnectionOutput, IngestSettings } from './events.js';
import { IngestBudget } from './ingest-budget.js';
import { IngestMetrics } from './ingest-metrics.js';
import { ListenerService } from './listener-service.js';
import { LiveConnection, type LiveConnectionDeps } from './live-connection.js';
import { connectionMachine } from './machine.js';
import { type LoggedRequest, type RequestFacts, RequestLog } from './request-log.js';

export { SPOOL } from './connection-hot.js';
export { recordTopic, telemetryFormats } from './record-formats.js';
export { referenceForm } from './reference-form.js';
export { telemetryRoutes } from './routes.js';

export interface TelemetryDeps {
  readonly settings: TelemetrySettings;
  /** What stands before its keys where they are from, for what is said of them. @default 'telemetry.' */
  readonly keyPrefix?: string | undefined;
  /** Whose names the lines of the log have, unless the settings say. @default own */
  readonly lines?: LogLines | undefined;
  /** Where upgrades that fail are reported beside the log (spec 8.4). */
  readonly errors?: Pick<ErrorSink, 'report'>;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Another reader of the spool that gets the records of all topics, and is told what else vehicles sent. */
  readonly follower?: string | undefined;
  /** A vehicle has connected. */
  readonly opened?: (connection: LiveConnection) => void;
  /** A connection is gone. */
  readonly closed?: (connection: LiveConnection) => void;
}

/** How ingest is doing, for the overview. */
export interface TelemetryFigures {
  readonly connections: number;
  readonly recordsTotal: number;
  readonly acksTotal: number;
}

/** Ingest of one hub: an actor type for its connections, and the listener that makes them. */
export interface Telemetry {
  readonly type: ActorType;
  readonly connections: Connections;
  /** The TLS listener, as a supervisor's child. */
  readonly listener: Child;
  /** Port that is listened on, once it is. */
  port(): number | undefined;
  /** Reads certificates and keys again (FT-TLS-2); whether they could be taken. */
  reload(): Promise<boolean>;
  /**
   * A dispatcher has confirmed a record: where that is its topic's reliable source, it is acknowledged now. Returns the
   * key under which the spool is to know that (FT-ACK-3).
   */
  confirmed(record: FleetRecord, dispatcher: string): string | undefined;
  /** A dispatcher refuses a record: where that is its topic's reliable source, nothing waits for it any more. */
  refused(record: FleetRecord, dispatcher: string): void;
  figures(): TelemetryFigures;
}

/** What a connection's chart and hot function need, and nothing of the process around them: enough for a replay. */
export const connectionType = {
  name: CONNECTION_TYPE,
  version: 2,
  machine: connectionMachine,
  hot: connectionHot,
  // Version 2 has one state more.
  migrate: (_fromVersion: number, snapshot: Snapshot<unknown>) => snapshot,
} as const;

/** How long a stop waits for acknowledgements before it closes a connection. */
const GRACE_MS = 3_000;
export function createTelemetry(deps: TelemetryDeps): Telemetry {
  const { settings, keyPrefix = 'telemetry.', system, clock, ids, logger, metrics } = deps;
  const lines = settings.log.lines ?? deps.lines;
  const connections = new Connections(clock, settings.idlePingMs);
  const budget = new IngestBudget(settings.limits.maxInFlightBytes);
  const ingest = new IngestMetrics({
    metrics,
    logger,
    clock,
    settings,
    connections: () => connections.size,
    budget,
    lines,
    isDegraded: () => system.commit.degraded !== undefined,
  });
  const ingestSettings = ingestSettingsOf(settings, deps.follower);
  const connectivity = new ConnectivitySpool({
    append: (payload) => system.append({ log: SPOOL, payload, readers: ingestSettings.routes['connectivity'] ?? [] }),
    clock,
    dropped: (records) => ingest.connectivityDropped(records),
  });

  const factsOf = ({ connectionId, networkInterface, identity }: ConnectionInput) => ({
    txid: connectionId,
    vin: identity.deviceId,
    network_interface: networkInterface,
  });
  const live: LiveConnectionDeps = {
    take: ({ address }, message) => system.hot(address, message),
    held: ({ address }, isHeld) => system.tell(address, { type: isHeld ? 'HELD' : 'READ_AGAIN' }),
    ended: (connection, code, isAbandoned) => {
      const { address, input, since, request, bytes } = connection;
      connections.remove(connection);
      deps.closed?.(connection);
      const duration_sec = Math.round((clock.now() - since) / 1000);
      const byType = Object.fromEntries([...connection.bytesByType].map(([type, count]) => [type, `${count}`]));
      request.info({ ...byType, ...factsOf(input), code, duration_sec, total: `${bytes}` }, 'socket_disconnected');
      ingest.log.writerEnded(input);
      request.end();
      if (!isAbandoned) system.tell(address, { type: 'DISCONNECTED', code } as ConnectionEvent);
    },
    budget,
    metrics: ingest,
    clock,
  };

  const connected = (
    input: ConnectionInput,
    ws: LiveConnection['ws'],
    socket: LiveConnection['socket'],
    { method, path, userAgent, forwardedFor }: RequestFacts,
    request: LoggedRequest,
  ): void => {
    const connection = new LiveConnection(input, ws, socket, request, live);
    const { address } = connection;
    connections.add(connection);
    system.spawn(address, input);
    system.tell(address, { type: 'CONNECTED' });
    deps.opened?.(connection);
    const { remote, clientVersion: device_client_version } = input;
    const asked = { method, path, user_agent: userAgent, 'X-Forwarded-For': forwardedFor };
    request.info({ ...factsOf(input), ...asked, remote, device_client_version }, 'socket_connected');
  };

  const service = new ListenerService({
    settings,
    keyPrefix,
    ingestSettings,
    system,
    clock,
    ids,
    logger,
    metrics: ingest,
    requests: new RequestLog({ logger, clock, ids, isReference: ingest.log.isReference, errors: deps.errors }),
    connections,
    connectivity,
    connected,
  });

  return {
    type: {
      ...connectionType,
      hot: { ...connectionHot, release: (address, reply, outcome) => connections.release(address, reply, outcome) },
      durability: 'committed',
      eager: true,
      idleAfterMs: 'never',
      // Bytes are bounded at the socket; this bounds a flood of tiny messages.
      mailbox: { capacity: 1_024 },
      // Its messages are dead letters, or wait for an operator; the vehicle sends them again over another connection.
      gone: (address) => connections.at(address)?.abandon(),
      outputs: {
        connectivity: (output) => {
          if (!ingestSettings.routes['connectivity']) return;
          const news = output as ConnectionOutput & { type: 'connectivity' };
          const { status, connection } = news;
          connectivity.add(connectivityRecord(news, clock.now()), { deviceId: connection.vin, status });
        },
        'socket.close': (output, { address }) => {
          const { code, reason } = output as ConnectionOutput & { type: 'socket.close' };
          connections.at(address)?.close(code, reason, GRACE_MS);
        },
        'socket.terminate': (_output, { address }) => connections.at(address)?.abandon(),
      },
    },
    connections,
    port: () => service.port,
    reload: () => service.reload(),
    confirmed: (record, dispatcher) =>
      settings.reliableAckSources.get(record.type) === dispatcher ? connections.confirm(record, ingest) : undefined,
    refused: (record, dispatcher) => {
      if (settings.reliableAckSources.get(record.type) === dispatcher) connections.refuse(record);
    },
    figures: () => ({
      connections: connections.size,
      recordsTotal: ingest.recordsTotal,
      acksTotal: ingest.acksTotal,
    }),
    listener: service,
  };
}

function ingestSettingsOf(settings: TelemetrySettings, follower: string | undefined): IngestSettings {
  const others = follower === undefined ? [] : [follower];
  return {
    routes: Object.fromEntries([...settings.records].map(([topic, names]) => [topic, [...names, ...others]])),
    ...(follower === undefined ? {} : { follower }),
    reliableAckSources: Object.fromEntries(settings.reliableAckSources),
    ackWhen: settings.ackWhen,
    maxMessageBytes: settings.limits.maxMessageBytes,
    ...(settings.rateLimit ? { rateLimit: settings.rateLimit } : {}),
    doubleAckUnknownType: settings.doubleAckUnknownType,
    strictSenderId: settings.strictSenderId,
    transmitDecodedRecords: settings.transmitDecodedRecords,
  };
}
