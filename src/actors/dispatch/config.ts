import { Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';

export {
  CLIENT_PACKAGES,
  type ClientPackage,
  COMPRESSION_PACKAGES,
  installation,
  isInstalled,
} from './client-package.js';

const boundBytes = (description: string, options: object = {}) =>
  Type.Integer({
    description,
    minimum: 1024 * 1024,
    unit: 'bytes',
    ...options,
  });
const boundOf = (name: string) =>
  Type.Optional(
    Type.Object(
      { boundBytes: boundBytes(`Most that may wait for ${name}.`) },
      { additionalProperties: false, description: `The part of ${name}.` },
    ),
  );

/** What waits on disk for each dispatcher, and how much of it. */
export const SpoolSchema = Type.Object(
  {
    boundBytes: Type.Optional(
      boundBytes('Most that may wait for one dispatcher, unless stated for it below.', {
        default: serverDefaults.spoolBoundBytes,
      }),
    ),
    dispatchers: Type.Optional(
      Type.Object(
        {
          logger: boundOf('logger'),
          file: boundOf('file'),
          kafka: boundOf('kafka'),
          mqtt: boundOf('mqtt'),
          redis: boundOf('redis'),
          kinesis: boundOf('kinesis'),
          pubsub: boundOf('pubsub'),
          zmq: boundOf('zmq'),
          http: boundOf('http'),
        },
        { additionalProperties: false, description: 'Bounds of single dispatchers.' },
      ),
    ),
  },
  {
    additionalProperties: false,
    description: 'The durable spool: one log with a position and a bound per dispatcher.',
  },
);

/** The `file` dispatcher: rotated files, the embedded default destination. */
export const FileDispatcherSchema = Type.Object(
  {
    directory: Type.Optional(
      Type.String({
        minLength: 1,
        default: serverDefaults.file.directory,
        description: 'Where the files go, below the data directory.',
      }),
    ),
    format: Type.Optional(
      Type.Union([Type.Literal('jsonl'), Type.Literal('protobuf')], {
        default: serverDefaults.file.format,
        description: 'JSON Lines of decoded records, or length-delimited protobuf.',
      }),
    ),
    rotateBytes: Type.Optional(
      Type.Integer({
        minimum: 4096,
        unit: 'bytes',
        default: serverDefaults.file.rotateBytes,
        description: 'A file that has reached this size is closed and the next one begun.',
      }),
    ),
    rotateSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 31_536_000,
        unit: 'seconds',
        default: serverDefaults.file.rotateSeconds,
        description: 'Likewise a file of this age.',
      }),
    ),
    keepFiles: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        default: serverDefaults.file.keepFiles,
        description: 'Closed files that are kept; older ones are deleted.',
      }),
    ),
  },
  { additionalProperties: false, description: 'The `file` dispatcher.' },
);

const httpDefaults = serverDefaults.http;
const pemFile = (description: string, options: object = {}) =>
  Type.Optional(Type.String({ minLength: 1, description, ...options }));

/** The `http` dispatcher: batches of records to a URL. */
export const HttpDispatcherSchema = Type.Object(
  {
    url: Type.Optional(Type.String({ minLength: 1, description: 'Where records are posted to.' })),
    format: Type.Optional(
      Type.Union([Type.Literal('jsonl'), Type.Literal('protobuf')], {
        default: httpDefaults.format,
        description: 'JSON Lines of decoded records, or length-delimited protobuf with metadata.',
      }),
    ),
    gzip: Type.Optional(Type.Boolean({ default: httpDefaults.gzip, description: 'Compress bodies.' })),
    maxBatchRecords: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: httpDefaults.maxBatchRecords,
        description: 'Most records of one request.',
      }),
    ),
    maxBatchBytes: Type.Optional(
      Type.Integer({
        minimum: 1024,
        maximum: 64 * 1024 * 1024,
        unit: 'bytes',
        default: httpDefaults.maxBatchBytes,
        description: 'Most bytes of one request before compression; a record that is larger goes alone.',
      }),
    ),
    maxBatchDelayMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 5_000,
        unit: 'milliseconds',
        default: httpDefaults.maxBatchDelayMs,
        description: 'How long records wait for others to fill a request.',
      }),
    ),
    maxInFlight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        default: httpDefaults.maxInFlight,
        description: 'Requests at once; those of one vehicle follow each other.',
      }),
    ),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 600_000,
        unit: 'milliseconds',
        default: httpDefaults.timeoutMs,
        description: 'For the answer to one request.',
      }),
    ),
    holdStatuses: Type.Optional(
      Type.Array(Type.Integer({ minimum: 400, maximum: 499 }), {
        default: [...httpDefaults.holdStatuses],
        description: '4xx after which records wait, as after 5xx, instead of being refused.',
      }),
    ),
    secret: Type.Optional(
      Type.String({ minLength: 1, secret: true, description: 'Key of the signatures; without one there are none.' }),
    ),
    secretFile: Type.Optional(
      Type.String({ minLength: 1, secretFile: true, description: 'File that holds it, mode 0600.' }),
    ),
    tls: Type.Optional(
      Type.Object(
        {
          caFile: pemFile("PEM file of the CAs to trust instead of the system's."),
          certFile: pemFile('PEM file of the client certificate.'),
          keyFile: pemFile('PEM file of its private key, mode 0600.', { secret: false, secretFile: 'inPlace' }),
          serverName: pemFile("Name that the receiver's certificate has to have, if not that of the URL."),
        },
        { additionalProperties: false, description: 'For https.' },
      ),
    ),
  },
  { additionalProperties: false, description: 'The `http` dispatcher.' },
);
