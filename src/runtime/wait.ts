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
