/**
 * The client library, loaded when a dispatcher first connects. It reconnects nothing and keeps nothing for later: that
 * is the business of the chart and of the spool.
 */
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { Cluster, Redis } from 'ioredis';
import type { RedisAddress, RedisTlsSettings } from '../../../protocols/fleet-telemetry/redis-settings.js';

export interface ClientOptions {
  readonly addresses: readonly RedisAddress[];
  readonly isCluster: boolean;
  readonly username: string;
  readonly password: string;
  readonly db: number;
  /** Read again for each connection, so that a renewed certificate needs no restart. */
  readonly tls: RedisTlsSettings | undefined;
}

export type Library = Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>;

/** A client that is not connected yet. */
export type Client =
  | { readonly kind: 'single'; readonly redis: Redis }
  | { readonly kind: 'cluster'; readonly cluster: Cluster };

export async function createClient({ Redis, Cluster }: Library, options: ClientOptions): Promise<Client> {
  const { addresses, isCluster, username, password, db } = options;
  const tls = await tlsOf(options.tls);
  const common = {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(tls ? { tls } : {}),
    connectTimeout: 10_000,
    // A user for publishing may have no right to more.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2 as const,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
  if (isCluster) {
    const cluster = new Cluster([...addresses], {
      lazyConnect: true,
      clusterRetryStrategy: () => null,
      enableReadyCheck: false,
      redisOptions: common,
      // Certificates name hosts, which a lookup would replace by addresses.
      ...(tls ? { dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host) } : {}),
    });
    return { kind: 'cluster', cluster };
  }
  const [address = { host: '127.0.0.1', port: 6379 }] = addresses;
  const redis = new Redis({
    ...common,
    ...address,
    db,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: () => null,
  });
  return { kind: 'single', redis };
}

async function tlsOf(settings: RedisTlsSettings | undefined): Promise<ConnectionOptions | undefined> {
  if (!settings) return undefined;
  const { caFile, certFile, keyFile, serverName } = settings;
  return {
    ...(caFile ? { ca: await readFile(caFile) } : {}),
    ...(certFile ? { cert: await readFile(certFile) } : {}),
    ...(keyFile ? { key: await readFile(keyFile) } : {}),
    ...(serverName ? { servername: serverName } : {}),
  };
}
