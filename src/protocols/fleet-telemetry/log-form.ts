import { goJson } from './go-json.js';
import { goQuoted, goText } from './go-text.js';

/** A line of the log before it has a form: `time` in RFC 3339, `level`, `msg`, and its fields. */
export type LogRecord = Readonly<Record<string, unknown>>;

export type LogForm = 'json' | 'text';

const FIRST = ['time', 'level', 'msg'];
/** What stands without quotes in the reference's text form; an empty text does, too. */
const PLAIN = /^[\w\-./@^+]*$/;
const UNSAFE_NAME = /[^\w\-./@]/g;

/**
 * One line of the log in the form of the reference (spec 8.3), without its end: JSON with its keys in alphabetical
 * order, or text as `key=value` with time, level and message first.
 */
export function logText(record: LogRecord, form: LogForm): string {
  const line = asReference(record);
  if (form === 'json') return goJson(line);
  const names = Object.keys(line).sort();
  const time = String(line['time']).replace(/\.\d+(?=Z)/, '');
  const ordered = [...FIRST, ...names.filter((name) => !FIRST.includes(name))];
  return ordered
    .map((name) => `${name.replace(UNSAFE_NAME, '_')}=${textOf(name === 'time' ? time : line[name])}`)
    .join(' ');
}

/**
 * The fields as the reference has them: an info line is one of activity, an error line says which error, or `null`.
 * What else is known of an error stands beside it.
 */
function asReference({ err, ...record }: LogRecord): Record<string, unknown> {
  const { level } = record;
  const line: Record<string, unknown> = { ...record, time: cutTime(String(record['time'])) };
  if (level === 'warn') line['level'] = 'warning';
  if (level === 'info') line['activity'] = true;
  const error = isObject(err) ? err : isObject(line['error']) ? line['error'] : undefined;
  if (error) {
    const { code, stack } = error;
    line['error'] = error['message'] ?? error['name'] ?? null;
    if (code !== undefined) line['code'] ??= code;
    if (stack !== undefined) line['stack'] ??= stack;
  } else if (level === 'error' || level === 'fatal') line['error'] ??= null;
  return line;
}

/** As Go writes it: without the zeros at the end of the fraction. */
const cutTime = (time: string): string =>
  time.replace(/\.(\d+)Z$/, (_, digits: string) => {
    const kept = digits.replace(/0+$/, '');
    return kept === '' ? 'Z' : `.${kept}Z`;
  });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function textOf(value: unknown): string {
  const text = goText(value);
  return PLAIN.test(text) ? text : goQuoted(text);
}
