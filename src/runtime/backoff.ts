/** How the waits between attempts grow. */
export interface Backoff {
  /** Whether the first retry is made at once. @default true */
  readonly immediate?: boolean;
  /** The first wait that is not 0, in milliseconds. @default 200 */
  readonly firstMs?: number;
  /** What each wait is multiplied with to get the next. @default 2 */
  readonly factor?: number;
  /** Longest wait before jitter, in milliseconds. @default 30 000 */
  readonly capMs?: number;
  /** Share by which a wait may be shorter or longer, in [0, 1]; applied past the cap too, where it matters most. @default 0.2 */
  readonly jitter?: number;
}

/** The waits of a restarted actor (SUP-5): none, then 200 ms, 400 ms, … up to 30 s, each ± 20 %. */
export const RESTART_BACKOFF = { immediate: true, firstMs: 200, factor: 2, capMs: 30_000, jitter: 0.2 } as const;

/**
 * How long to wait before a retry, in whole milliseconds (SUP-5). Pure: the caller draws the jitter.
 *
 * @param attempt how many retries were made already: 0 for the first one
 * @param u uniform in [0, 1)
 */
export function delayMs(attempt: number, backoff: Backoff, u: number): number {
  const { immediate, firstMs, factor, capMs, jitter } = { ...RESTART_BACKOFF, ...backoff };
  const step = immediate ? attempt - 1 : attempt;
  if (step < 0) return 0;
  const base = Math.min(firstMs * factor ** step, capMs);
  return Math.round(base * (1 + jitter * (2 * u - 1)));
}
