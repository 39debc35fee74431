/** One thing that was looked at, and what came of it. */
export interface Check {
  /** Stable, for programs: `server.name`, say. */
  readonly id: string;
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped';
  /** What was found, in one sentence without a full stop. */
  readonly finding: string;
  /** More of it, a line each. */
  readonly details?: readonly string[];
  /** What to do next. */
  readonly next?: string;
}

type More = Pick<Check, 'details' | 'next'>;

export const ok = (id: string, finding: string, details?: readonly string[]): Check => ({
  ...{ id, status: 'ok', finding },
  ...(details === undefined ? {} : { details }),
});
export const warning = (id: string, finding: string, more: More = {}): Check => ({
  ...{ id, status: 'warning', finding },
  ...more,
});
export const problem = (id: string, finding: string, more: More = {}): Check => ({
  ...{ id, status: 'problem', finding },
  ...more,
});
export const skipped = (id: string, finding: string, more: More = {}): Check => ({
  ...{ id, status: 'skipped', finding },
  ...more,
});

/** Whether anything has to be mended. */
export const hasProblem = (checks: readonly Check[]): boolean => checks.some(({ status }) => status === 'problem');
