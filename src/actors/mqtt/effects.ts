/**
 * The embedded broker: aedes behind a listener, within bounds (MQT-1, 2, 3, 5).
 *
 * Invariants
 * - BH-1 A listener that others can reach does not open without authentication.
 * - BH-2 One broker at a time: {@link BrokerHost.listen} closes what was open before.
 * - BH-3 Sessions and retained messages live in memory, and end with {@link BrokerHost.close}.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Aedes, Client } from 'aedes';
import { isLoopback } from '../../runtime/http/http-auth.js';
import { within } from '../../runtime/wait.js';
import { fromThisMachine } from './access.js';
import { BrokerError, listenError } from './errors.js';
import type { BrokerAddress } from './events.js';
import { accessHooks, Refused, remoteAddress } from './hooks.js';
import type { BrokerOptions, BrokerStats, RefusalReason } from './options.js';
import { createPacketMeter } from './packet-meter.js';
import { type BoundedSessions, boundSessions, type SessionStore } from './sessions.js';
import { shedUnacked } from './shedding.js';

const MIB = 1_048_576;
const CONNECT_TIMEOUT_MS = 10_000;
/** A client without keep-alive whose machine has gone is found by TCP. */
const TCP_KEEP_ALIVE_MS = 60_000;

interface Running {
  /** Set once it listens. */
  address?: BrokerAddress;
  readonly aedes: Aedes;
  readonly server: Server;
  readonly sockets: Set<Socket>;
  readonly sessions: BoundedSessions;
  /** Rejects when the broker fails. */
  readonly failed: Promise<never>;
}

export class BrokerHost {
  private running: Running | undefined;
  private shedMessages = 0;
  private readonly refused: Partial<Record<RefusalReason, number>> = {};
  /** What brokers before the present one lost. */
  private readonly before = { droppedMessages: 0, retainedRefused: 0 };

  constructor(private readonly options: BrokerOptions) {}

  async listen(signal: AbortSignal): Promise<BrokerAddress> {
    const { host = '127.0.0.1', port = 1_883, authenticate, tls } = this.options;
    await this.end();
    if (!authenticate && !isLoopback(host)) {
      throw new BrokerError(
        'BROKER_UNPROTECTED',
        `${host} is reachable from other machines and nobody has to log in: configure users, or listen on 127.0.0.1`,
      );
    }
    const running = await this.open();
    this.running = running;
    try {
      await listening(running.server, host, port);
      if (signal.aborted) throw new BrokerError('BROKER_ABORTED', 'given up');
    } catch (error) {
      await this.end();
      throw error;
    }
    const actual = (running.server.address() as { port: number }).port;
    const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
    running.address = { host, port: actual, url: `${tls ? 'mqtts' : 'mqtt'}://${name}:${actual}` };
    return running.address;
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

  /** Stops accepting, disconnects all clients, for at most `deadlineMs`, and forgets all sessions. */
  async close(deadlineMs: number): Promise<void> {
    await within(this.options.clock, this.end(), deadlineMs);
  }

  stats(): BrokerStats {
    const { sessions, aedes } = this.running ?? {};
    return {
      connections: aedes?.connectedClients ?? 0,
      queuedMessages: sessions?.queues.size.messages ?? 0,
      queuedBytes: sessions?.queues.size.bytes ?? 0,
      droppedMessages: this.before.droppedMessages + (sessions?.queues.dropped ?? 0),
      shedMessages: this.shedMessages,
      retainedRefused: this.before.retainedRefused + (sessions?.retainedRefused() ?? 0),
      refused: { ...this.refused },
    };
  }

  private async open(): Promise<Running> {
    const { authenticate = fromThisMachine, drainTimeoutMs = 15_000, queueLimit = 1_000, tls } = this.options;
    const hooks = accessHooks(authenticate, (reason, client, detail) => this.refuse(reason, client, detail));
    const { authorizeForward, authorizePublish, authorizeSubscribe, maySubscribe } = hooks;
    // Only a hub that embeds a broker pays for it.
    const { Aedes } = await import('aedes');
    const aedes = await Aedes.createBroker({
      drainTimeout: drainTimeoutMs,
      queueLimit,
      connectTimeout: CONNECT_TIMEOUT_MS,
      authenticate: hooks.authenticate,
      authorizePublish,
      authorizeSubscribe,
      authorizeForward,
    });
    // The types leave out the store, which the handlers look up for each packet.
    const host = aedes as unknown as { persistence: SessionStore };
    const sessions = boundSessions(host.persistence, this.limits(), maySubscribe);
    host.persistence = sessions.store;
    const { shedsUnacked } = this.options;
    if (shedsUnacked) {
      shedUnacked(aedes, () => {
        const isShed = shedsUnacked();
        if (isShed) this.shedMessages++;
        return isShed;
      });
    }

    const server = tls ? createTlsServer(tls) : createServer();
    const failed = new Promise<never>((_, reject) => {
      const fail = (error: Error): void => reject(new BrokerError('BROKER_FAILED', error.message, { cause: error }));
      server.on('error', fail);
      (aedes as NodeJS.EventEmitter).on('error', fail);
    });
    // Until `serve` looks at it.
    failed.catch(() => {});
    const running: Running = { aedes, server, sockets: new Set(), sessions, failed };
    this.accept(running);
    return running;
  }

  private accept({ aedes, server, sockets }: Running): void {
    const { maxConnections = 10_000, maxPacketBytes = MIB, tls } = this.options;
    server.maxConnections = maxConnections;
    server.on('drop', (peer) => this.refuse('connection_limit', null, peer?.remoteAddress));
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS).setNoDelay(true);
    });
    server.on('tlsClientError', (error: Error) => this.refuse('connection_fault', null, error.message));
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      const client = aedes.handle(socket);
      const meter = createPacketMeter(maxPacketBytes);
      // aedes pulls with read(); a stream that is pulled shows each piece to `data` listeners without flowing.
      socket.on('data', (chunk: Buffer) => {
        const fault = socket.destroyed ? undefined : meter.take(chunk);
        if (fault === undefined) return;
        this.refuse(fault, client);
        socket.destroy();
      });
    });
    const faulty = (client: Client, error: Error): void => {
      // A socket's own errors, which have a code, are nobody's fault.
      if (error instanceof Refused || (error as NodeJS.ErrnoException).code !== undefined) return;
      this.refuse('connection_fault', client, error.message);
    };
    aedes.on('clientError', faulty);
    aedes.on('connectionError', faulty);
  }

  private limits() {
    const { offlineMessages, offlineBytes, offlineTotalBytes, retainedBytes } = this.options;
    return {
      messages: offlineMessages ?? 1_000,
      bytes: offlineBytes ?? 10 * MIB,
      totalBytes: offlineTotalBytes ?? 256 * MIB,
      retainedBytes: retainedBytes ?? 64 * MIB,
    };
  }

  private refuse(reason: RefusalReason, client: Client | null, detail?: string): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
    this.options.onRefused?.({
      reason,
      clientId: client?.id ?? null,
      remoteAddress: remoteAddress(client) ?? null,
      detail: detail ?? null,
    });
  }

  private async end(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    if (!running) return;
    const { aedes, server, sockets, sessions } = running;
    this.before.droppedMessages += sessions.queues.dropped;
    this.before.retainedRefused += sessions.retainedRefused();
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    await new Promise<void>((resolve) => aedes.close(resolve));
    for (const socket of sockets) socket.destroy();
    await stopped;
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(error, host, port));
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
