import type { DatedFailure } from '../../runtime/event-facts.js';

export { delayMs } from '../../runtime/backoff.js';
export { type Failure, failureOf, stampOf } from '../../runtime/event-facts.js';

/** How long a dispatcher waits for what. All in milliseconds. */
export interface DispatcherTiming {
  /** For the destination to accept a connection. */
  readonly connectTimeoutMs: number;
  /** Pause before the first try again; doubles with each further one, ± 20 %. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** Ready for so long, the next loss starts again with the shortest pause. */
  readonly steadyAfterMs: number;
  /** On stop: for the rest of the spool. */
  readonly drainMs: number;
  /** On stop: for the destination to close. */
  readonly closeMs: number;
}

export const DEFAULT_TIMING: DispatcherTiming = {
  // Longer than destinations wait by themselves, whose own errors say more.
  connectTimeoutMs: 40_000,
  retryMs: 500,
  longestRetryMs: 30_000,
  // A destination that accepts and drops at once must not be redialled at the shortest pause.
  steadyAfterMs: 60_000,
  drainMs: 10_000,
  closeMs: 2_000,
};

export interface DispatcherInput {
  /** Names the destination; the key of the actor's address. */
  readonly name: string;
  readonly timing: DispatcherTiming;
}

export interface DispatcherContext extends DispatcherInput {
  /** Tries that failed since the destination was last steady. */
  readonly failures: number;
  /** The pause before the next try. */
  readonly pauseMs: number;
  readonly drainMs: number;
  readonly lastError: DatedFailure | null;
}

/** To a dispatcher, from an operator or the composition. */
export type DispatcherCommand =
  /** Deliver what can be delivered until the deadline, then close. */
  | { readonly type: 'dispatcher.stop'; readonly deadlineMs?: number }
  /** Try the destination now instead of after the pause. */
  | { readonly type: 'dispatcher.retry' };

export type DispatcherEvent =
  | DispatcherCommand
  /** Its part of the spool rose above the high watermark. */
  | { readonly type: 'BACKLOG_HIGH' }
  /** Its part of the spool fell below the low watermark. */
  | { readonly type: 'BACKLOG_LOW' };

/** What the effects of the chart get. */
export interface DestinationInput {
  readonly name: string;
}

export interface CloseInput extends DestinationInput {
  readonly deadlineMs: number;
}
