import type { EventObject } from 'xstate';
import type { Address } from './address.js';
import { stateText } from './cell/waits.js';
import type { Host } from './host.js';
import type { Child } from './supervision.js';
import { within } from './wait.js';

export interface ActorChildOptions {
  readonly input?: unknown;
  readonly restart?: Child['restart'];
  /** @default 5000 */
  readonly shutdownMs?: number;
  readonly stopEvent?: (deadlineMs: number) => EventObject;
  /** In which states the next child may start; waited for a few seconds. @default any */
  readonly startedIn?: (state: string) => boolean;
}

/** How long the start of a supervisor waits for one child. */
const START_MS = 5_000;

const ignore = (): void => {};

/** An actor as a supervisor's child. */
export function actorChild(host: Host, address: Address, options: ActorChildOptions): Child {
  const { supervised } = host.failures;
  return {
    name: address,
    kind: 'actor',
    restart: options.restart ?? 'permanent',
    ...(options.shutdownMs === undefined ? {} : { shutdownMs: options.shutdownMs }),
    start: async (report) => {
      supervised.set(address, report);
      const cell = host.cells.target(address);
      // A message or a timer may have woken it already.
      if (cell.status === 'parked' || cell.isLive) return;
      const isAgain = cell.failures.length > 0 || cell.status === 'stopped';
      if (isAgain) cell.history.restarts++;
      cell.status = 'sleeping';
      const { startedIn } = options;
      const started = startedIn && reaches(host, address, startedIn);
      cell.wake(isAgain ? 'restart' : 'boot', { input: options.input ?? {} });
      host.ready(cell);
      await started;
    },
    stop: async (deadlineMs) => {
      const { stopEvent } = options;
      const cell = host.cells.get(address);
      if (stopEvent && cell?.isLive && host.messages.tell(cell, stopEvent(deadlineMs))) {
        const ended = new Promise<void>((resolve) => supervised.set(address, () => resolve()));
        await within(host.clock, ended, deadlineMs);
      }
      supervised.delete(address);
      cell?.shutdown();
    },
  };
}

/** Resolves once a slice of the actor ends in a state that `isReached` accepts, or when the supervisor goes on. */
async function reaches(host: Host, address: Address, isReached: (state: string) => boolean): Promise<void> {
  let end = ignore;
  const reached = new Promise<void>((resolve) => {
    const committed = (_address: Address, _outputs: unknown, value: unknown): void => {
      if (isReached(stateText(value))) resolve();
    };
    end = host.taps.add(address, { committed, started: ignore, restored: ignore, event: ignore, hot: ignore });
  });
  await within(host.clock, reached, START_MS);
  end();
}
