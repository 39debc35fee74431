import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { ManualClock } from '../../src/runtime/clock.js';
import { seededIds } from '../../src/runtime/ids.js';
import { ActorSystem, type ActorSystemOptions } from '../../src/runtime/system.js';

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fleetchart-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** 2026-01-01, a date that the runtime believes. */
export const START = Date.UTC(2026, 0, 1);

export interface TestSystem {
  readonly system: ActorSystem;
  readonly clock: ManualClock;
  /** Ends the process as far as a test can: nothing is drained or persisted. */
  readonly reopen: (types?: readonly ActorType[], atMs?: number) => Promise<TestSystem>;
}

/** A started system of `types` under a manual clock, closed with the test. */
export async function testSystem(
  t: TestContext,
  types: readonly ActorType[],
  options: Partial<ActorSystemOptions> & { readonly atMs?: number } = {},
): Promise<TestSystem> {
  const directory = options.directory ?? temporaryFolder(t);
  const clock: ManualClock = new ManualClock(options.atMs ?? START, () => system.settled());
  const system = new ActorSystem({ ids: seededIds(1), ...options, directory, clock });
  for (const type of types) system.register(type);
  await system.start();
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await system.stop(0);
    isOpen = false;
  };
  t.after(close);
  return {
    system,
    clock,
    reopen: async (again = types, atMs = clock.now()) => {
      await close();
      return testSystem(t, again, { ...options, directory, atMs });
    },
  };
}
