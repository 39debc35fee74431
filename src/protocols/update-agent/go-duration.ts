/** Durations as Go writes them: `1h30m`, `700ms`. Here they are milliseconds, with fractions. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
/** 2^63 - 1 ns, Go's bound. */
const LONGEST_MS = 9_223_372_036_854.775;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds of a duration's text; undefined if it is none. */
export function parseGoDuration(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  let ms = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < rest.length) {
    const [, number = '', unit = ''] = PART.exec(rest) ?? [];
    if (unit === '') return undefined;
    ms += Number(number) * (UNITS_MS[unit] ?? 0);
  }
  return rest === '' || ms > LONGEST_MS ? undefined : sign * ms;
}

/** As Go prints a duration that is not negative: `10m0s`, `1.5s`, `700ms` (spec 5.6). */
export function formatGoDuration(ms: number): string {
  if (ms < 1_000) {
    const ns = Math.round(ms * 1e6);
    if (ns === 0) return '0s';
    if (ns < 1e3) return `${ns}ns`;
    if (ns < 1e6) return `${ns / 1e3}µs`;
    if (ns < 1e9) return `${ns / 1e6}ms`;
  }
  // Apart, as a double does not hold the nanoseconds of more than a hundred days.
  const whole = Math.floor(ms / 1_000);
  const rest = Math.round((ms - whole * 1_000) * 1e6);
  const seconds = rest < 1e9 ? whole : whole + 1;
  const fraction = String(rest % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const minutes = Math.floor(seconds / 60);
  const tail = `${seconds % 60}${fraction && `.${fraction}`}s`;
  if (minutes === 0) return tail;
  return minutes < 60 ? `${minutes}m${tail}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${tail}`;
}
