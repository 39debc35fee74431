import type { Check } from '../actors/diagnosis/index.js';

const LABELS: Readonly<Record<Check['status'], string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  problem: 'PROBLEM ',
  skipped: '-       ',
};

/** Checks for people: what was found, more of it, and what to do next. */
export function renderChecks(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ status, finding, details = [], next }) => [
    `${LABELS[status]} ${finding}`,
    ...details.map((line) => `           ${line}`),
    ...(next === undefined ? [] : [`         → ${next}`]),
  ]);
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const problems = count('problem');
  const warnings = count('warning');
  const verdict =
    problems + warnings === 0
      ? 'nothing is wrong'
      : `${numbered(problems, 'problem')}, ${numbered(warnings, 'warning')}`;
  return [...lines, '', verdict].join('\n');
}

const numbered = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
