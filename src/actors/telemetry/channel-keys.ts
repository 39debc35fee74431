/** The sections of the dispatchers that publish to channels as they are: `mqtt` and `redis`. */
import { Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';
import { clientTls } from './error-report-keys.js';
import { count, flag, milliseconds, nanoseconds, peer, text } from './key-types.js';

export const mqttKeys = peer(
  {
    broker: text('host:port or URL of the broker.'),
    client_id: text('Client id.', { default: '' }),
    username: text('User name.', { default: '' }),
    password: text('Password; better in fleetchart.mqttPasswordFile.', { secret: true }),
    topic_base: text('First part of every topic.', { default: '' }),
    qos: Type.Optional(Type.Integer({ minimum: 0, maximum: 2, default: 0, description: 'Of every publish.' })),
    retained: flag('Of every publish.'),
    connect_timeout_ms: milliseconds('For one attempt.', serverDefaults.mqtt.connectTimeoutMs),
    publish_timeout_ms: milliseconds('For one record.', serverDefaults.mqtt.publishTimeoutMs),
    disconnect_timeout_ms: milliseconds('At the end.', serverDefaults.mqtt.disconnectTimeoutMs),
    connect_retry_interval_ms: milliseconds(
      'Between attempts of the first connect.',
      serverDefaults.mqtt.connectRetryIntervalMs,
    ),
    keep_alive_seconds: count('MQTT keep-alive.', {
      unit: 'seconds',
      maximum: 65_535,
      default: serverDefaults.mqtt.keepAliveS,
    }),
  },
  'The `mqtt` dispatcher.',
);

const unusedPoolKeys = [
  'pool_size',
  'min_idle_conns',
  'max_idle_conns',
  'max_active_conns',
  'write_timeout',
  'pool_timeout',
  'conn_max_idle_time',
  'conn_max_lifetime',
];
const unusedNumber = Type.Optional(Type.Integer({ description: 'Without effect.' }));

export const redisKeys = peer(
  {
    addrs: Type.Optional(
      Type.Array(Type.String(), { description: 'host:port of a node, or of several of a cluster.' }),
    ),
    username: text('User name.', { default: '' }),
    password: text('Password; better in fleetchart.redisPasswordFile. REDIS_PASSWORD in the environment wins.', {
      secret: true,
    }),
    db: count('Database; without effect in a cluster.', { default: 0 }),
    tls: Type.Optional(peer(clientTls, 'TLS to every node; off without this section.')),
    override_tls_server_name: flag('Expect the name of the first address in the certificate of every node.'),
    cluster_mode: flag('A cluster although there is one address.'),
    publish_vin_topics: flag('Publish to the channel of the vehicle.'),
    subscriber_set_prefix: text('Publish to the channels in a sorted set whose key begins so.', { default: '' }),
    publish_timeout: nanoseconds('For the answer to each command; 0: the default.', {
      default: serverDefaults.redis.publishTimeoutMs * 1e6,
    }),
    pool: Type.Optional(
      peer(
        {
          read_timeout: Type.Optional(
            Type.Integer({ unit: 'nanoseconds', description: 'Counts if it is shorter than publish_timeout.' }),
          ),
          ...Object.fromEntries(unusedPoolKeys.map((key) => [key, unusedNumber])),
        },
        'Of the connections; there is one to each node.',
      ),
    ),
  },
  'The `redis` dispatcher.',
);
