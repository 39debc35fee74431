import { delayMs, RESTART_BACKOFF } from './backoff.js';

/** How far into its work an actor failed (SUP-6); `end` is a permanent actor's coming to its end. */
export type FailurePhase = 'message' | 'activation' | 'restart' | 'timer' | 'effect' | 'end';

export interface FailureTime {
  readonly at: number;
  readonly phase: FailurePhase;
}

export interface Intensity {
  /** Failures within `periodMs` that are still answered by a restart. */
  readonly intensity: number;
  readonly periodMs: number;
}

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number }
  | { readonly kind: 'park'; readonly reason: string };

const RESET_AFTER_MS = 10 * 60_000;

/**
 * What to do about a failure, given those before it, the newest last (SUP-5, SUP-6): a restart at once the first
 * time, then with growing delays, and no more when it fails too often or fails in the restart itself.
 */
export function decideRestart(failures: readonly FailureTime[], limits: Intensity, u: number): RestartDecision {
  const newest = failures.at(-1);
  if (!newest) return { kind: 'restart', delayMs: 0 };
  const recent = failures.filter((failure) => newest.at - failure.at < limits.periodMs);
  if (newest.phase === 'restart') return { kind: 'park', reason: 'failed in the restart' };
  if (recent.filter((failure) => failure.phase !== 'message' && failure.phase !== 'end').length >= 2) {
    return { kind: 'park', reason: `failed twice outside a message, last in ${newest.phase}` };
  }
  if (recent.length > limits.intensity) {
    const what = newest.phase === 'end' ? 'ended' : 'failed';
    return { kind: 'park', reason: `${what} ${recent.length} times within ${limits.periodMs / 1000} s` };
  }
  let run = 0;
  for (let index = failures.length - 1; index > 0; index--) {
    const [older, newer] = [failures[index - 1], failures[index]];
    if (!older || !newer || newer.at - older.at >= RESET_AFTER_MS) break;
    run++;
  }
  return { kind: 'restart', delayMs: delayMs(run, RESTART_BACKOFF, u) };
}

/** Keeps the list of failures short: only what {@link decideRestart} may still look at. */
export function recentFailures(failures: readonly FailureTime[], limits: Intensity, now: number): FailureTime[] {
  const horizon = Math.max(limits.periodMs, RESET_AFTER_MS);
  return failures.filter((failure) => now - failure.at < horizon).slice(-50);
}
