/** What an answer means for the records of a request. */
export type Verdict =
  /** The receiver has them all. */
  | 'taken'
  /** It will never take them as they are; which of them is at fault has to be found out. */
  | 'refused'
  /** It says nothing of the records: they wait. */
  | 'later';

/** 4xx after which the same request may succeed. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** `holdStatuses`: 4xx that are the destination's own trouble. Redirects are not followed: they are for an operator. */
export function verdictOf(status: number, holdStatuses: readonly number[]): Verdict {
  if (status >= 200 && status < 300) return 'taken';
  if (status < 400 || status >= 500 || PASSING.has(status) || holdStatuses.includes(status)) return 'later';
  return 'refused';
}

/** An hour: longer ones are mistakes more often than wishes. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** Milliseconds from `now` that a `Retry-After` asks for: seconds or an HTTP date (RFC 9110, 10.2.3); 0 if neither. */
export function retryAfterMs(value: string | undefined, now: number): number {
  const text = value?.trim() ?? '';
  const wish = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wish) ? 0 : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, wish));
}

/** The beginning of an answer's body on one line, for people. */
export function excerptOf(body: Buffer): string {
  const text = body.toString('utf8').replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ');
  return text.trim().slice(0, 200);
}
