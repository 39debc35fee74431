import assert from 'node:assert/strict';

/** Waits until a condition holds, looking at it after each turn of the loop. */
export async function until(condition: () => boolean, what: string, deadlineMs = 60_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    assert.ok(performance.now() < end, `${what} did not happen within ${deadlineMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
