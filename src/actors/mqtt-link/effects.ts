/** A role's connection to its broker: what the chart of the link has done. */
import type { IClientOptions } from 'mqtt';
import { brokerUrl, shownUrl } from '../../protocols/fleet-telemetry/broker-url.js';
import type { ActorSystem, Clock, Logger, OutputContext } from '../../runtime/index.js';
import { asLinkError, LinkConnection } from './connection.js';
import { LinkError } from './errors.js';
import { DEFAULT_LINK_TIMING } from './events.js';
import { Inbound } from './inbound.js';
import { LinkLog } from './link-log.js';
import type { LinkFigures, LinkMetrics } from './link-metrics.js';
import type { LinkTlsFiles, MqttLinkOptions, PublishOutput, SubscribeOutput } from './options.js';
import { Outbound } from './outbound.js';
import { readTlsFiles } from './tls-files.js';

/** How often a full inbox is looked at. */
const FULL_CHECK_MS = 100;
/** Far more than a broker needs for what it has, and less than a driver would wait for an update to go on. */
const DEFAULT_ACKNOWLEDGE_MS = 60_000;

export interface LinkHostDeps {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly metrics: LinkMetrics;
  readonly logger: Logger;
}

export class LinkHost {
  private readonly inbound: Inbound;
  private readonly outbound: Outbound;
  private readonly log: LinkLog;
  private connection: LinkConnection | undefined;
  private lostBecause = new LinkError('MQTT_LOST', 'not connected yet');
  private closing = false;
  /** Told when there is a connection again, or a publication less. */
  private readonly waiting = new Set<() => void>();

  /** Throws {@link LinkError} `MQTT_BROKER_INVALID`. */
  constructor(
    private readonly options: MqttLinkOptions,
    private readonly deps: LinkHostDeps,
  ) {
    if (typeof options.url === 'string') parseUrl(options.url);
    this.inbound = new Inbound(options, deps.system, deps.metrics);
    this.outbound = new Outbound({
      link: options.name,
      ...deps,
      online: (signal) => this.online(signal),
      change: (signal) => this.change(signal),
      moved: () => this.wake(),
    });
    this.log = new LinkLog({ link: options.name, clientId: options.clientId, ...deps });
  }

  get figures(): LinkFigures {
    return {
      isOnline: this.connection !== undefined,
      inbox: this.inbound.depth,
      unpublished: this.outbound.unpublished,
    };
  }

  /** Connects, subscribes and announces it. */
  async connect(signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    const begun = clock.monotonic();
    try {
      await this.open(signal);
      this.log.up(this.shown());
    } catch (error) {
      const isTimeout = signal.aborted && clock.monotonic() - begun >= this.connectTimeoutMs;
      const cause = isTimeout
        ? new LinkError('MQTT_CONNECT_TIMEOUT', `the broker did not answer within ${this.connectTimeoutMs} ms`)
        : asLinkError(error);
      if (isTroubled(cause)) this.log.failed(this.shown(), cause);
      throw error;
    }
  }

  private async open(signal: AbortSignal): Promise<void> {
    this.closing = false;
    this.connection?.drop(new LinkError('MQTT_ABORTED', 'connects anew'));
    const { clock } = this.deps;
    const connection = await LinkConnection.open(
      {
        url: this.url(),
        client: { ...this.clientOptions(), ...(await tlsOptions(this.options.tls)) },
        subscriptions: this.options.subscriptions.filter(({ onDemand = false }) => !onDemand),
        accepted: (sessionPresent) => this.inbound.accepted(sessionPresent),
        take: (packet) => this.inbound.take(packet),
        clock,
        acknowledgeTimeoutMs: this.options.acknowledgeTimeoutMs ?? DEFAULT_ACKNOWLEDGE_MS,
      },
      signal,
    ).catch((error: unknown) => {
      // A message may have come before it failed.
      this.inbound.ended();
      throw error;
    });
    this.connection = connection;
    connection.onLost((error) => this.lost(connection, error));
    try {
      await this.inbound.announce();
    } catch (error) {
      connection.drop(new LinkError('MQTT_LOST', 'nothing can be stored at the moment', { cause: error }));
      throw error;
    }
    this.options.onUp?.();
    this.wake();
  }

  /** Rejects when the connection is lost. */
  serve(): Promise<never> {
    return new Promise((_, reject) => {
      if (this.connection) this.connection.onLost(reject);
      else reject(this.lostBecause);
    });
  }

  async halfEmpty(signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    while (!this.inbound.isHalfEmpty && !signal.aborted) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, FULL_CHECK_MS));
    }
  }

  /** Resolves when the broker has acknowledged the publication, or it is refused. */
  publish(output: PublishOutput, context: OutputContext): Promise<void> {
    return this.outbound.publish(output, context);
  }

  /**
   * Resolves when the broker has answered, or the connection that this was meant for is gone: what a broker refuses ends
   * the connection, here as at its beginning.
   */
  async changeSubscription(output: SubscribeOutput, { signal }: Pick<OutputContext, 'signal'>): Promise<void> {
    const meant = this.connection;
    // The same steps as those of a publication, so that neither overtakes the other.
    await this.deps.system.commit.flushed();
    if (!meant?.isUp || (await this.online(signal)) !== meant) return;
    await meant.change(output);
  }

  /** Waits for publications under way and leaves the broker, for at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    this.closing = true;
    const { clock } = this.deps;
    const end = clock.monotonic() + deadlineMs;
    const patience = new AbortController();
    const timer = clock.setTimeout(() => patience.abort(), deadlineMs / 2);
    while (this.connection && !patience.signal.aborted && (await this.isPublishing())) {
      await this.change(patience.signal).catch(() => {});
    }
    clock.clearTimeout(timer);
    await this.connection?.end(Math.max(0, end - clock.monotonic()));
  }

  /** Whether something is being published, also a moment after something else was: the outbox sends one by one. */
  private async isPublishing(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.outbound.unpublished > 0;
  }

  private lost(connection: LinkConnection, error: LinkError): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.lostBecause = error;
    if (error.code === 'MQTT_UNACKNOWLEDGED') this.deps.metrics.unacknowledged(this.options.name);
    if (!this.closing) this.inbound.ended();
    if (!this.closing && isTroubled(error)) this.log.down(this.shown(), error);
    this.wake();
  }

  private async online(signal: AbortSignal): Promise<LinkConnection> {
    while (!this.connection?.isUp) await this.change(signal);
    return this.connection;
  }

  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiting.delete(wake);
        reject(new LinkError('MQTT_ABORTED', 'given up'));
      };
      const wake = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      this.waiting.add(wake);
    });
  }

  private wake(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const wake of waiting) wake();
  }

  private url(): URL {
    const { url } = this.options;
    const known = typeof url === 'string' ? url : url();
    if (known === undefined) throw new LinkError('MQTT_UNREACHABLE', 'the broker of this process does not listen');
    return parseUrl(known);
  }

  /** For the log: without user and password. */
  private shown(): string {
    try {
      return shownUrl(this.url());
    } catch {
      return 'the broker of this process';
    }
  }

  private get connectTimeoutMs(): number {
    return this.options.connectTimeoutMs ?? DEFAULT_LINK_TIMING.connectTimeoutMs;
  }

  private clientOptions(): IClientOptions {
    const { clientId, clean, keepAliveS, username, password } = this.options;
    return {
      protocolVersion: 4,
      clientId,
      clean,
      keepalive: keepAliveS,
      connectTimeout: this.connectTimeoutMs,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }
}

/** A full inbox is the link's own doing, and so is what it gives up itself. */
const isTroubled = ({ code }: LinkError): boolean => code !== 'MQTT_INBOX_FULL' && code !== 'MQTT_ABORTED';

function parseUrl(text: string): URL {
  const url = brokerUrl(text);
  if (!url.ok) throw new LinkError('MQTT_BROKER_INVALID', `the address of the broker: ${url.error.detail}`);
  return url.value;
}

async function tlsOptions(files: LinkTlsFiles = {}): Promise<IClientOptions> {
  const read = await readTlsFiles(files);
  if (read.ok) return read.value;
  const { of, file, kind, detail } = read.error;
  const text = kind === 'unreadable' ? detail : `${file}: ${detail}`;
  throw new LinkError('MQTT_TLS_FILE', `${of}: ${text}`, { retryable: true });
}
