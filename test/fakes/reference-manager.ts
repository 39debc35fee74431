import { existsSync } from 'node:fs';

const VARIABLE = 'FLEETCHART_KANTO_UPDATE_MANAGER';

/** The program of the reference update manager. */
export const referenceManager = (): string => process.env[VARIABLE] ?? '';

/** Why nothing can be tested with the reference update manager; false if it can. For the `skip` option of a test. */
export function withoutReferenceManager(): string | false {
  const program = referenceManager();
  const what = 'NOT TESTED with the reference update manager';
  if (program === '') return `${what}: ${VARIABLE} does not name its program`;
  return !existsSync(program) && `${what}: there is no ${program}`;
}
