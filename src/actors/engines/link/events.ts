import type { DatedFailure, Failure } from '../../../runtime/event-facts.js';
import type { EngineContainer, EngineKind } from '../engine.js';

export { delayMs } from '../../../runtime/backoff.js';
export { type DatedFailure, type Failure, failureOf, stampOf } from '../../../runtime/event-facts.js';

/** How long a link waits for what. All in milliseconds. */
export interface EngineLinkTiming {
  /** For an engine to be found and to answer, and for its events. */
  readonly connectTimeoutMs: number;
  /** For a comparison of what the engine has with what is known here. */
  readonly compareTimeoutMs: number;
  /** From one comparison to the next: what events did not tell is found then. */
  readonly relistMs: number;
  /** Pause before the first try again; doubles with each further one, ± 20 %. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Ready for so long, the next loss starts again with the shortest pause. */
  readonly steadyAfterMs: number;
}

export const DEFAULT_ENGINE_LINK_TIMING: EngineLinkTiming = {
  connectTimeoutMs: 60_000,
  compareTimeoutMs: 120_000,
  relistMs: 60_000,
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  steadyAfterMs: 10_000,
};

export interface EngineLinkInput {
  /** Names the link; the key of the actor's address. */
  readonly name: string;
  readonly timing: EngineLinkTiming;
}

/** The engine that was chosen. */
export interface FoundEngine {
  readonly kind: EngineKind;
  /** `Podman Engine`, say. */
  readonly name: string;
  readonly version: string;
  /** Why this one. */
  readonly why: string;
}

/** A container with the label of an owner of ours that nobody here knows. */
export interface Orphan {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
}

/** What a comparison came to. */
export interface Comparison {
  readonly containers: number;
  /** The first of them, in a list that is shown. */
  readonly orphans: readonly Orphan[];
}

export interface EngineLinkContext extends EngineLinkInput {
  readonly engine: FoundEngine | null;
  readonly comparison: Comparison | null;
  /** Tries that failed since the link was last steady. */
  readonly failures: number;
  /** The pause before the next try. */
  readonly pauseMs: number;
  readonly lastError: DatedFailure | null;
  /** Since when it is connecting, ready or lost; epoch milliseconds, where the runtime told. */
  readonly since: number | null;
}

/** To a link, from an operator, the composition or its own effects. */
export type EngineLinkCommand =
  | { readonly type: 'link.stop' }
  /** Try the engine now instead of after the pause. */
  | { readonly type: 'link.retry' }
  /** From the effect `watch`: from now on no event is missed. */
  | { readonly type: 'link.watching' };

/** What the effects of the chart get. */
export interface EngineLinkEffectInput {
  readonly name: string;
}

/** For the log: what the chart came to. */
export type EngineLinkOutput =
  | { readonly type: 'link.up'; readonly engine: FoundEngine | null }
  | ({ readonly type: 'link.down' | 'link.failed' } & Failure);

/** To the actor of a container: how the engine has it, or that it has not. */
export type EngineSighting =
  | { readonly type: 'ENGINE.SEEN'; readonly container: EngineContainer }
  | { readonly type: 'ENGINE.MISSING' };

/** To the watchers of an owner, after each comparison: which of its containers there are. */
export interface EngineListed {
  readonly type: 'ENGINE.LISTED';
  readonly ids: readonly string[];
}
