import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Parser, type ReadEntry, Unpack } from 'tar';
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
 * links that lead out, devices and archives beyond the limits fail it, before anything is written.
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
  try {
    const checked = new Check(limits);
    const parser: Parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        checked.take(entry, parser);
        entry.resume();
      },
    });
    await passed(archive, parser, () => {}, signal);
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true, mode: 0o755 });
    // Looked at again: it may be another one by now.
    const again = new Check(limits);
    const writer: Unpack = new Unpack({
      cwd: partial,
      strict: true,
      preserveOwner: false,
      onReadEntry: (entry) => {
        again.take(entry, writer);
        // A program gets nobody else's rights by how it lies in an image.
        entry.mode = (entry.mode ?? 0) & MODE_BITS;
      },
    });
    await passed(archive, writer, onRead, signal);
    await mkdir(dirname(folder), { recursive: true });
    await rename(partial, folder);
    return again.bytes;
  } catch (cause) {
    await rm(partial, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    signal.throwIfAborted();
    throw new EngineError('ENGINE_REFUSED', `${archive} cannot be unpacked: ${(cause as Error).message}`, { cause });
  }
}

/** Adds up what an archive has, and ends its reading at the first thing that is wrong. */
class Check {
  bytes = 0;
  private entries = 0;

  constructor(private readonly limits: ArchiveLimits) {}

  take(entry: ReadEntry, reader: Parser): void {
    this.bytes += entry.size;
    this.entries++;
    const wrong = wrongWith(entry) ?? this.exceeded();
    if (wrong !== undefined) reader.abort(new Error(wrong));
  }

  private exceeded(): string | undefined {
    if (this.bytes > this.limits.bytes) return `more than ${this.limits.bytes} bytes`;
    return this.entries > this.limits.entries ? `more than ${this.limits.entries} entries` : undefined;
  }
}

async function passed(
  archive: string,
  reader: Parser,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const source = createReadStream(archive);
  source.on('data', (chunk) => onRead(chunk.length));
  await pipeline(source, reader as unknown as NodeJS.WritableStream, { signal });
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
