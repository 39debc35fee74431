import {
  type IdentityTables,
  TESLA_IDENTITY_TABLES,
  withIdentityAdditions,
} from '../../protocols/fleet-telemetry/index.js';
import type { TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import type { ActorSystem, ActorType, Child, Clock, Ids, Logger, Metrics } from '../../runtime/index.js';
import { TlsMaterial } from '../../runtime/tls.js';
import type { FleetRecord } from '../dispatch/index.js';
import { connectionHot, SPOOL } from './connection-hot.js';
import { CONNECTION_TYPE, Connections, connectionAddress } from './connections.js';
import { connectivityRecord } from './connectivity.js';
import type { ConnectionInput, ConnectionOutput, IngestSettings } from './events.js';
import { IngestMetrics } from './ingest-metrics.js';
import { Listener } from './listener.js';
import { LiveConnection } from './live-connection.js';
import { connectionMachine } from './machine.js';

export { SPOOL } from './connection-hot.js';
export { telemetryFormats } from './record-formats.js';
export { telemetryRoutes } from './routes.js';

export interface TelemetryDeps {
  readonly settings: TelemetrySettings;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
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
  /** Reads certificates and keys again (FT-TLS-2). */
  reload(): Promise<void>;
  /** A dispatcher has confirmed a record: where that is its topic's reliable source, it is acknowledged now. */
  confirmed(record: FleetRecord, dispatcher: string): void;
  figures(): TelemetryFigures;
}

/** What a connection's chart and hot function need, and nothing of the process around them: enough for a replay. */
export const connectionType = {
  name: CONNECTION_TYPE,
  version: 1,
  machine: connectionMachine,
  hot: connectionHot,
} as const;

const STOP_POLL_MS = 20;

export function createTelemetry(deps: TelemetryDeps): Telemetry {
  const { settings, system, clock, ids, logger, metrics } = deps;
  const connections = new Connections(clock, settings.idlePingMs);
  const ingest = new IngestMetrics(metrics, logger, clock, () => connections.size);
  const ingestSettings = ingestSettingsOf(settings);
  let material: TlsMaterial | undefined;
  let listener: Listener | undefined;
  let port: number | undefined;

  const connected = (input: ConnectionInput, ws: LiveConnection['ws'], socket: LiveConnection['socket']) => {
    const address = connectionAddress(input.connectionId);
    const take = (message: Uint8Array): boolean => system.hot(address, message);
    const connection = new LiveConnection(input, ws, socket, { take, metrics: ingest, now: () => clock.now() });
    connections.add(connection);
    system.spawn(address, input);
    system.tell(address, { type: 'CONNECTED' });
    const { connectionId, networkInterface, identity } = input;
    const facts = { txid: connectionId, vin: identity.deviceId, network_interface: networkInterface };
    logger.info({ ...facts, remote: input.remote, device_client_version: input.clientVersion }, 'socket_connected');
    return {
      received: (message: Buffer) => connection.received(message),
      closed: (code: number) => {
        connections.remove(connection);
        const duration_sec = Math.round((clock.now() - connection.since) / 1000);
        const bytes = Object.fromEntries(connection.bytesByType);
        logger.info({ ...facts, code, duration_sec, total: connection.bytes, ...bytes }, 'socket_disconnected');
        system.tell(address, { type: 'DISCONNECTED', code } as never);
      },
    };
  };

  return {
    type: {
      ...connectionType,
      hot: { ...connectionHot, release: (address, reply, outcome) => connections.release(address, reply, outcome) },
      durability: 'committed',
      eager: true,
      idleAfterMs: 'never',
      // Bytes are bounded at the socket; this bounds a flood of tiny messages.
      mailbox: { capacity: 1_024 },
      outputs: {
        connectivity: (output) => {
          const record = connectivityRecord(output as ConnectionOutput & { type: 'connectivity' }, clock.now());
          const readers = ingestSettings.routes['connectivity'];
          if (readers) system.append({ log: SPOOL, payload: record, readers });
        },
        'socket.close': async (output, { address }) => {
          const { code, reason } = output as ConnectionOutput & { type: 'socket.close' };
          await system.commit.flushed();
          connections.at(address)?.close(code, reason);
        },
        'socket.terminate': (_output, { address }) => connections.at(address)?.terminate(),
      },
      summary: ({ value, context }) => ({ state: String(value), vin: (context as { vin: string }).vin }),
    },
    connections,
    port: () => port,
    reload: async () => {
      await material?.reload();
    },
    confirmed: (record, dispatcher) => {
      if (settings.reliableAckSources.get(record.type) === dispatcher) connections.confirm(record, dispatcher, ingest);
    },
    figures: () => ({
      connections: connections.size,
      recordsTotal: ingest.recordsTotal,
      acksTotal: ingest.acksTotal,
    }),
    listener: {
      name: 'telemetry listener',
      kind: 'service',
      shutdownMs: 12_000,
      start: async () => {
        material = await TlsMaterial.load({ files: tlsFilesOf(settings), clock, log: logger });
        listener = new Listener({
          ...settings.listen,
          material,
          identities: identitiesOf(settings),
          settings: ingestSettings,
          hardCloseBytes: settings.limits.hardCloseBytes,
          suppressTlsErrors: settings.log.suppressTlsHandshakeErrors,
          clock,
          ids,
          logger,
          metrics: ingest,
          freeId: (wanted) => connections.freeId(wanted),
          connected,
        });
        port = await listener.start();
        connections.start((connection, why) => {
          ingest.socketError(connection.input.connectionId, connection.input.identity.deviceId, why);
          connection.terminate();
        });
        logger.info({ host: settings.listen.host, port }, 'starting_server');
      },
      stop: async (deadlineMs) => {
        listener?.stopAccepting();
        connections.stop();
        for (const { input } of connections.all())
          system.tell(connectionAddress(input.connectionId), { type: 'DRAIN' });
        const until = clock.monotonic() + deadlineMs;
        while (connections.size > 0 && clock.monotonic() < until) {
          await new Promise<void>((resolve) => clock.setTimeout(resolve, STOP_POLL_MS));
        }
        for (const connection of connections.all()) connection.terminate();
        material?.close();
        port = undefined;
      },
    },
  };
}

function ingestSettingsOf(settings: TelemetrySettings): IngestSettings {
  return {
    routes: Object.fromEntries(settings.records),
    reliableAckSources: Object.fromEntries(settings.reliableAckSources),
    ackWhen: settings.ackWhen,
    maxMessageBytes: settings.limits.maxMessageBytes,
    ...(settings.rateLimit ? { rateLimit: settings.rateLimit } : {}),
    doubleAckUnknownType: settings.doubleAckUnknownType,
    strictSenderId: settings.strictSenderId,
    transmitDecodedRecords: settings.transmitDecodedRecords,
  };
}

const tlsFilesOf = ({ tls }: TelemetrySettings) => ({
  certificate: tls.certFile,
  key: tls.keyFile,
  clientAuthorities: tls.clientCaFiles,
});

function identitiesOf({ trustedIssuers }: TelemetrySettings): IdentityTables {
  return withIdentityAdditions(TESLA_IDENTITY_TABLES, trustedIssuers);
}
