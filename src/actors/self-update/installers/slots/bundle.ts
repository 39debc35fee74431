import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Parser, type ReadEntry } from 'tar';
import { InstallerError } from '../installer.js';

/** The first entry of a bundle, `manifest.json`. */
const MANIFEST = Type.Object({
  compatible: Type.String({ minLength: 1 }),
  version: Type.String({ minLength: 1, maxLength: 256 }),
  /** The name of the entry with the image. */
  image: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$' }),
  /** Bytes of the image. */
  size: Type.Integer({ minimum: 0 }),
  /** Of the image, hex. */
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
});

export type Manifest = Static<typeof MANIFEST>;

const MANIFEST_NAME = 'manifest.json';
const LARGEST_MANIFEST = 64 * 1024;

/** Reads the manifest of a bundle and nothing behind it. @throws InstallerError */
export async function readManifest(bundle: string, signal: AbortSignal): Promise<Manifest> {
  let manifest: Manifest | undefined;
  await eachEntry(bundle, signal, async (entry) => {
    manifest = await manifestIn(entry);
    return 'enough';
  });
  return manifest ?? refuse('it is empty');
}

/** Writes the image of a bundle to `target`, flushed, checking it against the manifest. @throws InstallerError */
export async function extractImage(
  bundle: string,
  manifest: Manifest,
  target: string,
  onBytes: (written: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let isFirst = true;
  let isThere = false;
  await eachEntry(bundle, signal, async (entry) => {
    if (isFirst) {
      isFirst = false;
      if (!Value.Equal(await manifestIn(entry), manifest)) refuse('it was exchanged');
      return 'more';
    }
    if (entry.path !== manifest.image || entry.type !== 'File')
      refuse(`${JSON.stringify(entry.path)} does not belong in it`);
    if (entry.size !== manifest.size) refuse(`its image has ${entry.size} bytes instead of ${manifest.size}`);
    await write(entry, manifest, target, onBytes);
    isThere = true;
    return 'enough';
  });
  if (!isThere) refuse('there is no image in it');
}

async function manifestIn(entry: ReadEntry): Promise<Manifest> {
  if (entry.path !== MANIFEST_NAME || entry.type !== 'File') refuse(`it does not begin with ${MANIFEST_NAME}`);
  if (entry.size > LARGEST_MANIFEST) refuse(`its ${MANIFEST_NAME} is larger than ${LARGEST_MANIFEST} bytes`);
  const bytes = await entry.concat();
  try {
    const manifest: unknown = JSON.parse(bytes.toString('utf8'));
    if (Value.Check(MANIFEST, manifest)) return manifest;
    return refuse(`its ${MANIFEST_NAME} is wrong: ${mistakesOf(manifest).join('; ')}`);
  } catch (error) {
    if (error instanceof InstallerError) throw error;
    return refuse(`its ${MANIFEST_NAME} is no JSON`);
  }
}

/** One for each key, as a missing one is also of the wrong type. */
function mistakesOf(manifest: unknown): string[] {
  const mistakes = new Map<string, string>();
  for (const { path, message } of Value.Errors(MANIFEST, manifest)) {
    if (!mistakes.has(path)) mistakes.set(path, `${path || '/'}: ${message}`);
  }
  return [...mistakes.values()];
}

async function write(
  entry: ReadEntry,
  { sha256 }: Manifest,
  target: string,
  onBytes: (written: number) => void,
): Promise<void> {
  const hash = createHash('sha256');
  const file = await open(target, 'w', 0o600);
  try {
    let written = 0;
    for await (const chunk of entry) {
      hash.update(chunk);
      await file.writeFile(chunk);
      written += chunk.length;
      onBytes(written);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const found = hash.digest('hex');
  if (found !== sha256) refuse(`the SHA-256 of its image is ${found} instead of ${sha256}`);
}

/** Hands over the entries one by one until there are enough. */
function eachEntry(
  bundle: string,
  signal: AbortSignal,
  take: (entry: ReadEntry) => Promise<'more' | 'enough'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = createReadStream(bundle, { signal });
    let isOver = false;
    const end = (error?: unknown): void => {
      isOver = true;
      file.destroy();
      if (error === undefined) resolve();
      else reject(signal.aborted ? signal.reason : reasonOf(error, bundle));
    };
    // Small entries come before the ones ahead of them are taken.
    let taken: Promise<void> = Promise.resolve();
    const takeNext = async (entry: ReadEntry): Promise<void> => {
      if (!isOver && (await take(entry)) === 'enough') end();
    };
    const parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        taken = taken.then(() => takeNext(entry)).catch(end);
      },
    });
    file.on('error', end);
    parser.on('error', end);
    parser.on('end', () => void taken.then(() => end()));
    file.pipe(parser as unknown as NodeJS.WritableStream);
  });
}

function reasonOf(error: unknown, bundle: string): InstallerError {
  if (error instanceof InstallerError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isFile = code !== undefined && /^E[A-Z]+$/.test(code);
  const text = isFile ? `cannot read ${bundle}: ${message}` : `invalid bundle: ${message}`;
  return new InstallerError(isFile ? 'BUNDLE_UNREADABLE' : 'BUNDLE_INVALID', text, { cause: error });
}

function refuse(why: string): never {
  throw new InstallerError('BUNDLE_INVALID', `invalid bundle: ${why}`);
}
