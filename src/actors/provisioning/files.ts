import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../runtime/make-folder.js';
import { ProvisioningError } from './errors.js';

/** For private keys; certificates are public. */
const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;
const DIRECTORY_MODE = 0o700;

/** The text of a file, undefined if there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw filesError('read', path, error);
  }
}

export function writeKey(path: string, pem: string): Promise<void> {
  return replaceFile(path, pem, KEY_MODE);
}

export function writeCertificate(path: string, pem: string): Promise<void> {
  return replaceFile(path, pem, CERTIFICATE_MODE);
}

/**
 * Writes beside the file and renames (PCL-6): a crash leaves the old file or the new one, and a key is never readable
 * by others, not even while it is written.
 */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${randomBytes(6).toString('hex')}.tmp`);
  try {
    makeFolder(directory, DIRECTORY_MODE);
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw filesError('write', path, error);
  }
}

function filesError(verb: string, path: string, cause: unknown): ProvisioningError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ProvisioningError('PROVISIONING_FILES', `cannot ${verb} ${path}: ${reason}`, { cause });
}
