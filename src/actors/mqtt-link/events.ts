import type { DatedFailure } from '../../runtime/event-facts.js';

export { delayMs } from '../../runtime/backoff.js';
export { type Failure, failureOf, stampOf } from '../../runtime/event-facts.js';

/** A link's address is `mqtt-link/NAME`. */
export const LINK_TYPE = 'mqtt-link';

/** How long a link waits for what. All in milliseconds. */
export interface LinkTiming {
  /** For the broker to accept the client and its subscriptions. */
  readonly connectTimeoutMs: number;
  /** Pause before the first try again; doubles with each further one, ± 20 %. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Online for so long, the next loss starts again with the shortest pause. */
  readonly steadyAfterMs: number;
  /** On stop: for publications under way to be acknowledged, and for the broker to be left. */
  readonly closeMs: number;
}

export const DEFAULT_LINK_TIMING: LinkTiming = {
  connectTimeoutMs: 30_000,
  firstPauseMs: 1_000,
  longestPauseMs: 60_000,
  // A broker that accepts and drops at once must not be redialled at the shortest pause.
  steadyAfterMs: 10_000,
  closeMs: 2_000,
};

export interface LinkInput {
  /** Names the link; the key of the actor's address. */
  readonly name: string;
  readonly timing: LinkTiming;
}

export interface LinkContext extends LinkInput {
  /** Tries that failed since the link was last steady. */
  readonly failures: number;
  /** The pause before the next try. */
  readonly pauseMs: number;
  readonly closeMs: number;
  readonly lastError: DatedFailure | null;
}

/** To a link, from an operator or the composition. */
export type LinkCommand =
  | { readonly type: 'link.stop'; readonly deadlineMs?: number }
  /** Try the broker now instead of after the pause. */
  | { readonly type: 'link.retry' };

/** What the effects of the chart get. */
export interface LinkEffectInput {
  readonly name: string;
}

export interface CloseLinkInput extends LinkEffectInput {
  readonly deadlineMs: number;
}
