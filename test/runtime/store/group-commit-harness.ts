import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ManualClock } from '../../../src/runtime/clock.js';
import { GroupCommit, type GroupCommitOptions } from '../../../src/runtime/store/group-commit.js';

/** A day on which the wall clock is trusted. */
export const START = Date.UTC(2026, 5, 1);

export function temporaryDirectory(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'fleetchart-store-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A store in a folder of its own, closed with the test. */
export function openStore(
  test: TestContext,
  options: Partial<GroupCommitOptions> = {},
): { commit: GroupCommit; clock: ManualClock } {
  const clock = new ManualClock(START);
  const commit = new GroupCommit({ directory: temporaryDirectory(test), clock, ...options });
  test.after(() => commit.close());
  return { commit, clock };
}

/** Lets the loop turn until `condition` holds. */
export async function until(condition: () => boolean, deadlineMs = 5_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${condition}`);
    await turn();
  }
}

/** Takes the test runner's place for errors that nobody caught, until the test ends. */
export function catchUncaught(test: TestContext): unknown[] {
  const before = process.listeners('uncaughtException');
  const errors: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => errors.push(error));
  test.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
  return errors;
}
