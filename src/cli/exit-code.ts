/** What the process ends with. A signal that cuts a graceful stop short adds 130 and 143. */
export const exitCodes = {
  /** Done; also after a graceful stop. */
  done: 0,
  failed: 1,
  wrongUsage: 2,
  wrongConfiguration: 3,
  /** A failure went past the root supervisor. */
  escalated: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command with a message for people: what happened, and what to do next. */
export class CliError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, options: { code?: string; exitCode?: ExitCode; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CliError';
    this.code = options.code ?? 'CLI_FAILED';
    this.exitCode = options.exitCode ?? exitCodes.failed;
    this.hint = options.hint;
  }
}

/** Ends a command that has already said everything, with an exit code other than 0. */
export class QuietExit extends Error {
  constructor(readonly exitCode: ExitCode) {
    super(`exit ${exitCode}`);
    this.name = 'QuietExit';
  }
}
