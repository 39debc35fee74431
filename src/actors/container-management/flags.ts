import { MANAGEMENT_KEYS, type ManagementKey } from './config-keys.js';

/** Of a key: as it would stand in the file. */
export type Value = ManagementKey['default'];

/** A flag of the command line, as `parseGoFlags` takes it. */
export interface ManagementFlag {
  readonly name: string;
  readonly default: string;
  readonly usage: string;
  readonly isBoolean?: boolean;
  readonly isList?: boolean;
}

/** The flags of the reference (CUA-38), and ours. */
export function managementFlags(): ManagementFlag[] {
  const flags = MANAGEMENT_KEYS.flatMap(({ flag, kind, default: byDefault, description }) =>
    flag === undefined
      ? []
      : {
          name: flag,
          default: keyText(byDefault),
          usage: description,
          ...(kind === 'flag' ? { isBoolean: true } : {}),
          ...(kind === 'list' || kind === 'pairs' ? { isList: true } : {}),
        },
  );
  return [{ name: 'cfg-file', default: '', usage: 'The config.json to read.' }, ...flags];
}

/** A value as it would stand behind a flag. */
export function keyText(value: Value): string {
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.join(',');
  return Object.entries(value)
    .map(([name, text]) => `${name}=${text}`)
    .join(',');
}
