import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../errors.js';
import { makeFolder } from '../make-folder.js';

/** What a person can do in any case. */
export const ANOTHER_FOLDER =
  'name another data folder (`npm start -- --data DIR`, `hub --data DIR`, `run fleet-telemetry -data=DIR`, `dataDir` in a configuration)';

/**
 * Takes a store's folder for this process; two processes on one store would give its rows away twice. What a crash left is
 * taken over: the file names the process and when it started, so that a number that is used again does not mislead.
 * Returns how to give it back.
 *
 * @throws StorageError `STORAGE_IN_USE`, or `STORAGE_OPEN_FAILED` where there can be no such folder
 */
export function lockStore(directory: string): () => void {
  const attempt = (what: string, work: () => void): void => {
    try {
      work();
    } catch (cause) {
      const why = `cannot ${what} ${directory}: ${(cause as Error).message}`;
      throw new StorageError(
        'STORAGE_OPEN_FAILED',
        `${why}; see that this user can write there, or ${ANOTHER_FOLDER}`,
        { cause },
      );
    }
  };
  attempt('make the folder', () => makeFolder(directory, 0o700));
  const path = join(directory, 'store.lock');
  const holder = readIfPresent(path);
  const [pid = '', started = ''] = holder.split(' ');
  if (pid !== '' && Number(pid) !== process.pid && startOf(Number(pid)) === started) {
    throw new StorageError('STORAGE_IN_USE', `${directory} is in use by process ${pid}: stop it, or ${ANOTHER_FOLDER}`);
  }
  const own = `${process.pid} ${startOf(process.pid)}`;
  attempt('take the folder', () => writeFileSync(path, own, { mode: 0o600 }));
  return () => {
    if (readIfPresent(path) === own) rmSync(path, { force: true });
  };
}

/** When a process started, as the system counts it; `-` where it cannot be told, undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  // Behind the name, which may hold blanks and brackets, the twentieth field.
  const stat = readIfPresent(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
