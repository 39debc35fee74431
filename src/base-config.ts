import { Type } from '@sinclair/typebox';
import type { Loaded, LoadOptions } from './config/load.js';
import { ConfigError, type Mistake } from './config/mistake.js';

export const LogSchema = Type.Object(
  {
    level: Type.Union(
      (['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const).map((level) => Type.Literal(level)),
      { default: 'info', description: 'The least serious lines that are written.' },
    ),
    format: Type.Union([Type.Literal('json'), Type.Literal('logfmt')], {
      default: 'json',
      description: 'One JSON object a line, or key=value pairs.',
    }),
  },
  { additionalProperties: false, default: {}, description: 'The log, on standard error.' },
);

export const StoreSchema = Type.Object(
  {
    quotaBytes: Type.Optional(
      Type.Integer({
        minimum: 1_048_576,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'Bytes in use past which the store takes nothing more until room is made: durable sources pause. Without it, only the disk is the limit.',
      }),
    ),
  },
  { additionalProperties: false, default: {}, description: 'The store below `dataDir`.' },
);

/** A configuration that was read: what it comes to if it is sound, and all there is to say about it. */
export interface Checked<T> {
  readonly config: T | undefined;
  readonly loaded: Loaded;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

export type ConfigInput = Omit<LoadOptions, 'schema' | 'environmentPrefix'>;

/** The configuration that was checked, or a {@link ConfigError} that lists every mistake. */
export function configOf<T>({ config, mistakes, warnings }: Checked<T>): T {
  if (config === undefined) throw new ConfigError(mistakes, warnings);
  return config;
}
