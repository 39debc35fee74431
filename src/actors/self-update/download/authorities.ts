import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failedBy } from './causes.js';

const PEM = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/;
/** A folder of a system's authorities holds a few hundred. */
const MOST_FILES = 2_000;

/**
 * The authorities that a server's certificate is held against: those of the file, else those of the folder, in whatever
 * files they are; undefined, which stands for node's own, if none is named.
 *
 * @throws DownloadError
 */
export async function authorities(caFile?: string, caDirectory?: string): Promise<readonly string[] | undefined> {
  if (caFile) return [await readPem(caFile)];
  if (!caDirectory) return undefined;
  const names = await readdir(caDirectory, { withFileTypes: true }).catch((error: unknown) => {
    throw failedBy('FETCH_CA', error);
  });
  const files = names.filter((entry) => entry.isFile() || entry.isSymbolicLink()).slice(0, MOST_FILES);
  const texts = await Promise.all(files.map(({ name }) => readFile(join(caDirectory, name), 'utf8').catch(() => '')));
  // A system's folder has most certificates under two names, and all once more in a bundle.
  const found = new Set(texts.filter((text) => PEM.test(text)));
  if (found.size === 0) throw failedBy('FETCH_CA');
  return [...found];
}

async function readPem(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw failedBy('FETCH_CA', error);
  });
  if (!PEM.test(text)) throw failedBy('FETCH_CA');
  return text;
}
