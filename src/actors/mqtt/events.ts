import type { DatedFailure } from '../../runtime/event-facts.js';

export { failureOf, stampOf } from '../../runtime/event-facts.js';

export interface BrokerTiming {
  /** For the listener to open, milliseconds. */
  readonly openTimeoutMs: number;
  /** Until a listener that failed is opened again. */
  readonly retryMs: number;
  /** On stop: for clients to be disconnected. */
  readonly closeMs: number;
}

export const DEFAULT_BROKER_TIMING: BrokerTiming = { openTimeoutMs: 10_000, retryMs: 10_000, closeMs: 5_000 };

export interface BrokerInput {
  readonly timing: BrokerTiming;
}

/** Where the broker listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** For clients on this machine. */
  readonly url: string;
}

export interface BrokerContext extends BrokerInput {
  readonly address: BrokerAddress | null;
  readonly closeMs: number;
  readonly lastError: DatedFailure | null;
}

export type BrokerCommand =
  | { readonly type: 'broker.stop'; readonly deadlineMs?: number }
  /** Try to listen now instead of after the pause. */
  | { readonly type: 'broker.retry' };

export interface CloseBrokerInput {
  readonly deadlineMs: number;
}
