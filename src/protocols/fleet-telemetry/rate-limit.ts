/** How many messages a connection may send in which time. */
export interface RateLimitRule {
  /** Messages an interval; a whole number, at least 1. */
  readonly limit: number;
  /** Milliseconds; 0 admits everything, as the reference does (FT-RL-2). */
  readonly intervalMs: number;
  /** So long over the limit, a connection ends (FT-RL-6). @default none does */
  readonly closeAfterMs?: number;
}

/** Counts and logs, but refuses nothing, where no limit is configured (FT-RL-4). */
export const SHADOW_RATE_LIMIT: RateLimitRule = { limit: 100, intervalMs: 60_000 };

/** A sliding log of one connection; plain and mutable, changed by {@link admit} only. */
export interface RateLimit extends RateLimitRule {
  /** Times of the last admitted messages: a ring whose oldest entry stands at `oldest`, and which grows to its size. */
  readonly admittedAtMs: number[];
  oldest: number;
  count: number;
}

/** A limit is made anew for each connection. Throws on a limit below 1, which configuration refuses (FT-RL-3). */
export function createRateLimit({ limit, intervalMs }: RateLimitRule): RateLimit {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`rate limit must be a whole number >= 1: ${limit}`);
  return { limit, intervalMs, admittedAtMs: [], oldest: 0, count: 0 };
}

/**
 * Whether a message that came at `nowMs` is within the limit: fewer than `limit` were admitted, or the oldest of them
 * is at least `intervalMs` ago (section 4.5). A message over the limit leaves the log as it is.
 */
export function admit(state: RateLimit, nowMs: number): boolean {
  const { admittedAtMs, limit } = state;
  // A clock that was set back must not shut a vehicle out for longer than an interval.
  if (state.count > 0 && nowMs < (admittedAtMs[state.oldest] as number)) state.count = 0;
  if (state.count < limit) {
    admittedAtMs[(state.oldest + state.count) % limit] = nowMs;
    state.count += 1;
  } else if (nowMs - (admittedAtMs[state.oldest] as number) >= state.intervalMs) {
    admittedAtMs[state.oldest] = nowMs;
    state.oldest = (state.oldest + 1) % limit;
  } else return false;
  return true;
}

/** How long a connection has gone on being refused messages; plain and mutable, changed by {@link refused} only. */
export interface Excess {
  /** Of the first one refused, and of the last, epoch milliseconds. */
  sinceMs: number;
  lastMs: number;
}

export const noExcess = (): Excess => ({ sinceMs: Number.NEGATIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY });

/**
 * Notes a message that was refused at `nowMs`, and says how long that has gone on: an interval in which none was refused
 * ends it, as messages that are admitted in between do not (FT-RL-6).
 */
export function refused(excess: Excess, nowMs: number, intervalMs: number): number {
  const isNew = nowMs - excess.lastMs > intervalMs || nowMs < excess.lastMs;
  if (isNew) excess.sinceMs = nowMs;
  excess.lastMs = nowMs;
  return nowMs - excess.sinceMs;
}
