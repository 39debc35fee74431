import {
  type IdentityTables,
  TESLA_IDENTITY_TABLES,
  withIdentityAdditions,
} from '../../protocols/fleet-telemetry/index.js';
import type { TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import { isLoopback } from '../../runtime/http/http-auth.js';
import type { ActorSystem, Child, Clock, Ids, Logger } from '../../runtime/index.js';
import { TlsMaterial } from '../../runtime/tls/tls.js';
import type { TlsSnapshot } from '../../runtime/tls/tls-files.js';
import { within } from '../../runtime/wait.js';
import { isDemoCertificate } from '../provisioning/index.js';
import type { Connections } from './connections.js';
import type { ConnectivitySpool } from './connectivity.js';
import { certificateError, TelemetryError } from './errors.js';
import type { IngestSettings } from './events.js';
import type { IngestMetrics } from './ingest-metrics.js';
import { Listener, type ListenerDeps } from './listener.js';
import type { RequestLog } from './request-log.js';

const STOP_POLL_MS = 20;
/** What a stop leaves for the turns and records of connections that ended in its last moment. */
const SETTLE_MS = 1_000;

export interface ListenerServiceDeps {
  readonly settings: TelemetrySettings;
  readonly keyPrefix: string;
  readonly ingestSettings: IngestSettings;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: IngestMetrics;
  readonly requests: RequestLog;
  readonly connections: Connections;
  readonly connectivity: ConnectivitySpool;
  readonly connected: ListenerDeps['connected'];
}

/** The listener as a supervisor's child: it starts with certificates that may be shown, and stops by draining. */
export class ListenerService implements Child {
  readonly name = 'telemetry listener';
  readonly kind = 'service';
  readonly shutdownMs = 8_000;
  private material: TlsMaterial | undefined;
  private listener: Listener | undefined;
  /** What is listened on, while it is. */
  port: number | undefined;

  constructor(private readonly deps: ListenerServiceDeps) {}

  readonly start = async (): Promise<void> => {
    const { settings, keyPrefix, ingestSettings, system, clock, ids, logger, metrics, requests } = this.deps;
    const { connections, connectivity, connected } = this.deps;
    connectivity.open();
    const material = await loadMaterial(settings, keyPrefix, clock, logger);
    this.material = material;
    if (metrics.log.isReference) {
      // Sic, as the reference spells it.
      for (const file of settings.tls.clientCaFiles) logger.info({ ca_file_path: file }, 'custom_ca_file_appened');
    }
    this.listener = new Listener({
      ...settings.listen,
      keyPrefix,
      material,
      identities: identitiesOf(settings),
      settings: ingestSettings,
      hardCloseBytes: settings.limits.hardCloseBytes,
      suppressTlsErrors: settings.log.suppressTlsHandshakeErrors,
      clock,
      ids,
      logger,
      metrics,
      requests,
      freeId: (wanted) => connections.freeId(wanted, (address) => system.cell(address)?.status === 'parked'),
      connected,
    });
    try {
      this.port = await this.listener.start();
    } catch (error) {
      material.close();
      throw error;
    }
    connections.start((connection, why) => {
      metrics.socketError(connection.input, why);
      connection.terminate();
    });
    logger.info({ host: settings.listen.host, port: this.port }, 'starting_server');
  };

  readonly stop = async (deadlineMs: number): Promise<void> => {
    const { clock, system, connections, connectivity } = this.deps;
    const until = clock.monotonic() + deadlineMs;
    this.port = undefined;
    this.listener?.stopAccepting();
    connections.stop();
    await this.drain(until - SETTLE_MS);
    for (const connection of connections.all()) connection.terminate();
    await this.allEnded(until);
    // Their last turns make the records that say so.
    await within(clock, system.settled(), until - clock.monotonic());
    connectivity.close();
    this.material?.close();
  };

  /** Reads certificates and keys again; whether they could be taken. */
  async reload(): Promise<boolean> {
    return (await this.material?.reload()) !== 'kept';
  }

  /** Tells every connection to end, and waits until all have. */
  private async drain(until: number): Promise<void> {
    const { system, connections } = this.deps;
    const told = new Set<string>();
    await this.allEnded(until, () => {
      for (const { address } of connections.all()) {
        // A full mailbox takes it later.
        if (!told.has(address) && system.tell(address, { type: 'DRAIN' })) told.add(address);
      }
    });
  }

  private async allEnded(until: number, meanwhile: () => void = () => {}): Promise<void> {
    const { clock, connections } = this.deps;
    while (connections.size > 0 && clock.monotonic() < until) {
      meanwhile();
      await new Promise<void>((resolve) => clock.setTimeout(resolve, STOP_POLL_MS));
    }
  }
}

/** Certificates that may be shown where this listens, now and after each reload (ARCHITECTURE section 9). */
async function loadMaterial(
  settings: TelemetrySettings,
  keyPrefix: string,
  clock: Clock,
  log: Logger,
): Promise<TlsMaterial> {
  const { certFile, keyFile, clientCaFiles } = settings.tls;
  const files = { certificate: certFile, key: keyFile, clientAuthorities: clientCaFiles };
  const check = (read: TlsSnapshot): void => refuseDemo(read, settings, keyPrefix);
  return TlsMaterial.load({ files, clock, log, check }).catch((error: unknown) => {
    throw error instanceof TelemetryError ? error : certificateError(error);
  });
}

function refuseDemo(
  { certificate, clientAuthorities }: TlsSnapshot,
  { listen, tls }: TelemetrySettings,
  keyPrefix: string,
): void {
  if (isLoopback(listen.host) || ![certificate, ...clientAuthorities].some(isDemoCertificate)) return;
  throw new TelemetryError(
    'TELEMETRY_DEMO_CERTIFICATE',
    `other machines reach ${listen.host === '' ? 'all interfaces' : listen.host}, and the certificates in ` +
      `${tls.certFile} and ${tls.clientCaFiles.join(', ')} are for trying things out only: make real ones with ` +
      `\`fleetchart provision ca\` and \`fleetchart provision hub\`, or set ${keyPrefix}host to 127.0.0.1`,
  );
}

function identitiesOf({ trustedIssuers }: TelemetrySettings): IdentityTables {
  return withIdentityAdditions(TESLA_IDENTITY_TABLES, trustedIssuers);
}
