/**
 * Notices registries that were added or removed while containers run.
 *
 * Invariants
 * - A file that cannot be read, or holds a mistake, changes nothing: what is in use is kept, and the log says so.
 * - What is read is a file that has not changed between two looks, so that one half written is not taken.
 */
import { stat } from 'node:fs/promises';
import { type Child, type Clock, errorRecord, type Logger, type TimerHandle } from '../../runtime/index.js';
import type { Registries } from '../engines/index.js';

export interface RegistryWatchOptions {
  readonly files: readonly string[];
  /** Reads the files; throws if they cannot be used. */
  readonly read: () => Registries;
  readonly apply: (registries: Registries) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks, milliseconds. @default 1000 */
  readonly pollMs?: number;
}

const DEFAULT_POLL_MS = 1_000;

/** Looks at files of registries and applies what they come to (REG-5). */
export function watchRegistries(options: RegistryWatchOptions): Child {
  const { files, read, apply, clock, logger, pollMs = DEFAULT_POLL_MS } = options;
  let timer: TimerHandle;
  let isStopped = true;
  let lastLook = '';
  let lastRead = '';
  let applied = '';

  const take = (): void => {
    try {
      const registries = read();
      const text = JSON.stringify(registries);
      if (text === applied) return;
      apply(registries);
      applied = text;
      const { entries, insecure } = registries;
      logger.info({ registries: Object.keys(entries), insecure }, 'registries_applied');
    } catch (error) {
      logger.error({ files, err: errorRecord(error), do: 'correct the file' }, 'registries_kept');
    }
  };
  const poll = async (): Promise<void> => {
    const look = await lookAt(files);
    if (isStopped) return;
    const isSettled = look === lastLook;
    lastLook = look;
    if (isSettled && look !== lastRead) {
      lastRead = look;
      take();
    }
    timer = clock.setTimeout(() => void poll(), pollMs);
  };
  return {
    name: 'registry-watch',
    kind: 'service',
    start: async () => {
      isStopped = false;
      lastLook = await lookAt(files);
      lastRead = lastLook;
      take();
      timer = clock.setTimeout(() => void poll(), pollMs);
    },
    stop: async () => {
      isStopped = true;
      clock.clearTimeout(timer);
    },
  };
}

/** What changes when a file does, also if it comes or goes. */
async function lookAt(files: readonly string[]): Promise<string> {
  const looks = files.map(async (file) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(':');
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unreadable';
    }
  });
  return (await Promise.all(looks)).join(' ');
}
