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
import type { ServerConfig } from '../../protocols/fleet-telemetry/server-settings.js';
import { kinesisKeys, pubsubKeys, zmqKeys } from './broker-keys.js';
import { mqttKeys, redisKeys } from './channel-keys.js';
import { airbrakeKeys } from './error-report-keys.js';
import { kafkaKeys } from './kafka-keys.js';
import { count, flag, later, peer, text } from './key-types.js';
import { monitoringKeys } from './monitoring-keys.js';
import { ownKeys } from './own-keys.js';

const ignored = later('Old; accepted without effect.');

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
  mqtt: Type.Optional(mqttKeys),
  redis: Type.Optional(redisKeys),
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
