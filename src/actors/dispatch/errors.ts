import { FleetchartError } from '../../runtime/errors.js';
import type { Delivery } from './dispatcher.js';

/** `DISPATCH_*`: a destination that cannot be reached, or does not take records. */
export class DispatchError extends FleetchartError {}

/** A topic that is not there and cannot be made. */
export class TopicError extends DispatchError {
  constructor(
    code: string,
    message: string,
    readonly topic: string,
    /** Of the records that go there. */
    readonly recordType: string,
    cause: unknown,
  ) {
    super(code, message, { cause, retryable: true });
  }
}

/** Any error as a {@link DispatchError}; `code` and `what` say what was being done. */
export function dispatchError(code: string, what: string, cause: unknown): FleetchartError {
  if (cause instanceof FleetchartError) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new DispatchError(code, `${what}: ${detail}`, { cause, retryable: true });
}

/** What was told to give up. */
export const givenUp = (): DispatchError => new DispatchError('DISPATCH_ABORTED', 'given up');

export const NOT_CONNECTED = 'DISPATCH_NOT_CONNECTED';

/** The answer of a dispatcher that is not connected. */
export const notConnected = (): Delivery => ({
  delivered: 0,
  failure: new DispatchError(NOT_CONNECTED, 'the destination is not open', { retryable: true }),
});
