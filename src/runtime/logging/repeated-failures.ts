import type { Clock } from '../clock.js';
import { errorRecord, FleetchartError } from '../errors.js';
import type { Fields, Logger } from './log.js';

const MINUTE_MS = 60_000;

export interface RepeatedFailuresOptions {
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** What is logged, a constant. */
  readonly message: string;
  /** @default warn */
  readonly level?: 'warn' | 'error';
}

interface Told {
  readonly at: number;
  unlogged: number;
}

/**
 * Logs failures of what tries again by itself. One with a code of ours is expected, its message says what to do, and it
 * comes back with every try: it is logged without stack, at first and then once a minute, with how many were left out.
 * Any other is logged whole.
 */
export class RepeatedFailures {
  /** By what failed and the code: both are few. */
  private readonly told = new Map<string, Told>();

  constructor(private readonly options: RepeatedFailuresOptions) {}

  /** @param name what failed, of a few names of our own */
  failed(name: string, fields: Fields, error: unknown): void {
    this.tell(name, fields, error);
  }

  /** The same; returns whether it was logged. */
  tell(name: string, fields: Fields, error: unknown): boolean {
    const { logger, clock, message, level = 'warn' } = this.options;
    const record = errorRecord(error);
    if (!(error instanceof FleetchartError)) {
      logger[level]({ ...fields, err: record }, message);
      return true;
    }
    const now = clock.monotonic();
    const pair = `${name} ${error.code}`;
    const told = this.told.get(pair);
    if (told && now - told.at < MINUTE_MS) {
      told.unlogged++;
      return false;
    }
    this.told.set(pair, { at: now, unlogged: 0 });
    const { stack: _stack, ...err } = record;
    const repeated = told && told.unlogged > 0 ? { repeated: told.unlogged } : {};
    logger[level]({ ...fields, err, ...repeated }, message);
    return true;
  }
}
