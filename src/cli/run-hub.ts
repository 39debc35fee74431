import { createHub, type Hub, type HubParts } from '../hub.js';
import { EXIT, type RootLogger, runUntilSignal, systemClock, systemIds } from '../runtime/index.js';
import { packageVersion } from './version.js';

export interface RunHubOptions {
  readonly parts: HubParts;
  readonly logger: RootLogger;
  /** Called once everything runs. */
  readonly ready: (hub: Hub) => void | Promise<void>;
  /** Called before the hub stops. */
  readonly stopping?: () => Promise<void>;
  /** Called on SIGHUP, before certificates are read again. */
  readonly reload?: () => void;
}

const STOP_DEADLINE_MS = 15_000;

/** Runs a hub until a signal or a failure ends the process; resolves with its exit code. */
export async function runHub({ parts, logger, ready, stopping, reload }: RunHubOptions): Promise<number> {
  const clock = systemClock;
  const hub = await createHub(parts, { clock, ids: systemIds, logger, version: packageVersion() });
  return runUntilSignal({
    start: async (lifecycle) => {
      await hub.start((error) => lifecycle.escalate(error));
      await ready(hub);
    },
    stop: async (deadlineMs) => {
      await stopping?.();
      await hub.stop(deadlineMs);
    },
    reload: async () => {
      reload?.();
      await hub.reload();
    },
    exitCodeOf: () => EXIT.failed,
    logger,
    metrics: hub.metrics,
    clock,
    deadlineMs: STOP_DEADLINE_MS,
  });
}
