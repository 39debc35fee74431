import type { Assembly, AssemblyDeps } from '../assembly.js';
import { EXIT, type RootLogger, runUntilSignal, systemClock, systemIds } from '../runtime/index.js';
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
  /** End it in order, as SIGINT and SIGTERM do. */
  readonly stopSignals?: readonly NodeJS.Signals[];
  /** For a stop in good order, milliseconds. @default 15000 */
  readonly deadlineMs?: number;
  readonly terminal: Terminal;
}

type Runnable = Pick<Assembly, 'metrics' | 'start' | 'stop'>;

export const STOP_DEADLINE_MS = 15_000;

/**
 * Runs a hub or a vehicle until a signal or a failure ends the process; resolves with its exit code. Why it could not
 * start, or gave up, is the last line on standard error, for a person, behind that of the log. A person who watches
 * gets only that one of a start.
 */
export async function runProcess<T extends Runnable>(options: RunProcessOptions<T>): Promise<number> {
  const {
    create,
    logger,
    ready,
    stopping,
    stopped,
    reload,
    terminal,
    stopSignals = [],
    deadlineMs = STOP_DEADLINE_MS,
  } = options;
  const clock = systemClock;
  let end = (): void => {};
  const running = await create({
    clock,
    ids: systemIds,
    logger,
    version: packageVersion(),
    end: () => end(),
  });
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
        lifecycle.stop(EXIT.failed);
      }
    },
    stop: async (leftMs) => {
      await stopping?.();
      await running.stop(leftMs);
      stopped?.();
    },
    ...(reload ? { reload: async () => reload(running) } : {}),
    exitCodeOf: () => EXIT.failed,
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
