import type { Clock, TimerHandle } from '../clock.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { AppendLog } from './append-log.js';
import { planTrim } from './trim-plan.js';

/** As often as the store tries again. */
const EVERY_MS = 5_000;
/** What is dropped each time, bytes. */
const WANTED_BYTES = 8 * 1024 * 1024;

export interface DegradedTrimDeps {
  readonly system: { readonly commit: GroupCommit; onDegraded(listener: (error: unknown) => void): () => void };
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Makes room while the store cannot write (DUR-9): drops the oldest entries of readers that allow it
 * ({@link LogReaderOptions.trim}), step by step, until the store writes again or each is down to what it keeps. Each
 * reader is logged once for as long as that lasts. Returns how to end it.
 */
export function trimWhileDegraded({ system, clock, log }: DegradedTrimDeps, trimmed: AppendLog): () => void {
  let timer: TimerHandle;
  const told = new Set<string>();
  const trim = (): void => {
    for (const { buffer, bytes } of planTrim(trimmed.trimmable(), WANTED_BYTES)) {
      buffer.trim(bytes);
      if (told.has(buffer.name)) continue;
      told.add(buffer.name);
      log.warn(
        { log: trimmed.name, reader: buffer.name, heldBytes: buffer.bytes, keptBytes: buffer.keepBytes },
        'log_trimmed',
      );
    }
    timer = clock.setTimeout(trim, EVERY_MS);
  };
  const end = (): void => {
    clock.clearTimeout(timer);
    told.clear();
  };
  system.commit.keepReserve();
  const stopListening = system.onDegraded((error) => {
    end();
    if (error) trim();
    else system.commit.keepReserve();
  });
  return () => {
    stopListening();
    end();
  };
}
