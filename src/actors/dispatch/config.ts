import { Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';

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
        { logger: boundOf('logger'), file: boundOf('file'), mqtt: boundOf('mqtt') },
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
