/** Values of configurations, which are always text (§A.3). What does not fit counts as nothing, and is told. */

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];
const INTEGER = /^[+-]?\d{1,18}$/;
/** Of seconds that are counted in 64 bits of nanoseconds elsewhere; files and retries need less. */
const GREATEST = 9_223_372_036;

export function parseFlag(text: string): boolean | undefined {
  if (TRUE.includes(text)) return true;
  return FALSE.includes(text) ? false : undefined;
}

export function parseInteger(text: string): number | undefined {
  const value = INTEGER.test(text) ? Number(text) : Number.NaN;
  return Math.abs(value) <= GREATEST ? value : undefined;
}
