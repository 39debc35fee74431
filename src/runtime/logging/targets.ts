import { pino } from 'pino';
import type { Fields, LogLevel } from './log.js';

/** What a formatted line is written to; `process.stderr` and pino's destinations are such. */
export interface LineWriter {
  write(line: string): unknown;
}

/** A line in some form, without its end; it has `time`, `level`, `msg` and its fields. */
export type LineForm = (record: Readonly<Record<string, unknown>>) => string;

/** What a logger's lines are written with. */
export interface LineTarget {
  write(level: Exclude<LogLevel, 'silent'>, fields: Fields, message: string): void;
  child(fields: Fields): LineTarget;
}

export interface LineOptions {
  readonly out: LineWriter;
  /** Fields on each line. */
  readonly base: Fields;
  /** RFC 3339. */
  readonly time: () => string;
  readonly levelNames: Readonly<Partial<Record<LogLevel, string>>>;
}

/** Members that pino writes of an object that it has to look at itself, as it has those with a bigint in them. */
const MOST_MEMBERS = 10_000;

/** One JSON object a line. */
export function jsonLines({ out, base, time, levelNames }: LineOptions): LineTarget {
  const options: pino.LoggerOptions = {
    level: 'trace',
    edgeLimit: MOST_MEMBERS,
    base,
    timestamp: () => `,"time":"${time()}"`,
    formatters: { level: (label) => ({ level: levelNames[label as LogLevel] ?? label }) },
  };
  // The library writes all at once with a fatal line where it sees that it can, past what is being written.
  return withPino(pino(options, { write: (line) => out.write(line) }));
}

const withPino = (logger: pino.Logger): LineTarget => ({
  write: (level, fields, message) => logger[level](fields, message),
  child: (fields) => withPino(logger.child(fields)),
});

/** Lines in a form of their own. */
export function formLines(form: LineForm, options: LineOptions): LineTarget {
  const { out, base, time, levelNames } = options;
  return {
    write: (level, fields, message) => {
      out.write(`${form({ level: levelNames[level] ?? level, time: time(), ...base, ...fields, msg: message })}\n`);
    },
    child: (fields) => formLines(form, { ...options, base: { ...base, ...fields } }),
  };
}
