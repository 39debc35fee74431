/** The keys that the reference does not have (spec 12), without the sections that others bring along. */
import { Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';
import { ownZmqKeys } from './broker-keys.js';
import { errorWebhookKeys } from './error-report-keys.js';
import { ownKafkaKeys } from './kafka-keys.js';
import { flag, text } from './key-types.js';

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

export const ownKeys = {
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
