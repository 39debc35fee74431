import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from 'tar';

export interface SlotBundleOptions {
  readonly version?: string;
  readonly compatible?: string;
  readonly image?: Buffer;
  /** Over what the manifest says of the image. */
  readonly manifest?: Record<string, unknown> | string;
  /** Names of the entries, in their order. @default ['manifest.json', 'rootfs.img'] */
  readonly entries?: readonly string[];
}

/** Packs a bundle of the file slots; returns its path. */
export async function slotBundle(folder: string, options: SlotBundleOptions = {}): Promise<string> {
  const { version = '1.1', compatible = 'test-vehicle', image = randomBytes(200_000) } = options;
  const { entries = ['manifest.json', 'rootfs.img'], manifest = {} } = options;
  const source = join(folder, `bundle-${randomBytes(4).toString('hex')}`);
  mkdirSync(source, { recursive: true });
  const sha256 = createHash('sha256').update(image).digest('hex');
  const said = { compatible, version, image: 'rootfs.img', size: image.length, sha256 };
  for (const name of entries) writeFileSync(join(source, name), image);
  const text = typeof manifest === 'string' ? manifest : JSON.stringify({ ...said, ...manifest });
  writeFileSync(join(source, 'manifest.json'), text);
  const file = `${source}.tar`;
  await create({ file, cwd: source, portable: true }, [...entries]);
  return file;
}
