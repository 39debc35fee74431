/** An error with a stable code (listed in docs/reference/errors.md) that a person or a program can search for. */
export class FleetchartError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options: { cause?: unknown; retryable?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.retryable = options.retryable ?? false;
  }

  readonly retryable: boolean;
}

/** `STORAGE_*`: the store cannot be read or written. */
export class StorageError extends FleetchartError {}

/** `ACTOR_*`: an address, an actor type or a message that the runtime refuses. */
export class ActorError extends FleetchartError {}

/** `DEAD_LETTER_*`: a dead letter that cannot be sent again. */
export class DeadLetterError extends FleetchartError {}

/** What is kept of an error in a snapshot, a record or an answer: an `Error` itself becomes `{}` through JSON (R11). */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

export function errorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}

/** The same for a log: an error with a code is known, and says all without a stack. */
export function knownErrorRecord(error: unknown): ErrorRecord {
  const { stack, ...record } = errorRecord(error);
  return stack === undefined || record.code !== undefined ? record : { ...record, stack };
}
