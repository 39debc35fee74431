import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../runtime/make-folder.js';
import { replaceFile } from '../../runtime/replace-file.js';

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

/** Replaces a file that only its owner may read, and makes its folder. */
export async function replacePrivate(path: string, text: string): Promise<void> {
  makeFolder(dirname(path), FOLDER_MODE);
  await replaceFile(path, text, MODE);
}

/** The same, unless its folder is gone: false then. */
export async function replacePrivateIfThere(path: string, text: string): Promise<boolean> {
  try {
    await replaceFile(path, text, MODE);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
