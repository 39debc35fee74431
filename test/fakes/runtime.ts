import { closeSync, copyFileSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { ManualClock } from '../../src/runtime/clock.js';
import { seededIds } from '../../src/runtime/ids.js';
import { ActorSystem, type ActorSystemOptions } from '../../src/runtime/system.js';

/** A folder that goes with the test. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fleetchart-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** 2026-01-01, a date that the runtime believes. */
export const START = Date.UTC(2026, 0, 1);

export interface TestSystem {
  readonly system: ActorSystem;
  readonly clock: ManualClock;
  readonly directory: string;
  /** Stops orderly and opens the store again. */
  readonly reopen: (types?: Types, atMs?: number) => Promise<TestSystem>;
  /**
   * Opens the store as a crash at this very moment would leave it: nothing is drained, persisted or flushed before.
   * What the old system does from now on no longer counts.
   */
  readonly crash: (types?: Types, atMs?: number) => Promise<TestSystem>;
}

/** The types of a system, or how they are made for it. */
type Types = readonly ActorType[] | ((system: ActorSystem) => readonly ActorType[]);

export type TestSystemOptions = Partial<Omit<ActorSystemOptions, 'clock'>> & { readonly atMs?: number };

/** A started system of `types` under a manual clock, closed with the test. */
export async function testSystem(
  t: TestContext,
  types: Types,
  { atMs, ...options }: TestSystemOptions = {},
): Promise<TestSystem> {
  const directory = options.directory ?? temporaryFolder(t);
  const clock: ManualClock = new ManualClock(atMs ?? START, () => system.settled());
  const system = new ActorSystem({ ids: seededIds(1), ...options, directory, clock });
  for (const type of typeof types === 'function' ? types(system) : types) system.register(type);
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
    directory,
    reopen: async (again = types, at = clock.now()) => {
      await close();
      return testSystem(t, again, { ...options, directory, atMs: at });
    },
    crash: async (again = types, at = clock.now()) => {
      const copy = copyOfStore(t, directory);
      await close();
      return testSystem(t, again, { ...options, directory: copy, atMs: at });
    },
  };
}

/**
 * A copy of a store in use. As the loop does not turn meanwhile, at most the one transaction in flight commits, which
 * leaves alone what the one before can reach; what says which is the newest stands in the first pages, read first.
 */
function copyOfStore(t: TestContext, directory: string): string {
  const copy = temporaryFolder(t);
  for (const name of readdirSync(directory)) {
    if (name.endsWith('-lock')) continue;
    const source = openSync(join(directory, name), 'r');
    const beginning = Buffer.alloc(META_BYTES);
    const length = readSync(source, beginning, 0, META_BYTES, 0);
    copyFileSync(join(directory, name), join(copy, name));
    const target = openSync(join(copy, name), 'r+');
    writeSync(target, beginning, 0, length, 0);
    closeSync(source);
    closeSync(target);
  }
  return copy;
}

/** LMDB's two meta pages. */
const META_BYTES = 2 * 4096;

/** Lets promises and immediates of the current moment run, `turns` times. */
export async function turnsOfLoop(turns = 1): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export { until as eventually } from './until.js';
