import assert from 'node:assert/strict';

/** For what happens within this process, which a pause would miss. */
const EACH_TURN_MS = 50;
const PAUSE_MS = 2;

/**
 * Waits until a condition holds: looks at it after each turn of the loop, and later with pauses, so that other processes
 * get on with what is waited for.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 60_000,
): Promise<void> {
  const begin = performance.now();
  while (!(await condition())) {
    const waited = performance.now() - begin;
    assert.ok(waited < deadlineMs, `${what} did not happen within ${deadlineMs} ms`);
    await new Promise((resolve) => (waited < EACH_TURN_MS ? setImmediate(resolve) : setTimeout(resolve, PAUSE_MS)));
  }
}
