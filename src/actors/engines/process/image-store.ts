import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { imageParts } from '../../../protocols/containers/index.js';
import type { EngineImage } from '../engine.js';
import { EngineError } from '../errors.js';
import { replacePrivate, textIfPresent } from '../private-file.js';
import { Turns } from '../turns.js';
import { type ArchiveLimits, unpack } from './unpack.js';

/** `image.json`: what a container of the image runs. */
const IMAGE = Type.Object({
  cmd: Type.Array(Type.String(), { minItems: 1 }),
  env: Type.Optional(Type.Array(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*=[^\\0]*$' }))),
  /** Within the image. */
  workdir: Type.Optional(Type.String()),
});
export type ImageDescription = typeof IMAGE.static;

interface StoredImage extends EngineImage {
  readonly reference: string;
  readonly folder: string;
}

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.:@-]*$/;
const ARCHIVES = ['.tar', '.tar.gz', '.tgz'] as const;
const LARGEST_DESCRIPTION = 64 * 1024;
const DESCRIPTION = 'image.json';

/**
 * Images that lie below `imageRoot` under their references: `reg/veh/app:1.0` is a folder of this name or an archive
 * `reg/veh/app:1.0.tar`, `.tar.gz` or `.tgz`, with an `image.json` in it. Archives are unpacked into a folder of ours;
 * nothing is ever written below `imageRoot`.
 */
export class ImageStore {
  private readonly turns = new Turns();
  private stored: readonly StoredImage[] | undefined;

  constructor(
    private readonly imageRoot: string,
    private readonly folder: string,
    private readonly limits: ArchiveLimits,
  ) {}

  async all(): Promise<readonly StoredImage[]> {
    this.stored ??= await read(this.indexFile);
    return this.stored;
  }

  /** Undefined too when its folder is gone. */
  async find(reference: string): Promise<StoredImage | undefined> {
    const found = (await this.all()).find((image) => image.reference === reference);
    return found && (await described(found.folder).catch(() => undefined)) ? found : undefined;
  }

  pull(reference: string, onProgress: (percent: number) => void, signal: AbortSignal): Promise<StoredImage> {
    return this.turns.take('images', async () => {
      signal.throwIfAborted();
      const path = await this.locate(reference);
      const isFolder = (await stat(path)).isDirectory();
      const image = isFolder
        ? await folderImage(reference, path)
        : await this.archiveImage(reference, path, onProgress, signal);
      await described(image.folder);
      await this.save([...(await this.all()).filter((other) => other.reference !== reference), image]);
      return image;
    });
  }

  /** Forgets it, and what was unpacked of it unless `inUse` or another reference has the same. */
  remove(reference: string, inUse: (folder: string) => boolean): Promise<void> {
    return this.turns.take('images', async () => {
      const images = await this.all();
      const found = images.find((image) => image.reference === reference);
      if (!found) return;
      const rest = images.filter((image) => image !== found);
      await this.save(rest);
      const isUnpacked = found.folder.startsWith(join(this.folder, sep));
      const isNeeded = rest.some(({ folder }) => folder === found.folder) || inUse(found.folder);
      if (isUnpacked && !isNeeded) await rm(found.folder, { recursive: true, force: true });
    });
  }

  private get indexFile(): string {
    return join(this.folder, 'images.json');
  }

  private async save(images: readonly StoredImage[]): Promise<void> {
    await replacePrivate(this.indexFile, JSON.stringify({ version: 1, images }));
    this.stored = images;
  }

  /** Where it lies; links of the operator are followed as long as they stay below the root. */
  private async locate(reference: string): Promise<string> {
    const unknown = new EngineError(
      'ENGINE_NOT_FOUND',
      `${reference}: not found below ${this.imageRoot}: put a folder, .tar, .tar.gz or .tgz of this name there`,
    );
    if (!reference.split('/').every((segment) => SEGMENT.test(segment))) throw unknown;
    const root = await realpath(this.imageRoot).catch(() => undefined);
    if (root === undefined) {
      throw new EngineError('ENGINE_UNAVAILABLE', `the folder of images ${this.imageRoot} is not there: create it`);
    }
    for (const ending of ['', ...ARCHIVES]) {
      const path = await realpath(join(root, `${reference}${ending}`)).catch(() => undefined);
      if (path?.startsWith(join(root, sep))) return path;
    }
    throw unknown;
  }

  private async archiveImage(
    reference: string,
    path: string,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<StoredImage> {
    const { size } = await stat(path);
    const hash = await hashOf(path, signal);
    const { name, digest: pinned } = imageParts(reference);
    if (pinned !== undefined && pinned !== `sha256:${hash}`) {
      throw new EngineError('ENGINE_REFUSED', `${path} has the digest sha256:${hash}, not ${pinned}`);
    }
    const folder = join(this.folder, hash);
    let sizeBytes = size;
    if (!(await described(folder).catch(() => undefined))) {
      let readBytes = 0;
      const onRead = (bytes: number): void => {
        readBytes += bytes;
        onProgress(Math.min(99, Math.floor((100 * readBytes) / Math.max(1, size))));
      };
      await rm(folder, { recursive: true, force: true });
      sizeBytes = await unpack(path, folder, this.limits, onRead, signal);
    }
    return {
      reference,
      folder,
      id: `sha256:${hash}`,
      tags: [reference],
      digests: [`${name}@sha256:${hash}`],
      sizeBytes,
    };
  }
}

/** What a container of the image runs. @throws EngineError */
export async function described(folder: string): Promise<ImageDescription> {
  const path = join(folder, DESCRIPTION);
  try {
    if ((await stat(path)).size > LARGEST_DESCRIPTION) throw new Error(`larger than ${LARGEST_DESCRIPTION} bytes`);
    const description: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (Value.Check(IMAGE, description)) return description;
    const first = Value.Errors(IMAGE, description).First();
    throw new Error(`${first?.path || '/'} ${first?.message.toLowerCase()}`);
  } catch (cause) {
    throw new EngineError('ENGINE_REFUSED', `${path} describes no image: ${(cause as Error).message}`, { cause });
  }
}

/** A folder is the operator's, and used where it is: it has no digest, and its size is not measured. */
async function folderImage(reference: string, folder: string): Promise<StoredImage> {
  if (imageParts(reference).digest !== undefined) {
    throw new EngineError('ENGINE_REFUSED', `${reference} names a digest, and a folder has none: use an archive`);
  }
  const text = await readFile(join(folder, DESCRIPTION), 'utf8').catch(() => '');
  const id = `sha256:${createHash('sha256').update(`${folder}\n${text}`).digest('hex')}`;
  return { reference, folder, id, tags: [reference], digests: [], sizeBytes: 0 };
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function read(file: string): Promise<readonly StoredImage[]> {
  try {
    const text = await textIfPresent(file);
    return text === undefined ? [] : ((JSON.parse(text) as { images: StoredImage[] }).images ?? []);
  } catch {
    // What it had is pulled again.
    return [];
  }
}
