import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ReadEntry, Unpack } from 'tar';
import { EngineError } from '../errors.js';

/** Of an image, unpacked. */
export interface ArchiveLimits {
  readonly bytes: number;
  readonly entries: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = { bytes: 4 * 1024 ** 3, entries: 200_000 };

const MODE_BITS = 0o777;

/**
 * Unpacks an archive into `folder`, which is there only once it is whole. Nothing of it is written elsewhere: paths and
 * links that lead out, devices and archives beyond the limits fail it.
 *
 * @returns bytes of its files
 * @throws EngineError
 */
export async function unpack(
  archive: string,
  folder: string,
  limits: ArchiveLimits,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const partial = `${folder}.part`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o755 });
  let bytes = 0;
  let entries = 0;
  const writer: Unpack = new Unpack({
    cwd: partial,
    strict: true,
    preserveOwner: false,
    onReadEntry: (entry) => {
      bytes += entry.size;
      entries++;
      const wrong = wrongWith(entry) ?? (bytes > limits.bytes ? `more than ${limits.bytes} bytes` : undefined);
      const refusal = wrong ?? (entries > limits.entries ? `more than ${limits.entries} entries` : undefined);
      if (refusal !== undefined) writer.abort(new Error(refusal));
      // A program gets nobody else's rights by lying in an image.
      entry.mode = (entry.mode ?? 0) & MODE_BITS;
    },
  });
  const source = createReadStream(archive);
  source.on('data', (chunk) => onRead(chunk.length));
  try {
    await pipeline(source, writer as unknown as NodeJS.WritableStream, { signal });
    await mkdir(dirname(folder), { recursive: true });
    await rename(partial, folder);
    return bytes;
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    signal.throwIfAborted();
    throw new EngineError('ENGINE_REFUSED', `${archive} cannot be unpacked: ${(cause as Error).message}`, { cause });
  }
}

const TYPES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'SymbolicLink', 'Link']);

function wrongWith({ path, type, linkpath }: ReadEntry): string | undefined {
  if (!TYPES.has(type)) return `${path} is a ${type}`;
  if (leadsOut(path)) return `${path} leads out of the image`;
  if (type !== 'SymbolicLink' && type !== 'Link') return undefined;
  const target = linkpath ?? '';
  const meant = type === 'Link' ? target : posix.join(posix.dirname(path), target);
  return target.startsWith('/') || leadsOut(meant) ? `${path} is a link that leads out of the image` : undefined;
}

function leadsOut(path: string): boolean {
  const plain = posix.normalize(path);
  return plain.startsWith('/') || plain === '..' || plain.startsWith('../');
}
