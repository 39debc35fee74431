import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { create } from 'tar';

/** Packs an image as a bundle of the file slots, beside which its parts stay; the file appears as a whole. */
export async function packBundle(
  file: string,
  { compatible, version, image }: { readonly compatible: string; readonly version: string; readonly image: Buffer },
): Promise<void> {
  const folder = dirname(file);
  const name = 'rootfs.img';
  const sha256 = createHash('sha256').update(image).digest('hex');
  const manifest = { compatible, version, image: name, size: image.length, sha256 };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), image);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const whole = `${file}.new`;
  await create({ file: whole, cwd: folder, portable: true }, ['manifest.json', name]);
  await rename(whole, file);
}
