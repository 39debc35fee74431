import type { TestContext } from 'node:test';
import type { AppendLog } from '../../../src/runtime/append-log/append-log.js';
import { ENTRY_OVERHEAD_BYTES } from '../../../src/runtime/append-log/log-entry.js';
import type { LogReader, LogReaderOptions } from '../../../src/runtime/append-log/log-reader.js';
import { type LogOptions, openLog } from '../../../src/runtime/append-log/open-log.js';
import type { ManualClock } from '../../../src/runtime/clock.js';
import type { GroupCommit } from '../../../src/runtime/store/group-commit.js';
import { openStore, until } from '../store/group-commit-harness.js';

export const OVERHEAD = ENTRY_OVERHEAD_BYTES;

/** A reader that takes whatever comes. */
export const unbounded = (name: string): LogReaderOptions => ({ name, boundBytes: 1e12, overflow: 'reject' });

export interface LogFixture {
  readonly commit: GroupCommit;
  readonly clock: ManualClock;
  readonly log: AppendLog;
  /** Opens the log again as a restart would, here with other options. */
  reopen(options?: Partial<LogOptions>): Promise<AppendLog>;
}

export async function logFixture(test: TestContext, options: Partial<LogOptions> = {}): Promise<LogFixture> {
  const store = openStore(test);
  const all = { name: 'spool', readers: [unbounded('a'), unbounded('b')], ...options };
  let log = await openLog(store.commit, store.clock, all);
  await store.commit.flushed();
  const reopen = async (changes: Partial<LogOptions> = {}): Promise<AppendLog> => {
    log.close();
    await store.commit.flushed();
    log = await openLog(store.commit, store.clock, { ...all, ...changes });
    await store.commit.flushed();
    return log;
  };
  return { ...store, log, reopen };
}

export const payload = (text: string | number): Buffer => Buffer.from(String(text));

/** Everything that can be read now, as text. */
export function readTexts(reader: LogReader): string[] {
  const texts: string[] = [];
  for (let some = reader.read(1_000, 1e9); some.length > 0; some = reader.read(1_000, 1e9)) {
    texts.push(...some.map((item) => item.payload.toString()));
  }
  return texts;
}

/** The numbers of the entries in the store. */
export function storedSeqs(commit: GroupCommit, name = 'spool'): number[] {
  return [...commit.range('log', `${name}/`, `${name}0`)].map(([key]) => Number.parseInt(key.split('/')[1] ?? '', 16));
}

/** Waits until the store has settled and the log has done what it puts off. */
export async function settled(commit: GroupCommit, condition: () => boolean = () => true): Promise<void> {
  await commit.flushed();
  await until(() => condition() && !commit.pending);
}
