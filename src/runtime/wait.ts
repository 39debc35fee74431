import type { Clock } from './clock.js';

/** Waits for `work`, but not longer than `deadlineMs`; false if it was not over by then. Rejects as `work` does. */
export function within(clock: Clock, work: PromiseLike<unknown>, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve(false), deadlineMs);
    const settled =
      <T>(settle: (value: T) => void) =>
      (value: T): void => {
        clock.clearTimeout(timer);
        settle(value);
      };
    work.then(
      settled(() => resolve(true)),
      settled(reject),
    );
  });
}

/** Waits by the clock, for 0 or less not at all; rejects with the signal's reason. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    if (delayMs <= 0) {
      resolve();
      return;
    }
    const aborted = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', aborted);
      resolve();
    }, delayMs);
    signal.addEventListener('abort', aborted, { once: true });
  });
}
