import { pino } from 'pino';
import { type Clock, systemClock } from '../clock.js';
import { redacted } from '../redaction.js';
import { logfmt } from './logfmt.js';
import { formLines, jsonLines, type LineForm, type LineTarget, type LineWriter } from './targets.js';

/** `error`: a person must act; `warn`: degraded but handled; `info`: life-cycle; `debug`: per message. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

type WrittenLevel = Exclude<LogLevel, 'silent'>;

export type Fields = Readonly<Record<string, unknown>>;

/**
 * What everything in Fleetchart logs to. The message is a constant string that a person can search for; what varies
 * are fields. Secrets among them are redacted by name, whatever their depth.
 */
export interface Logger {
  trace(fields: Fields, message: string): void;
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  fatal(fields: Fields, message: string): void;
  /**
   * Data that somebody has asked to have in the log, as they are: nothing is redacted. Plain objects, lists, texts,
   * numbers, bigints and booleans.
   */
  verbatim(level: WrittenLevel, fields: Fields, message: string): void;
  /** Whether a line of this level would be written; asked before fields that cost something are built. */
  isEnabled(level: LogLevel): boolean;
  /** A logger that adds `fields` to each line: `{ actor: address }`. It costs nothing until it writes. */
  child(fields: Fields): Logger;
}

/** The logger of a process, from which the others descend. */
export interface RootLogger extends Logger {
  /** The lowest level written; a change holds for all descendants at once. */
  level: LogLevel;
  /** Resolves once what was logged has been written; the last thing before the process ends. */
  flush(): Promise<void>;
}

export interface LogOptions {
  /** @default info */
  readonly level?: LogLevel;
  /** Ours, or how a peer writes a line. @default json */
  readonly format?: 'json' | 'logfmt' | LineForm;
  /** Fields on each line. */
  readonly base?: Fields;
  /** Other names for levels, where a peer's lines have them: `{ warn: 'warning' }`. */
  readonly levelNames?: Readonly<Partial<Record<LogLevel, string>>>;
  /** @default standard error, written without blocking the process, at most 16 MiB behind */
  readonly destination?: LineWriter;
  /** @default the system's */
  readonly clock?: Pick<Clock, 'now'>;
}

const RANK: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
};

/** Names that each line has already. */
const TAKEN = new Set(['level', 'time', 'msg']);

const LONGEST_BACKLOG_BYTES = 16 * 1024 * 1024;

export function createLogger(options: LogOptions = {}): RootLogger {
  const { clock = systemClock, format = 'json', levelNames = {} } = options;
  const standardError = options.destination
    ? undefined
    : pino.destination({ fd: 2, sync: false, minLength: 1, maxLength: LONGEST_BACKLOG_BYTES });
  // A log that cannot be written (a full disk, a closed pipe) must not end the process.
  standardError?.on('error', () => {});
  const out = options.destination ?? (standardError as LineWriter);
  const base = fieldsOf(options.base ?? {});
  const lines = { out, base, time: () => new Date(clock.now()).toISOString(), levelNames };
  const target = format === 'json' ? jsonLines(lines) : formLines(format === 'logfmt' ? logfmt : format, lines);
  const threshold: Threshold = { level: options.level ?? 'info' };
  return new Root(
    () => target,
    threshold,
    // Not at once, past what is being written; and without a `minLength` the library waits for nothing.
    () => new Promise((resolve) => (standardError ? standardError.flush(() => resolve()) : resolve())),
  );
}

/** A logger that writes nothing, for tests. */
export function silentLogger(): Logger {
  return createLogger({ level: 'silent', destination: { write: () => {} } });
}

/** Shared by a root and all its descendants: pino's own levels are copied to a child when it is made. */
interface Threshold {
  level: LogLevel;
}

class Line implements Logger {
  private made: LineTarget | undefined;

  constructor(
    private readonly make: () => LineTarget,
    protected readonly threshold: Threshold,
  ) {}

  trace(fields: Fields, message: string): void {
    this.write('trace', fields, message);
  }

  debug(fields: Fields, message: string): void {
    this.write('debug', fields, message);
  }

  info(fields: Fields, message: string): void {
    this.write('info', fields, message);
  }

  warn(fields: Fields, message: string): void {
    this.write('warn', fields, message);
  }

  error(fields: Fields, message: string): void {
    this.write('error', fields, message);
  }

  fatal(fields: Fields, message: string): void {
    this.write('fatal', fields, message);
  }

  verbatim(level: WrittenLevel, fields: Fields, message: string): void {
    if (this.isEnabled(level)) this.target().write(level, fields, message);
  }

  isEnabled(level: LogLevel): boolean {
    return level !== 'silent' && RANK[level] >= RANK[this.threshold.level];
  }

  child(fields: Fields): Logger {
    return new Line(() => this.target().child(fieldsOf(fields)), this.threshold);
  }

  private write(level: WrittenLevel, fields: Fields, message: string): void {
    if (this.isEnabled(level)) this.target().write(level, fieldsOf(fields), message);
  }

  private target(): LineTarget {
    this.made ??= this.make();
    return this.made;
  }
}

class Root extends Line implements RootLogger {
  constructor(
    make: () => LineTarget,
    threshold: Threshold,
    readonly flush: () => Promise<void>,
  ) {
    super(make, threshold);
  }

  get level(): LogLevel {
    return this.threshold.level;
  }

  set level(level: LogLevel) {
    this.threshold.level = level;
  }
}

function fieldsOf(fields: Fields): Record<string, unknown> {
  const given: Record<string, unknown> = {
    ...(redacted(fields instanceof Error ? { error: fields } : fields) as Fields),
  };
  for (const name of TAKEN) {
    if (!(name in given)) continue;
    given[`fields.${name}`] = given[name];
    delete given[name];
  }
  return given;
}
