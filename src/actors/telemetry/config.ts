import { type TSchema, Type } from '@sinclair/typebox';
import {
  resolveServerConfig,
  type ServerConfigResult,
  type ServerSurroundings,
} from '../../protocols/fleet-telemetry/server-config.js';
import {
  explainServer,
  type ServerExplanation,
  type ServerExplanationInput,
} from '../../protocols/fleet-telemetry/server-explanation.js';
import { type ServerConfig, serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';
import { kinesisKeys, ownZmqKeys, pubsubKeys, zmqKeys } from './broker-keys.js';
import { airbrakeKeys, clientTls, errorWebhookKeys } from './error-report-keys.js';
import { kafkaKeys, ownKafkaKeys } from './kafka-keys.js';
import { count, flag, later, milliseconds, nanoseconds, peer, text } from './key-types.js';
import { monitoringKeys } from './monitoring-keys.js';

const ignored = later('Old; accepted without effect.');

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

const trustedIssuers = Type.Object(
  {
    issuers: Type.Optional(
      Type.Record(Type.String(), Type.String({ minLength: 1 }), {
        description: 'Issuer CN → client type of the certificates it issued.',
      }),
    ),
    oidIssuers: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'Issuer CNs whose certificates say their client type by an OID.',
      }),
    ),
    oids: Type.Optional(
      Type.Record(Type.String(), Type.String({ minLength: 1 }), { description: 'OID → client type.' }),
    ),
    excludedOids: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'OIDs of certificates that serve another purpose and are refused.',
      }),
    ),
  },
  { additionalProperties: false, description: "Issuers and OIDs of other fleets, beside Tesla's." },
);

/** Our own keys (spec 12) without the dispatchers'. */
const ownKeys = {
  deviceCa: text("PEM file of the CA that signed the vehicles' certificates; adds to tls.ca_file.", { minLength: 1 }),
  trustedIssuers: Type.Optional(trustedIssuers),
  ackWhen: Type.Optional(
    Type.Union([Type.Literal('spooled'), Type.Literal('received')], {
      default: 'spooled',
      description:
        'When a record without a reliable source is acknowledged: on disk in the spool, or on receipt as in the reference.',
    }),
  ),
  spoolAtBound: Type.Optional(
    Type.Union([Type.Literal('keepUnacked'), Type.Literal('dropOldest')], {
      default: 'keepUnacked',
      description:
        'At the bound of a dispatcher, and on a full disk: its records stay unacknowledged, or its oldest are dropped and counted.',
    }),
  ),
  doubleAckUnknownType: flag('Acknowledge messages of an unknown type twice, as the reference does.'),
  rateLimitInterval: Type.Optional(
    Type.Union([Type.Literal('honoured'), Type.Literal('ignored')], {
      default: 'honoured',
      description: 'Whether message_interval_time counts; the reference ignores it, so its limit never limits.',
    }),
  ),
  rateLimitCloseAfter: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: 86_400 }), Type.Literal('off')], {
      expects: 'an integer from 1 to 86400 (seconds) or "off"',
      default: 'off',
      description:
        'Seconds over the rate limit, without an interval within it, after which a connection ends with 1013.',
    }),
  ),
  rateLimitLabels: Type.Optional(
    Type.Union([Type.Literal('record_type'), Type.Literal('reference')], {
      description:
        'What rate_limit_exceeded_total is counted by: the record type, or device_id and txtype as in the reference, for 1,000 vehicles at most. Default: reference under `run fleet-telemetry`, record_type in a hub.',
    }),
  ),
  statusHost: text('Address of status_port; empty: all interfaces, as in the reference.', { default: '' }),
  strictSenderId: flag('Check the sender id on every topic, not only on those that records does not name.'),
  signalCount: Type.Optional(
    Type.Union([Type.Literal('every'), Type.Literal('reference')], {
      default: 'every',
      description: 'Whether signal_count counts every record, or those over the rate limit as the reference does.',
    }),
  ),
  maxMessageBytes: Type.Optional(
    Type.Integer({
      minimum: 1024,
      maximum: 64 * 1024 * 1024,
      unit: 'bytes',
      default: serverDefaults.maxMessageBytes,
      description: 'Longer messages are answered with an error.',
    }),
  ),
  maxInFlightBytes: Type.Optional(
    Type.Integer({
      minimum: 64 * 1024,
      maximum: 4 * 1024 * 1024 * 1024,
      unit: 'bytes',
      default: serverDefaults.maxInFlightBytes,
      description: 'Received and not yet answered, of all connections together; past it sockets are not read.',
    }),
  ),
  hardCloseBytes: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1024, maximum: 256 * 1024 * 1024 }), Type.Literal('off')], {
      expects: 'an integer from 1024 to 268435456 (bytes) or "off"',
      description: 'Longer messages end the connection with 1009. Default: 4 MiB, at least maxMessageBytes.',
    }),
  ),
  idlePing: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: 86_400 }), Type.Literal('off')], {
      expects: 'an integer from 1 to 86400 (seconds) or "off"',
      default: serverDefaults.idlePingS,
      description: 'Seconds between WebSocket pings; two without an answer end the connection.',
    }),
  ),
  logLines: Type.Optional(
    Type.Union([Type.Literal('own'), Type.Literal('reference')], {
      description:
        "Whose form and names log lines have: ours, or the reference's. Default: reference under `run fleet-telemetry`, own in a hub.",
    }),
  ),
  mqttNullForInvalid: Type.Optional(
    Type.Union([Type.Literal('null'), Type.Literal('omit')], {
      default: 'null',
      description: 'An invalid value is published to MQTT as null, or not at all.',
    }),
  ),
  errorWebhook: Type.Optional(errorWebhookKeys),
  airbrakeProjectKey: text('Key of airbrake, instead of airbrake.project_key.', { secret: true }),
  airbrakeProjectKeyFile: text('File that holds it, mode 0600.', { secretFile: true, minLength: 1 }),
  mqttPassword: text('Password of the mqtt dispatcher, instead of mqtt.password.', { secret: true }),
  mqttPasswordFile: text('File that holds it, mode 0600.', { secretFile: true, minLength: 1 }),
  redisPassword: text('Password of the redis dispatcher, instead of redis.password.', { secret: true }),
  ...ownKafkaKeys,
  redisPasswordFile: text('File that holds it, mode 0600.', { secretFile: true, minLength: 1 }),
  zmq: Type.Optional(ownZmqKeys),
};

/** The reference's keys (spec 7.2). */
const serverKeys = {
  host: text('Address of the TLS listener; empty: all interfaces.', { default: '' }),
  port: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description: 'Its port; 0: one that is free.' }),
  ),
  tls: Type.Optional(
    peer(
      {
        server_cert: text('PEM file with the server certificate, leaf first.'),
        server_key: text('PEM file with its private key, mode 0600.', { secret: false, secretFile: 'inPlace' }),
        ca_file: text("PEM file with the CAs of the vehicles' certificates."),
      },
      'Certificates; mandatory.',
    ),
  ),
  use_default_eng_ca: flag('Without effect: no CA bundle is shipped.'),
  rate_limit: Type.Optional(
    peer(
      {
        enabled: flag('Drop what exceeds the limit; otherwise it is only counted.'),
        message_limit: count(
          'Messages that one connection may send in one interval; their times are kept, 8 bytes each.',
          { maximum: 1_000_000 },
        ),
        message_interval_time: count('The interval; 0: 60.', { unit: 'seconds' }),
        MessageIntervalTimeSecond: count('The interval again, undocumented; wins if set.', { unit: 'nanoseconds' }),
      },
      'Limit on the messages of one connection.',
    ),
  ),
  reliable_ack_sources: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'Topic → the dispatcher whose confirmation is the acknowledgement.',
    }),
  ),
  records: Type.Optional(
    Type.Record(Type.String(), Type.Array(Type.String()), {
      description:
        'Topic → its dispatchers: `kafka`, `logger`, `mqtt`, `redis`, `kinesis`, `pubsub`, `zmq`, and ours: `file`, `http`.',
    }),
  ),
  transmit_decoded_records: flag('Dispatch records as JSON instead of protobuf.'),
  namespace: text('Prefix of topic names at dispatchers.', { default: '' }),
  log_level: text('panic, fatal, error, warn, info, debug or trace.', { default: 'info' }),
  json_log_enable: flag('Log lines as JSON instead of logfmt.'),
  logger: Type.Optional(peer({ verbose: flag('Name the type of each value.') }, 'The `logger` dispatcher.')),
  mqtt: Type.Optional(
    peer(
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
    ),
  ),
  redis: Type.Optional(
    peer(
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
    ),
  ),
  status_port: count('Plain HTTP on which `GET /status` answers 200 `ok`; 0: off.', { default: 0, maximum: 65_535 }),
  kinesis: Type.Optional(kinesisKeys),
  pubsub: Type.Optional(pubsubKeys),
  zmq: Type.Optional(zmqKeys),
  vins_signal_tracking_enabled: Type.Optional(
    Type.Array(Type.String(), { description: 'Up to 20 VINs whose signals `vin_signal_count` counts.' }),
  ),
  airbrake: Type.Optional(airbrakeKeys),
  kafka: Type.Optional(kafkaKeys),
  reliable_ack: ignored,
  reliable_ack_workers: ignored,
  monitoring: Type.Optional(monitoringKeys),
};

/** The sections that dispatchers and vehicles bring along. */
export interface OwnSchemas {
  /** Key `fleetchart.spool`. */
  readonly spool: TSchema;
  /** Key `fleetchart.file`. */
  readonly file: TSchema;
  /** Key `fleetchart.http`. */
  readonly http: TSchema;
  /** Key `fleetchart.presence`. */
  readonly presence: TSchema;
  /** Key `fleetchart.lastValues`. */
  readonly lastValues: TSchema;
}

/** The schemas of this concern, with the sections of others in their place. */
export function telemetrySchemas<S extends OwnSchemas>(schemas: S) {
  const fleetchart = Type.Object(
    {
      ...ownKeys,
      spool: Type.Optional(schemas.spool as S['spool']),
      file: Type.Optional(schemas.file as S['file']),
      http: Type.Optional(schemas.http as S['http']),
      presence: Type.Optional(schemas.presence as S['presence']),
      lastValues: Type.Optional(schemas.lastValues as S['lastValues']),
    },
    { additionalProperties: false, default: {}, description: 'Keys that the reference does not have.' },
  );
  const keys = { ...serverKeys, fleetchart: Type.Optional(fleetchart) };
  return {
    /** `server_config.json` of fleet-telemetry, key for key, and our own keys in `fleetchart`. */
    serverConfig: peer(keys, 'Telemetry ingest.', { title: 'fleet-telemetry server_config.json' }),
    /** The hub's section: the same keys as they are, or the file that holds them. */
    section: peer(
      {
        file: text('A server_config.json whose keys stand beneath the ones given here.', { minLength: 1 }),
        ...keys,
      },
      'Telemetry ingest: the keys of fleet-telemetry’s server_config.json, or `file: PATH` to read one.',
      { include: 'file' },
    ),
  };
}

export type { ServerExplanation } from '../../protocols/fleet-telemetry/server-explanation.js';

/** What a `server_config.json` means, for people. */
export function explainTelemetry(input: ServerExplanationInput): ServerExplanation {
  return explainServer(input);
}

/** What a section that fits the schema comes to, or everything that is wrong with it. */
export function resolveTelemetry(section: ServerConfig, surroundings: ServerSurroundings): ServerConfigResult {
  return resolveServerConfig(section, surroundings);
}
