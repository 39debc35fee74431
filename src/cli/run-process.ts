import type { Assembly, AssemblyDeps } from '../assembly.js';
import { type RootLogger, runUntilSignal, startError, systemClock, systemIds } from '../runtime/index.js';
import { type ExitCode, exitCodes } from './exit-code.js';
import { renderError, type Terminal } from './output.js';
import { packageVersion } from './version.js';

export interface ProcessDeps extends AssemblyDeps {
  /** Ends the process in order. */
  readonly end: () => void;
}

export interface RunProcessOptions<T extends Runnable> {
  readonly create: (deps: ProcessDeps) => T | Promise<T>;
  readonly logger: RootLogger;
  /** Called once everything runs. */
  readonly ready?: (running: T) => void | Promise<void>;
  /** Called before it stops. */
  readonly stopping?: () => Promise<void>;
  /** Called once it has stopped in good order. */
  readonly stopped?: () => void;
  /** Called on SIGHUP; whether all of it could be taken. Without it, SIGHUP ends the process. */
  readonly reload?: ((running: T) => boolean | Promise<boolean>) | undefined;
  /** What it ends with if it cannot start. @default 1 */
  readonly failedStart?: ExitCode;
  /** End it in order, as SIGINT and SIGTERM do. */
  readonly stopSignals?: readonly NodeJS.Signals[];
  /** For a stop in good order, milliseconds. @default 15000 */
  readonly deadlineMs?: number;
  readonly terminal: Terminal;
}

type Runnable = Pick<Assembly, 'metrics' | 'start' | 'stop'>;

export const STOP_DEADLINE_MS = 15_000;

/**
 * Runs a hub or a vehicle until a signal or a failure ends the process; resolves with its exit code, or rejects if there
 * is nothing to run. Why it could not start, or gave up, is the last line on standard error, for a person, behind that of
 * the log. A person who watches gets only that one of a start.
 */
export async function runProcess<T extends Runnable>(options: RunProcessOptions<T>): Promise<number> {
  const { logger, ready, stopping, stopped, reload, terminal } = options;
  const { failedStart = exitCodes.failed, stopSignals = [], deadlineMs = STOP_DEADLINE_MS } = options;
  const clock = systemClock;
  let end = (): void => {};
  const running = await createdBy(options, () => end());
  let fatal: unknown;
  return runUntilSignal({
    start: async (lifecycle) => {
      end = () => lifecycle.stop();
      for (const signal of stopSignals) process.on(signal, end);
      try {
        await running.start((error) => {
          fatal = error;
          lifecycle.escalate(error);
        });
        await ready?.(running);
      } catch (error) {
        if (lifecycle.signal.aborted) return;
        fatal = error;
        if (!terminal.isInteractive) throw error;
        lifecycle.stop(failedStart);
      }
    },
    stop: async (leftMs) => {
      await stopping?.();
      await running.stop(leftMs);
      stopped?.();
    },
    ...(reload ? { reload: async () => reload(running) } : {}),
    exitCodeOf: () => failedStart,
    process: {
      on: (event, listener) => process.on(event, listener),
      off: (event, listener) => process.off(event, listener),
      exit: (code) => {
        if (fatal !== undefined) terminal.err(renderError(fatal, false).text);
        process.exit(code);
      },
    },
    logger,
    metrics: running.metrics,
    clock,
    deadlineMs,
  });
}

/** What keeps a process from being made is logged as what keeps it from starting is; the caller tells it to people. */
async function createdBy<T>(
  options: Pick<RunProcessOptions<T & Runnable>, 'create' | 'logger' | 'terminal'>,
  end: () => void,
) {
  const { create, logger, terminal } = options;
  try {
    return await create({ clock: systemClock, ids: systemIds, logger, version: packageVersion(), end });
  } catch (error) {
    if (!terminal.isInteractive) logger.fatal({ error: startError(error) }, 'the process could not start');
    await logger.flush();
    throw error;
  }
}
