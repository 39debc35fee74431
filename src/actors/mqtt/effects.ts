/**
 * The embedded broker: aedes behind a listener, within bounds (MQT-1, 2, 3, 5).
 *
 * Invariants
 * - BH-1 A listener that others can reach does not open without authentication.
 * - BH-2 One broker at a time: {@link BrokerHost.listen} closes what was open before.
 * - BH-3 Sessions and retained messages outlive a broker: the next one takes them up from the store (MQT-4).
 */
import type { Socket } from 'node:net';
import type { Client, PublishPacket } from 'aedes';
import { isLoopback } from '../../runtime/http/http-auth.js';
import type { TlsMaterial } from '../../runtime/tls/tls.js';
import { within } from '../../runtime/wait.js';
import { fromThisMachine } from './access.js';
import { BrokerError } from './errors.js';
import type { BrokerAddress } from './events.js';
import { accessHooks, Refused, remoteAddress } from './hooks.js';
import { BrokerListener, loadTls } from './listener.js';
import type { BrokerOptions, BrokerStats, RefusalReason } from './options.js';
import { createPacketMeter } from './packet-meter.js';
import { BrokerPersistence } from './persistence/broker-persistence.js';
import { type BrokerTables, openBrokerTables, type SessionLimits } from './persistence/broker-tables.js';
import type { SubscriptionIndex } from './persistence/packets.js';
import type { BrokerCounts } from './persistence/sessions.js';
import { shedUnacked } from './shedding.js';
import type { StoringBroker } from './storing-broker.js';

const MIB = 1_048_576;
const DAY_MS = 86_400_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Messages on their way to receivers at a time; one that waits for the disk holds its place. */
const CONCURRENT_MESSAGES = 1_000;

const SILENT = { info: () => {}, error: () => {} };

interface Running {
  /** Set once it listens. */
  address?: BrokerAddress;
  readonly aedes: StoringBroker;
  readonly listener: BrokerListener;
  readonly sockets: Set<Socket>;
  /** Rejects when the broker fails. */
  readonly failed: Promise<never>;
}

export class BrokerHost {
  private running: Running | undefined;
  private shedMessages = 0;
  private readonly refused: Partial<Record<RefusalReason, number>> = {};
  private readonly counts: BrokerCounts = { dropped: 0, retainedRefused: 0, sessionsExpired: 0 };
  private tables: BrokerTables | undefined;

  constructor(private readonly options: BrokerOptions) {}

  async listen(signal: AbortSignal): Promise<BrokerAddress> {
    const { host = '127.0.0.1', port = 1_883, authenticate, tls, clock, logger = SILENT } = this.options;
    await this.end();
    if (!authenticate && !isLoopback(host)) {
      throw new BrokerError(
        'BROKER_UNPROTECTED',
        `${host} is reachable from other machines and nobody has to log in: configure users, or listen on 127.0.0.1`,
      );
    }
    // First: a broker that did not come to listen would go on with the sessions of the next one.
    const material = tls && (await loadTls({ host, tls, clock, logger }));
    const running = await this.open(material);
    this.running = running;
    try {
      // Before anybody can connect: who comes back may tell the world that all is well again.
      await publishLostWills(running.aedes);
      const actual = await running.listener.listen(host, port);
      if (signal.aborted) throw new BrokerError('BROKER_ABORTED', 'given up');
      const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
      running.address = { host, port: actual, url: `${tls ? 'mqtts' : 'mqtt'}://${name}:${actual}` };
      return running.address;
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** Where it listens, if it does. */
  get address(): BrokerAddress | undefined {
    return this.running?.address;
  }

  /** Rejects when the broker fails. */
  async serve(): Promise<never> {
    if (!this.running) throw new BrokerError('BROKER_CLOSED', 'the listener is not open');
    return this.running.failed;
  }

  /** Reads certificate and key again; whether they could be taken. One that does not listen reads them when it does. */
  async reload(): Promise<boolean> {
    return (await this.running?.listener.reload()) ?? this.options.tls === undefined;
  }

  /** Stops accepting and disconnects all clients, for at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    await within(this.options.clock, this.end(), deadlineMs);
  }

  stats(): BrokerStats {
    const { tables, counts } = this;
    return {
      connections: this.running?.aedes.connectedClients ?? 0,
      sessions: tables?.sessions.size ?? 0,
      sessionsExpired: counts.sessionsExpired,
      queuedMessages: tables?.queued.size ?? 0,
      queuedBytes: tables?.queued.bytes ?? 0,
      droppedMessages: counts.dropped,
      shedMessages: this.shedMessages,
      retainedMessages: tables?.retained.size ?? 0,
      retainedRefused: counts.retainedRefused,
      refused: { ...this.refused },
    };
  }

  private async open(material: TlsMaterial | undefined): Promise<Running> {
    const { authenticate = fromThisMachine, drainTimeoutMs = 15_000, queueLimit = 1_000 } = this.options;
    const { store, clock } = this.options;
    const hooks = accessHooks(authenticate, (reason, client, detail) => this.refuse(reason, client, detail));
    const { authorizeForward, authorizePublish, authorizeSubscribe, mayPublish, isSubscribed } = hooks;
    const limits = this.limits();
    this.tables ??= openBrokerTables(store, limits);
    // Only a hub that embeds a broker pays for it.
    const { StoringBroker } = await import('./storing-broker.js');
    const aedes = new StoringBroker({
      concurrency: CONCURRENT_MESSAGES,
      drainTimeout: drainTimeoutMs,
      queueLimit,
      connectTimeout: CONNECT_TIMEOUT_MS,
      authenticate: hooks.authenticate,
      authorizePublish,
      authorizeSubscribe,
      authorizeForward: (client, packet) =>
        authorizeForward(client, packet) && aedes.persistence.claim(client, packet) ? packet : null,
    });
    await aedes.listen();
    const { tables, counts } = this;
    const { commit } = store;
    const index = aedes.persistence as unknown as SubscriptionIndex;
    const deps = { tables, limits, clock, counts, commit, index, mayPublish, isSubscribed };
    aedes.persistence = new BrokerPersistence(deps);
    await aedes.persistence.setup(aedes);
    const { sessions } = aedes.persistence;
    aedes.on('client', ({ id }) => sessions.arrived(id));
    aedes.on('clientDisconnect', ({ id }) => sessions.left(id));
    aedes.on('unsubscribe', (filters, client) => hooks.unsubscribed(client, filters));
    const { shedsUnacked } = this.options;
    if (shedsUnacked) {
      shedUnacked(aedes, () => {
        const isShed = shedsUnacked();
        if (isShed) this.shedMessages++;
        return isShed;
      });
    }

    const sockets = new Set<Socket>();
    const listener = this.listener(aedes, sockets, material);
    const failed = new Promise<never>((_, reject) => {
      const fail = (error: Error): void => reject(new BrokerError('BROKER_FAILED', error.message, { cause: error }));
      listener.server.on('error', fail);
      (aedes as NodeJS.EventEmitter).on('error', fail);
    });
    // Until `serve` looks at it.
    failed.catch(() => {});
    return { aedes, listener, sockets, failed };
  }

  /** Hands connections to the broker and counts what it refuses. */
  private listener(aedes: StoringBroker, sockets: Set<Socket>, material: TlsMaterial | undefined): BrokerListener {
    const { clock, maxConnections = 10_000, maxPacketBytes = MIB } = this.options;
    const onClient = (socket: Socket): void => {
      const client = aedes.handle(socket);
      const meter = createPacketMeter(maxPacketBytes);
      // aedes pulls with read(); a stream that is pulled shows each piece to `data` listeners without flowing.
      socket.on('data', (chunk: Buffer) => {
        const fault = socket.destroyed ? undefined : meter.take(chunk);
        if (fault === undefined) return;
        this.refuse(fault, client);
        socket.destroy();
      });
    };
    const onRefused = (detail: string, remote: string): void => this.refuse('tls_handshake', null, detail, remote);
    const listener = new BrokerListener({ material, clock, onClient, onRefused });
    const { server } = listener;
    server.maxConnections = maxConnections;
    server.on('drop', (peer) => this.refuse('connection_limit', null, undefined, peer?.remoteAddress));
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    const faulty = (client: Client, error: Error): void => {
      // A socket's own errors, which have a code, are nobody's fault.
      if (error instanceof Refused) return;
      if (!(error instanceof BrokerError) && (error as NodeJS.ErrnoException).code !== undefined) return;
      this.refuse('connection_fault', client, error.message);
    };
    aedes.on('clientError', faulty);
    aedes.on('connectionError', faulty);
    return listener;
  }

  private limits(): SessionLimits {
    const { offlineMessages, offlineBytes, offlineTotalBytes, retainedBytes, retainedMessages } = this.options;
    const { sessions, sessionExpiryMs } = this.options;
    return {
      messages: offlineMessages ?? 1_000,
      bytes: offlineBytes ?? 10 * MIB,
      totalBytes: offlineTotalBytes ?? 256 * MIB,
      sessions: sessions ?? 10_000,
      expiryMs: sessionExpiryMs ?? 30 * DAY_MS,
      retainedMessages: retainedMessages ?? 100_000,
      retainedBytes: retainedBytes ?? 64 * MIB,
    };
  }

  private refuse(reason: RefusalReason, client: Client | null, detail?: string, remote?: string): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
    this.options.onRefused?.({
      reason,
      clientId: client?.id ?? null,
      remoteAddress: remote ?? remoteAddress(client) ?? null,
      detail: detail ?? null,
    });
  }

  private async end(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    if (!running) return;
    const { aedes, listener, sockets } = running;
    const stopped = listener.close();
    await new Promise<void>((resolve) => aedes.close(resolve));
    for (const socket of sockets) socket.destroy();
    await stopped;
    // Wills of those that were connected.
    await this.options.store.commit.flushed();
  }
}

/** Clients that an earlier broker has lost by its own end have not said that they leave (MQTT 3.1.1, 3.1.2.5). */
async function publishLostWills(aedes: StoringBroker): Promise<void> {
  for (const will of aedes.persistence.lostWills()) {
    // In the batch of what it becomes, so that another crash does not publish it again.
    void aedes.persistence.delWill({ id: will.clientId ?? '' });
    await new Promise((published) => aedes.publish(will as PublishPacket, published));
  }
}
