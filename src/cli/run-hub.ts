import { createHub, type Hub, type HubParts } from '../hub.js';
import { type RunProcessOptions, runProcess } from './run-process.js';

export interface RunHubOptions
  extends Pick<RunProcessOptions<Hub>, 'logger' | 'ready' | 'stopping' | 'stopped' | 'failedStart' | 'terminal'> {
  readonly parts: HubParts;
  /** Called on SIGHUP, before certificates are read again; whether all of it could be taken. */
  readonly reload?: () => boolean;
}

/** Runs a hub until a signal or a failure ends the process; resolves with its exit code. */
export function runHub({ parts, reload, ...options }: RunHubOptions): Promise<number> {
  return runProcess({
    ...options,
    create: (deps) => createHub(parts, deps),
    reload: async (hub) => {
      const isTaken = reload?.() ?? true;
      return (await hub.reload()) && isTaken;
    },
  });
}
