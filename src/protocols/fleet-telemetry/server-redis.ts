import { type RedisAddress, type RedisDispatcherSettings, redisAddress } from './redis-settings.js';
import type { Findings } from './server-findings.js';
import { type ServerConfig, serverDefaults } from './server-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The section of the `redis` dispatcher (FT-RED-4, FT-RED-6), with the mistakes in the reference's words. */
export function redis(config: ServerConfig, environment: Environment, findings: Findings): RedisDispatcherSettings {
  const { mistakes, warnings } = findings;
  const section = config.redis ?? {};
  const addresses = config.redis === undefined ? [] : addressesOf(section.addrs ?? [], findings);
  const isCluster = (section.cluster_mode ?? false) || (section.addrs ?? []).length > 1;
  const publishVinTopics = section.publish_vin_topics ?? false;
  const subscriberSetPrefix = section.subscriber_set_prefix ?? '';
  if (config.redis === undefined) {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/redis',
      message: 'expected Redis to be configured',
      hint: 'add the section redis with at least addrs, or take redis out of records',
    });
  } else if (!publishVinTopics && subscriberSetPrefix === '') {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/redis',
      message:
        'redis requires publish_vin_topics or subscriber_set_prefix to be set, otherwise no records are published',
      hint: 'set redis.publish_vin_topics: true',
    });
  }
  if (isCluster && (section.db ?? 0) !== 0) {
    warnings.push({ code: 'CONFIG_IGNORED', pointer: '/redis/db', message: 'a cluster has the database 0 only' });
  }
  for (const key of Object.keys(section.pool ?? {})) {
    if (key === 'read_timeout') continue;
    const message = 'without effect: one connection to each node carries everything here';
    warnings.push({ code: 'CONFIG_IGNORED', pointer: `/redis/pool/${key}`, message });
  }
  const [first] = addresses;
  const { ca_file: caFile = '', server_cert: certFile = '', server_key: keyFile = '' } = section.tls ?? {};
  if ((certFile === '') !== (keyFile === '')) {
    const [key, other] = certFile === '' ? ['server_cert', 'server_key'] : ['server_key', 'server_cert'];
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: `/redis/tls/${key}`,
      message: `missing; ${other} is of no use without it`,
    });
  }
  const serverName = section.override_tls_server_name ? first?.host : undefined;
  return {
    addresses,
    isCluster,
    username: section.username ?? '',
    password: environment['REDIS_PASSWORD'] || (config.fleetchart?.redisPassword ?? section.password ?? ''),
    db: isCluster ? 0 : (section.db ?? 0),
    tls: section.tls === undefined ? undefined : { caFile, certFile, keyFile, serverName },
    publishVinTopics,
    subscriberSetPrefix,
    publishTimeoutMs: timeoutOf(section, findings),
  };
}

function addressesOf(texts: readonly string[], { mistakes }: Findings): RedisAddress[] {
  if (texts.length === 0) {
    const hint = 'for example "addrs": ["127.0.0.1:6379"]';
    mistakes.push({ code: 'CONFIG_MISSING', pointer: '/redis/addrs', message: 'redis addrs cannot be empty', hint });
  }
  return texts.flatMap((text, index) => {
    const address = redisAddress(text);
    if (address) return [address];
    // Without the text, in which there may be a password.
    const message = 'expected host:port';
    const hint = 'for example 127.0.0.1:6379; user and password have keys of their own';
    mistakes.push({ code: 'CONFIG_VALUE', pointer: `/redis/addrs/${index}`, message, hint });
    return [];
  });
}

/** Longer ones no timer takes. */
const LONGEST_TIMEOUT_MS = 3_600_000;

/** A node answers each command within both times; 0, and what is less for a read, mean none is set. */
function timeoutOf(section: NonNullable<ServerConfig['redis']>, { warnings }: Findings): number {
  const milliseconds = (pointer: string, nanoseconds: number): number => {
    if (nanoseconds >= 1e6) return Math.min(LONGEST_TIMEOUT_MS, nanoseconds / 1e6);
    const message = `${nanoseconds} nanoseconds is less than any answer takes; 1 ms is taken`;
    warnings.push({ code: 'CONFIG_VALUE', pointer, message, hint: '5000000000 are 5 s' });
    return 1;
  };
  const publish = section.publish_timeout || serverDefaults.redis.publishTimeoutMs * 1e6;
  const read = section.pool?.read_timeout ?? 0;
  const publishMs = milliseconds('/redis/publish_timeout', publish);
  return read > 0 ? Math.min(publishMs, milliseconds('/redis/pool/read_timeout', read)) : publishMs;
}
