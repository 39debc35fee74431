import { type Clock, pause } from '../../../runtime/index.js';
import { EngineError } from '../errors.js';
import { hasWrapper } from './launch.js';
import { signalAll } from './processes.js';
import { isRunning, type RunState, runStateOf } from './run-state.js';

const POLL_MS = 50;
const ADOPTED_WITHIN_S = 10;
/** Even a killed process may have to wait for a disk. */
export const KILLED_WITHIN_S = 10;

/** Waits for what processes that are not ours do, by looking at them. */
export class RunWaits {
  constructor(private readonly clock: Clock) {}

  /** False if it did not come so far within the time. */
  async until(
    folder: string,
    condition: (state: RunState) => boolean,
    timeoutS: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const end = this.clock.monotonic() + timeoutS * 1_000;
    while (!condition(await runStateOf(folder))) {
      if (this.clock.monotonic() >= end) return false;
      await pause(this.clock, POLL_MS, signal);
    }
    return true;
  }

  ended(folder: string, timeoutS: number, signal: AbortSignal): Promise<boolean> {
    return this.until(folder, (state) => !isRunning(state), timeoutS, signal);
  }

  /** Kills what runs, and waits for its end. */
  async killed(folder: string, signal: AbortSignal): Promise<void> {
    const state = await runStateOf(folder);
    if (isRunning(state)) await signalAll(state.main, 'SIGKILL');
    if (await this.ended(folder, KILLED_WITHIN_S, signal)) return;
    throw new EngineError('ENGINE_TIMEOUT', 'the container does not end, though it was killed', { retryable: true });
  }

  /** A wrapper that an agent started last of all writes itself down a moment later, without that agent, too. */
  async adopted(folder: string, signal: AbortSignal): Promise<void> {
    const end = this.clock.monotonic() + ADOPTED_WITHIN_S * 1_000;
    while ((await runStateOf(folder)).status === 'created' && this.clock.monotonic() < end) {
      if (!(await hasWrapper(folder))) return;
      await pause(this.clock, POLL_MS, signal);
    }
  }
}
