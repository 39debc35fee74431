/**
 * The life of a process from its first signal handler to its exit code.
 *
 * Invariants
 * - END-1 The first SIGINT or SIGTERM starts the orderly stop, which ends with 0; the next one ends the process at once
 *   with 130 or 143.
 * - END-2 An error that nobody caught is logged and counted; it ends the process orderly with 1, unless somebody owns it
 *   or it is the store's report of a full disk, which the store recovers from by itself (RT-8, DUR-9).
 * - END-3 Escalation past the root supervisor ends the process orderly with 70 (SUP-8).
 * - END-4 An orderly stop that takes longer than its deadline is cut; that is a failure.
 */
import type { Address } from './address.js';
import type { Clock } from './clock.js';
import { claimStray } from './effect-owner.js';
import { FleetchartError, knownErrorRecord } from './errors.js';
import type { Logger } from './logging/log.js';
import type { Metrics } from './metrics.js';
import { within } from './wait.js';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  escalated: 70,
  interrupted: 130,
  terminated: 143,
} as const;

/** What a running process can ask for. */
export interface Lifecycle {
  /** Aborted when the process has been asked to stop. */
  readonly signal: AbortSignal;
  /** Stops orderly; the first one to ask decides the exit code. @default 0 */
  stop(exitCode?: number): void;
  /** The root supervisor has given up (SUP-8). */
  escalate(error: unknown): void;
}

/** The part of Node's `process` that is used here. */
export interface ProcessEvents {
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
  exit(code: number): void;
}

export interface RunOptions {
  /** A signal may arrive meanwhile: `lifecycle.signal` is aborted then, and `stop` follows once this has settled. */
  start(lifecycle: Lifecycle): Promise<void>;
  /** Also called after a `start` that failed. */
  stop(deadlineMs: number): Promise<void>;
  /** On SIGHUP; false if something was refused. Without it SIGHUP, which a closed terminal sends, stops the process. */
  readonly reload?: () => Promise<boolean>;
  /**
   * Hands an error that nobody caught to whose it is; returns who that is, if anybody (RT-8).
   * @default the actor whose effect it came from
   */
  readonly claim?: (error: unknown) => Address | undefined;
  /** Which exit code a `start` that failed ends with. @default 1 */
  readonly exitCodeOf?: (error: unknown) => number;
  readonly logger: Logger & { flush?(): Promise<void> };
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** For the orderly stop, in milliseconds. */
  readonly deadlineMs: number;
  /** @default Node's */
  readonly process?: ProcessEvents;
}

/** What an orderly stop may take past the deadline that it was given, before it is cut. */
const GRACE_MS = 1_000;
/** For the last lines of the log, where nobody reads them. */
const FLUSH_MS = 1_000;
/**
 * A signal this soon after the same one is the same key press: a terminal sends it to the whole process group, and
 * `npm start` passes its own on.
 */
const SAME_PRESS_MS = 150;

const STOP_SIGNALS: Readonly<Record<string, number>> = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
};

/** Runs until a signal, an error or the process itself ends it; calls `exit`, and resolves with its code. */
export function runUntilSignal(options: RunOptions): Promise<number> {
  return new Run(options).run();
}

/** Whether LMDB says that it could not write: the error itself, or the one it carries (DUR-9). */
export function isStoreCommitError(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof message === 'string' && message.startsWith('Commit failed')) return true;
  return code === 5 || code === 'EIO' || code === 'ENOSPC';
}

/** As it is logged: an error of ours, or of the system, says what is wrong, and nobody has to look where it came from. */
export const startError = (error: unknown): unknown =>
  error instanceof FleetchartError || (error instanceof Error && 'syscall' in error) ? knownErrorRecord(error) : error;

class Run implements Lifecycle {
  private readonly abort = new AbortController();
  private readonly process: ProcessEvents;
  private readonly errors;
  private readonly listeners = new Map<string, (...values: unknown[]) => void>();
  private started: Promise<void> = Promise.resolve();
  private exitCode: number | undefined;
  private firstSignal: { name: string; at: number } | undefined;
  private reloading: Promise<void> | undefined;
  private reloadAgain = false;
  private resolve: (code: number) => void = () => {};
  private isOver = false;

  constructor(private readonly options: RunOptions) {
    this.process = options.process ?? (process as ProcessEvents);
    this.errors = options.metrics.counter({
      name: 'process_uncaught_errors_total',
      help: 'Errors that nobody caught, by what became of them.',
      labels: ['outcome'],
    });
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.resolve = resolve;
    });
    for (const name of Object.keys(STOP_SIGNALS)) this.listen(name, () => this.onStopSignal(name));
    this.listen('SIGHUP', () => (this.options.reload ? this.onReload() : this.stop()));
    this.listen('uncaughtException', (error) => this.onUncaught(error));
    this.listen('unhandledRejection', (error) => this.onUncaught(error));
    this.started = Promise.resolve().then(() => this.start());
    return ended;
  }

  stop(exitCode: number = EXIT.done): void {
    if (this.exitCode !== undefined) return;
    this.exitCode = exitCode;
    this.abort.abort();
    void this.stopOrderly();
  }

  escalate(error: unknown): void {
    this.options.logger.fatal({ error }, 'the root supervisor gave up');
    // Nothing that was asked for before is as bad as this.
    if (this.exitCode === EXIT.done) this.exitCode = EXIT.escalated;
    this.stop(EXIT.escalated);
  }

  private async start(): Promise<void> {
    try {
      await this.options.start(this);
    } catch (error) {
      if (this.signal.aborted) return;
      this.options.logger.fatal({ error: startError(error) }, 'the process could not start');
      this.stop(this.options.exitCodeOf?.(error) ?? EXIT.failed);
    }
  }

  private async stopOrderly(): Promise<void> {
    const { clock, deadlineMs, logger } = this.options;
    const cut = clock.setTimeout(() => {
      logger.error({ deadlineMs }, 'the orderly stop took too long and was cut');
      this.end(EXIT.failed);
    }, deadlineMs + GRACE_MS);
    try {
      await this.started;
      await this.options.stop(deadlineMs);
    } catch (error) {
      logger.error({ error }, 'the orderly stop failed');
      if (this.exitCode === EXIT.done) this.exitCode = EXIT.failed;
    }
    clock.clearTimeout(cut);
    this.end(this.exitCode ?? EXIT.done);
  }

  private onStopSignal(name: string): void {
    const { clock, logger } = this.options;
    const now = clock.monotonic();
    if (this.firstSignal?.name === name && now - this.firstSignal.at < SAME_PRESS_MS) return;
    if (this.firstSignal) {
      logger.warn({ signal: name }, 'stopped at once, as asked by a second signal');
      this.end(STOP_SIGNALS[name] ?? EXIT.failed);
      return;
    }
    this.firstSignal = { name, at: now };
    logger.info({ signal: name }, 'stopping');
    this.stop();
  }

  /** One reload at a time; any number of signals during one ask for one more. */
  private onReload(): void {
    if (this.reloading) {
      this.reloadAgain = true;
      return;
    }
    this.reloading = this.reload().finally(() => {
      this.reloading = undefined;
      if (!this.reloadAgain) return;
      this.reloadAgain = false;
      this.onReload();
    });
  }

  private async reload(): Promise<void> {
    const { logger, reload } = this.options;
    await this.started;
    if (this.signal.aborted) return;
    try {
      if (await reload?.()) logger.info({}, 'reloaded');
      else logger.error({}, 'not all was reloaded: what was refused stays as it was');
    } catch (error) {
      logger.error({ error }, 'reload failed, going on as before');
    }
  }

  private onUncaught(error: unknown): void {
    const { logger } = this.options;
    if (isStoreCommitError(error)) {
      this.errors.inc({ outcome: 'absorbed' });
      logger.debug({ error }, 'the store could not write');
      return;
    }
    const actor = this.claim(error);
    if (actor !== undefined) {
      this.errors.inc({ outcome: 'claimed' });
      logger.error({ actor, error }, 'an actor left an error uncaught');
      return;
    }
    this.errors.inc({ outcome: 'fatal' });
    logger.fatal({ error }, 'an error was not caught');
    if (this.exitCode === EXIT.done) this.exitCode = EXIT.failed;
    this.stop(EXIT.failed);
  }

  private claim(error: unknown): Address | undefined {
    const { claim = claimStray, logger } = this.options;
    try {
      return claim(error);
    } catch (failure) {
      logger.error({ error: failure }, 'the owner of an uncaught error could not be told');
      return undefined;
    }
  }

  private listen(event: string, listener: (...values: unknown[]) => void): void {
    this.listeners.set(event, listener);
    this.process.on(event, listener);
  }

  private end(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    const { clock, logger } = this.options;
    logger.info({ exitCode: code }, 'ended');
    const exit = (): void => {
      for (const [event, listener] of this.listeners) this.process.off(event, listener);
      this.process.exit(code);
      this.resolve(code);
    };
    const flushed = logger.flush?.();
    if (flushed) void within(clock, flushed, FLUSH_MS).then(exit, exit);
    else exit();
  }
}
