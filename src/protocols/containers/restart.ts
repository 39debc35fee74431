import type { RestartPolicy } from './model.js';

/** An end of a run, and the runs before it. */
export interface RunEnd {
  /** Of the process; of a start that failed anything but 0 (CTR-15). */
  readonly exitCode: number;
  /** Whether somebody asked for it, be it a user or an operation. */
  readonly wasStopped: boolean;
  /** How long it ran, milliseconds; 0 if it did not start. */
  readonly ranMs: number;
  /** Automatic restarts since the last start by hand: `restart_count`. */
  readonly restartCount: number;
  /** Automatic restarts in a row, each after a short run; from the decision before, 0 at first. */
  readonly inARow: number;
}

export type RestartDecision =
  | { readonly restart: false }
  | {
      readonly restart: true;
      readonly delayMs: number;
      /** For the next decision. */
      readonly inARow: number;
    };

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** After a run of this length it is as if there had been no restart. */
const LONG_RUN_MS = 10_000;

/** Whether a container that ended is started again, and when (CTR-14, CTR-15). */
export function restartDecision(policy: RestartPolicy, end: RunEnd): RestartDecision {
  if (!isToRestart(policy, end)) return { restart: false };
  const before = end.ranMs >= LONG_RUN_MS ? 0 : end.inARow;
  const longestMs = policy.retryTimeoutS > 0 ? policy.retryTimeoutS * 1_000 : LONGEST_DELAY_MS;
  return { restart: true, delayMs: Math.min(FIRST_DELAY_MS * 2 ** before, longestMs), inARow: before + 1 };
}

/** A stop that was asked for holds until the next start, whatever the policy (CTR-14). */
function isToRestart({ type, maxRetries }: RestartPolicy, { exitCode, wasStopped, restartCount }: RunEnd): boolean {
  if (wasStopped || type === 'no') return false;
  if (type !== 'on-failure') return true;
  return exitCode !== 0 && (maxRetries === 0 || restartCount < maxRetries);
}
