import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { replaceFile } from '../../../../runtime/replace-file.js';
import { InstallerError } from '../installer.js';
import { BOOT_RECORD, type BootRecord, FACTORY_RECORD, type SlotName } from './boot-record.js';

/** What a slot holds. */
const SLOT_CONTENT = Type.Object({
  version: Type.String(),
  compatible: Type.String(),
  sha256: Type.String(),
  size: Type.Integer(),
  /** Grows with each installation that was completed (SUA-41). */
  installedCount: Type.Integer(),
});

export type SlotContent = Static<typeof SLOT_CONTENT>;

const IMAGE = 'image';

/**
 * The folder of the slots: `boot.json`, the boot pointer, and `a/` and `b/` with an image and what it is. Each file is
 * replaced by renaming, so that a power cut leaves the old one or the new one.
 */
export class SlotFiles {
  constructor(readonly folder: string) {}

  async bootRecord(): Promise<BootRecord> {
    return (await read(BOOT_RECORD, join(this.folder, 'boot.json'))) ?? FACTORY_RECORD;
  }

  async writeBootRecord(record: BootRecord): Promise<void> {
    await replace(join(this.folder, 'boot.json'), record);
  }

  /** Undefined: nothing was ever installed there, or what was is being replaced. */
  content(slot: SlotName): Promise<SlotContent | undefined> {
    return read(SLOT_CONTENT, this.contentFile(slot));
  }

  /** From here on the slot holds nothing. */
  async clear(slot: SlotName): Promise<void> {
    await rm(this.contentFile(slot), { force: true });
    await rm(this.image(slot), { force: true });
    await mkdir(join(this.folder, slot), { recursive: true, mode: 0o700 });
    await syncFolder(join(this.folder, slot));
  }

  /** The image was written to {@link newImage} and flushed. */
  async fill(slot: SlotName, content: SlotContent): Promise<void> {
    await rename(this.newImage(slot), this.image(slot));
    await replace(this.contentFile(slot), content);
  }

  image(slot: SlotName): string {
    return join(this.folder, slot, IMAGE);
  }

  newImage(slot: SlotName): string {
    return join(this.folder, slot, `${IMAGE}.new`);
  }

  private contentFile(slot: SlotName): string {
    return join(this.folder, slot, 'slot.json');
  }
}

async function read<Schema extends TSchema>(schema: Schema, file: string): Promise<Static<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (Value.Check(schema, value)) return value;
  } catch {}
  throw new InstallerError('SLOTS_UNREADABLE', `${file} is not what was written there: remove it to begin anew`);
}

async function replace(file: string, value: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await replaceFile(file, JSON.stringify(value), 0o600);
  await syncFolder(dirname(file));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
