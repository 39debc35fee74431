import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../runtime/make-folder.js';
import { replaceFile } from '../../runtime/replace-file.js';
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
  return replace(path, pem, KEY_MODE);
}

export function writeCertificate(path: string, pem: string): Promise<void> {
  return replace(path, pem, CERTIFICATE_MODE);
}

/** PCL-6: a key is never readable by others, not even while it is written. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  try {
    makeFolder(dirname(path), DIRECTORY_MODE);
    await replaceFile(path, text, mode);
  } catch (error) {
    throw filesError('write', path, error);
  }
}

function filesError(verb: string, path: string, cause: unknown): ProvisioningError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ProvisioningError('PROVISIONING_FILES', `cannot ${verb} ${path}: ${reason}`, { cause });
}
