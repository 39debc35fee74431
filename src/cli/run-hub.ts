import { createHub, type Hub, type HubParts } from '../hub.js';
import { EXIT, type RootLogger, runUntilSignal, systemClock, systemIds } from '../runtime/index.js';
import { renderError, type Terminal } from './output.js';
import { packageVersion } from './version.js';

export interface RunHubOptions {
  readonly parts: HubParts;
  readonly logger: RootLogger;
  /** Called once everything runs. */
  readonly ready: (hub: Hub) => void | Promise<void>;
  /** Called before the hub stops. */
  readonly stopping?: () => Promise<void>;
  /** Called on SIGHUP, before certificates are read again; whether all of it could be taken. */
  readonly reload?: () => boolean;
  readonly terminal: Terminal;
}

const STOP_DEADLINE_MS = 15_000;

/**
 * Runs a hub until a signal or a failure ends the process; resolves with its exit code. Why it could not start, or gave
 * up, is the last line on standard error, for a person, behind that of the log. A person who watches gets only that one
 * of a start.
 */
export async function runHub(options: RunHubOptions): Promise<number> {
  const { parts, logger, ready, stopping, reload, terminal } = options;
  const clock = systemClock;
  const hub = await createHub(parts, { clock, ids: systemIds, logger, version: packageVersion() });
  let fatal: unknown;
  return runUntilSignal({
    start: async (lifecycle) => {
      try {
        await hub.start((error) => {
          fatal = error;
          lifecycle.escalate(error);
        });
        await ready(hub);
      } catch (error) {
        if (lifecycle.signal.aborted) return;
        fatal = error;
        if (!terminal.isInteractive) throw error;
        lifecycle.stop(EXIT.failed);
      }
    },
    stop: async (deadlineMs) => {
      await stopping?.();
      await hub.stop(deadlineMs);
    },
    reload: async () => {
      const isTaken = reload?.() ?? true;
      return (await hub.reload()) && isTaken;
    },
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
    metrics: hub.metrics,
    clock,
    deadlineMs: STOP_DEADLINE_MS,
  });
}
