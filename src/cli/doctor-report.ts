import type { Check } from '../actors/diagnosis/index.js';

const LABELS: Readonly<Record<Check['status'], string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  problem: 'PROBLEM ',
  skipped: '-       ',
};

/** What a terminal may obey, or breaks a line. */
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Escaped, as a server says much of what stands in a check, such as the names of its certificates. */
const plain = (text: string): string =>
  text.replace(CONTROL, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

/** Checks for people: what was found, more of it, and what to do next. */
export function renderChecks(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ status, finding, details = [], next }) => [
    `${LABELS[status]} ${plain(finding)}`,
    ...details.map((line) => `           ${plain(line)}`),
    ...(next === undefined ? [] : [`         → ${plain(next)}`]),
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
