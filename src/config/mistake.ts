/** Every code a mistake or warning of the configuration can carry; each has a row in docs/reference/errors.md. */
export const mistakeCodes = [
  'CONFIG_UNREADABLE',
  'CONFIG_TOO_LARGE',
  'CONFIG_SYNTAX',
  'CONFIG_TYPE',
  'CONFIG_VALUE',
  'CONFIG_MISSING',
  'CONFIG_UNKNOWN_KEY',
  'CONFIG_CONFLICT',
  'CONFIG_UNSUPPORTED',
  'CONFIG_UNPROTECTED',
  'CONFIG_IGNORED',
  'CONFIG_SECRET_EXPOSED',
] as const;

export type MistakeCode = (typeof mistakeCodes)[number];

/** One thing wrong (or, as a warning, remarkable) in a configuration. */
export interface Mistake {
  readonly code: MistakeCode;
  /** JSON pointer to the value in the effective configuration; empty for the whole. */
  readonly pointer: string;
  /** What is wrong. Peers' own messages stand here word for word. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Where the value came from: `hub.yaml:12:3`, `environment FLEETCHART_HTTP__PORT`, `--set http.port`. */
  readonly where?: string;
}

/** `where: /pointer: message`, and what to do about it on a line of its own. */
export function renderMistake(mistake: Mistake): string {
  const place = [mistake.where, mistake.pointer].filter((part) => part !== undefined && part !== '').join(': ');
  const line = place === '' ? mistake.message : `${place}: ${mistake.message}`;
  return mistake.hint === undefined ? line : `${line}\n    ${mistake.hint}`;
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly retryable = false;

  constructor(
    readonly mistakes: readonly Mistake[],
    readonly warnings: readonly Mistake[] = [],
  ) {
    super(`${countOf(mistakes.length, 'mistake')} in the configuration:\n${mistakes.map(renderMistake).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** `1 mistake`, `2 mistakes`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
