/**
 * One connection to a Redis node or cluster, used once: lost, it is thrown away with all that it may still hold.
 *
 * Invariants
 * - RDC-1 A channel is published through the same node for as long as the connection lasts: what reaches a cluster's
 *   subscribers through two nodes may change its order on the way.
 * - RDC-2 The loss of a node through which something is published is the loss of the connection.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../../../runtime/clock.js';
import { within } from '../../../runtime/wait.js';
import { CLIENT_PACKAGES, loadPackage } from '../client-package.js';
import { DispatchError, givenUp } from '../errors.js';
import { unlessAborted } from '../unless-aborted.js';
import { type Client, type ClientOptions, createClient, type Library } from './redis-client.js';

export interface ConnectionOptions {
  readonly client: ClientOptions;
  readonly load: () => Promise<Library>;
  readonly clock: Clock;
  /** For the first answer. */
  readonly pingTimeoutMs: number;
  /** For the answer to each command. */
  readonly publishTimeoutMs: number;
}

export class RedisConnection {
  private publishers: readonly Redis[] = [];
  private lostBecause: DispatchError | undefined;
  private lastError: Error | undefined;
  private readonly lossListeners = new Set<(error: DispatchError) => void>();

  private constructor(
    private readonly client: Client,
    private readonly options: ConnectionOptions,
  ) {
    const noteError = (error: Error): void => {
      this.lastError = error;
    };
    if (client.kind === 'single') client.redis.on('error', noteError);
    else client.cluster.on('error', noteError).on('node error', noteError);
  }

  /** Resolves when a node has answered; rejects with what to do about it if none does (FT-RED-4). */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<RedisConnection> {
    const { clock, pingTimeoutMs } = options;
    const library = await loadPackage(CLIENT_PACKAGES.redis, options.load);
    if (signal.aborted) throw givenUp();
    let connection: RedisConnection | undefined;
    try {
      connection = new RedisConnection(await createClient(library, options.client), options);
      const isOpen = await unlessAborted(within(clock, connection.connect(), pingTimeoutMs), signal);
      if (!isOpen) throw new Error(`no answer within ${pingTimeoutMs} ms`);
      return connection;
    } catch (error) {
      connection?.drop();
      if (error instanceof DispatchError) throw error;
      throw new DispatchError(
        'DISPATCH_REDIS_UNREACHABLE',
        `redis_connect_error ${explain(options, error, connection)}`,
        { cause: error, retryable: true },
      );
    }
  }

  get isUp(): boolean {
    return this.lostBecause === undefined;
  }

  /** Why it is lost, if it is. */
  get loss(): DispatchError | undefined {
    return this.lostBecause;
  }

  /** Its last error, which says more than that a command failed. */
  get trouble(): Error | undefined {
    return this.lastError;
  }

  /** At once if it is lost already. Returns how to stop listening. */
  onLost(callback: (error: DispatchError) => void): () => void {
    if (this.lostBecause) {
      callback(this.lostBecause);
      return () => {};
    }
    this.lossListeners.add(callback);
    return () => this.lossListeners.delete(callback);
  }

  /** Resolves when the server has confirmed it. */
  async publish(channel: string | Buffer, body: Buffer): Promise<void> {
    const publisher = this.publishers[indexOf(channel, this.publishers.length)];
    if (!publisher) throw new Error('no node takes publications');
    await this.answered(publisher.publish(channel, body), 'PUBLISH');
  }

  /** The channels whose lease in the sorted set is not over at `nowS`, epoch seconds; removes the others (FT-RED-2). */
  async leases(key: string, nowS: number): Promise<readonly Buffer[]> {
    const { client } = this;
    const store = client.kind === 'single' ? client.redis : client.cluster;
    const removed = store.zremrangebyscore(key, '-inf', `(${nowS}`);
    const left = store.zrangeBuffer(key, '0', '-1');
    const [, members] = await this.answered(Promise.all([removed, left]), 'ZRANGE');
    return members;
  }

  /** Ends it with QUIT once everything is answered, or hard after `deadlineMs`. */
  async end(deadlineMs: number): Promise<void> {
    const { client } = this;
    const quit = client.kind === 'single' ? client.redis.quit() : client.cluster.quit();
    await within(
      this.options.clock,
      quit.catch(() => {}),
      deadlineMs,
    );
    this.drop();
  }

  /** Ends it hard; what waits for an answer fails. */
  drop(): void {
    this.lose(new DispatchError('DISPATCH_REDIS_LOST', 'the connection was given up', { retryable: true }));
    if (this.client.kind === 'single') this.client.redis.disconnect();
    else this.client.cluster.disconnect();
  }

  private async connect(): Promise<void> {
    const { client } = this;
    if (client.kind === 'single') {
      await client.redis.connect();
      await client.redis.ping();
      this.publishers = [client.redis];
    } else {
      await client.cluster.connect();
      this.publishers = await answering(client.cluster.nodes('master'));
    }
    for (const publisher of this.publishers) publisher.once('close', () => this.lose(this.lossOf(publisher)));
  }

  /** As `work` does, or rejects once the timeout is over or the connection is lost. */
  private answered<T>(work: Promise<T>, what: string): Promise<T> {
    const { clock, publishTimeoutMs } = this.options;
    return new Promise<T>((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        const message = `${what} was not answered within ${publishTimeoutMs} ms (publish_timeout)`;
        reject(new DispatchError('DISPATCH_REDIS_TIMEOUT', message, { retryable: true }));
      }, publishTimeoutMs);
      const stop = this.onLost(reject);
      const over = (): void => {
        clock.clearTimeout(timer);
        stop();
      };
      work.then(
        (value) => {
          over();
          resolve(value);
        },
        (error: Error) => {
          over();
          reject(error);
        },
      );
    });
  }

  private lossOf({ options }: Redis): DispatchError {
    const reason = this.lastError ? `: ${this.lastError.message}` : '';
    const message = `lost the connection to ${options.host}:${options.port}${reason}; it is made again, and the log of Redis says why it ended`;
    return new DispatchError('DISPATCH_REDIS_LOST', message, { retryable: true });
  }

  private lose(error: DispatchError): void {
    if (this.lostBecause) return;
    this.lostBecause = error;
    for (const callback of [...this.lossListeners]) callback(error);
    this.lossListeners.clear();
  }
}

/** The nodes of a cluster that answer, in an order that does not depend on who answers first. */
async function answering(nodes: readonly Redis[]): Promise<readonly Redis[]> {
  const answers = await Promise.allSettled(nodes.map((node) => node.ping()));
  const alive = nodes.filter((_, index) => answers[index]?.status === 'fulfilled');
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (alive.length === 0) throw failed?.reason ?? new Error('the cluster has no masters');
  const nameOf = ({ options }: Redis): string => `${options.host}:${options.port}`;
  return [...alive].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** The same one of `count` for the same channel (RDC-1); FNV-1a. */
function indexOf(channel: string | Buffer, count: number): number {
  if (count < 2) return 0;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(channel)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % count;
}

/** What went wrong, where, and what to look at. */
function explain({ client }: ConnectionOptions, error: unknown, connection: RedisConnection | undefined): string {
  const where = client.addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  const causes = [
    connection?.trouble,
    (connection?.trouble as { lastNodeError?: Error } | undefined)?.lastNodeError,
    error,
  ];
  const texts = causes.filter((cause) => cause instanceof Error).map(({ message }) => message);
  const all = texts.join(' ');
  const [first = String(error)] = texts.filter((text) => !/^(Connection is closed|Failed to refresh slots)/.test(text));
  if (/ECONNREFUSED/.test(all)) return `${where}: nobody listens there; is Redis running?`;
  if (/ENOTFOUND|EAI_AGAIN/.test(all)) return `${where}: the host name is unknown`;
  if (/WRONGPASS|invalid password/.test(all))
    return `${where}: Redis refuses the user name or password; see redis.username, and fleetchart.redisPasswordFile, REDIS_PASSWORD or redis.password`;
  if (/NOAUTH/.test(all))
    return `${where}: Redis asks for a password; set fleetchart.redisPasswordFile, REDIS_PASSWORD or redis.password`;
  if (/cluster support disabled/.test(all))
    return `${where}: that is no cluster; leave cluster_mode out and name one address`;
  return `${where}: ${first}`;
}
