import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../runtime/make-folder.js';

const MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The text of a file, undefined if there is none. */
export async function textIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes beside the file and renames: a crash leaves the old file or the new one, and what stands in it is never readable
 * by others, not even while it is written.
 */
export async function replacePrivate(path: string, text: string): Promise<void> {
  makeFolder(dirname(path), FOLDER_MODE);
  await replaceIn(path, text);
}

/** The same, unless its folder is gone: false then. */
export async function replacePrivateIfThere(path: string, text: string): Promise<boolean> {
  try {
    await replaceIn(path, text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function replaceIn(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(temporary, 'wx', MODE);
    try {
      await file.chmod(MODE);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
