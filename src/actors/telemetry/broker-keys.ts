/** The sections of the dispatchers that have topics or streams (spec 5.4). */
import { Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';
import { count, flag, peer, text } from './key-types.js';

export const kinesisKeys = peer(
  {
    max_retries: count('How often a request without an answer, or one that brought nothing in, is made again.', {
      maximum: 100,
      default: serverDefaults.kinesis.maxRetries,
    }),
    override_host: text('URL of the service, if not where the region says.', { default: '' }),
    streams: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Topic → its stream. KINESIS_STREAM_<TOPIC> in the environment wins; otherwise namespace_topic.',
      }),
    ),
  },
  'The `kinesis` dispatcher; credentials and region as the AWS tools find them.',
);

export const pubsubKeys = peer(
  { gcp_project_id: text('Id of the Google Cloud project.') },
  'The `pubsub` dispatcher; PUBSUB_EMULATOR_HOST or GOOGLE_APPLICATION_CREDENTIALS stand in the environment.',
);

export const zmqKeys = peer(
  {
    addr: text('Where the socket is bound, such as tcp://*:5284.'),
    server_key_json_path: text('JSON file with the keys of CURVE, mode 0600: {"secret": KEY, "public": KEY} in Z85.', {
      secret: false,
      secretFile: 'inPlace',
    }),
    allowed_public_keys_json_path: text('JSON file with an array of the public keys of clients that get in.'),
    verbose: flag('Log what happens to the socket, at debug.'),
  },
  'The `zmq` dispatcher.',
);

const zmqDefaults = serverDefaults.zmq;

export const ownZmqKeys = Type.Object(
  {
    highWaterMark: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        default: zmqDefaults.highWaterMark,
        description: 'Messages that may wait in memory for one subscriber.',
      }),
    ),
    slowSubscriber: Type.Optional(
      Type.Union([Type.Literal('wait'), Type.Literal('drop')], {
        default: zmqDefaults.slowSubscriber,
        description:
          'What a subscriber with a full queue means: records wait for it in the spool, or pass it by as in the reference.',
      }),
    ),
    nobodyListens: Type.Optional(
      Type.Union([Type.Literal('drop'), Type.Literal('wait')], {
        default: zmqDefaults.nobodyListens,
        description:
          'What becomes of records while nobody subscribes to anything: published to nobody as in the reference, or they wait.',
      }),
    ),
    joinMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 20_000,
        unit: 'milliseconds',
        default: zmqDefaults.joinMs,
        description: 'How long subscribers get to come back after a start, before anything is published.',
      }),
    ),
  },
  { additionalProperties: false, description: 'More of the `zmq` dispatcher.' },
);
