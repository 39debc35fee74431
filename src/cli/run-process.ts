import type { Assembly, AssemblyDeps } from '../assembly.js';
import { EXIT, type RootLogger, runUntilSignal, systemClock, systemIds } from '../runtime/index.js';
import { packageVersion } from './version.js';

export interface RunProcessOptions {
  readonly create: (deps: AssemblyDeps) => Assembly | Promise<Assembly>;
  readonly logger: RootLogger;
  /** Called once everything runs. */
  readonly ready?: (assembly: Assembly) => void | Promise<void>;
  /** Called on SIGHUP. */
  readonly reload?: () => void;
  /** What ends it in order, besides SIGINT and SIGTERM. */
  readonly stopSignals?: readonly NodeJS.Signals[];
}

const STOP_DEADLINE_MS = 15_000;

/** Runs an assembly until a signal or a failure ends the process; resolves with its exit code. */
export async function runProcess({ create, logger, ready, reload }: RunProcessOptions): Promise<number> {
  const clock = systemClock;
  const assembly = await create({ clock, ids: systemIds, logger, version: packageVersion() });
  return runUntilSignal({
    start: async (lifecycle) => {
      await assembly.start((error) => lifecycle.escalate(error));
      await ready?.(assembly);
    },
    stop: (deadlineMs) => assembly.stop(deadlineMs),
    ...(reload ? { reload: async () => reload() } : {}),
    exitCodeOf: () => EXIT.failed,
    logger,
    metrics: assembly.metrics,
    clock,
    deadlineMs: STOP_DEADLINE_MS,
  });
}
