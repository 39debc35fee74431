import { rm } from 'node:fs/promises';
import { type Inspection, type Installer, InstallerError, type InstallRequest, type SlotStatus } from '../installer.js';
import {
  activated,
  type BootRecord,
  booted,
  condemned,
  confirmed,
  otherThan,
  returned,
  SLOTS,
  type SlotName,
} from './boot-record.js';
import { extractImage, readManifest } from './bundle.js';
import { SlotFiles } from './slot-files.js';

export interface SlotInstallerOptions {
  readonly folder: string;
  /** Bundles for others are refused. */
  readonly compatible: string;
  /** Of a slot that nothing was ever installed into. @default 'factory' */
  readonly factoryVersion?: string;
}

/**
 * Installs into one of two folders and switches a pointer (the default, without RAUC or a boot loader): a start of the
 * process is a boot of the vehicle. An image that does not stay up for long enough within a few starts is left for the
 * one before it.
 */
export class SlotInstaller implements Installer {
  readonly kind = 'slots';
  private readonly files: SlotFiles;
  private running: SlotName | undefined;
  private isConfirmed = false;
  /** Told when what runs has been confirmed, or could not be. */
  private readonly awaiting = new Set<(error?: unknown) => void>();
  /** Changes of the boot record wait for each other. */
  private changing: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SlotInstallerOptions) {
    this.files = new SlotFiles(options.folder);
  }

  /** Counts this start; to be called once, before anything else runs. Returns what runs, and whether it is a fall-back. */
  async boot(): Promise<{ readonly slot: SlotName; readonly hasFallenBack: boolean }> {
    const { record, slot, hasFallenBack } = booted(await this.files.bootRecord());
    await this.files.writeBootRecord(record);
    this.running = slot;
    return { slot, hasFallenBack };
  }

  /** What runs has stayed up for long enough. */
  async confirm(): Promise<void> {
    const slot = this.booted();
    try {
      await this.change((record) => confirmed(record, slot));
      this.isConfirmed = true;
    } catch (error) {
      this.tell(error);
      throw error;
    }
    this.tell();
  }

  /** An orderly stop is no failed attempt. */
  async shutDown(): Promise<void> {
    const slot = this.booted();
    if (!this.isConfirmed) await this.change((record) => returned(record, slot));
  }

  async bootedVersion(): Promise<string> {
    return (await this.status(this.booted())).version ?? '';
  }

  async bootId(): Promise<string> {
    return `boot-${(await this.files.bootRecord()).boots}`;
  }

  async inspect(source: string, signal: AbortSignal): Promise<Inspection> {
    const { version, compatible } = await readManifest(source, signal);
    const slots = await this.slots();
    const slotsBefore = Object.fromEntries(slots.map(({ name, installedCount = 0 }) => [name, installedCount]));
    return { version, compatible, home: this.booted(), slotsBefore };
  }

  async install(
    { source, desiredVersion, slotsBefore }: InstallRequest,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly target: SlotName }> {
    const target = otherThan(this.booted());
    const before = slotsBefore[target] ?? 0;
    const found = await this.files.content(target);
    if (found?.version === desiredVersion && found.installedCount > before) return { target };
    const manifest = await readManifest(source, signal);
    if (manifest.compatible !== this.options.compatible) {
      const message = `compatible mismatch: expected '${this.options.compatible}' but the bundle has '${manifest.compatible}'`;
      throw new InstallerError('BUNDLE_INCOMPATIBLE', message);
    }
    await this.untilGood(signal);
    await this.change((record) => condemned(record, target));
    await this.files.clear(target);
    const fresh = this.files.newImage(target);
    try {
      await extractImage(source, manifest, fresh, percentOf(manifest.size, onProgress), signal);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
    const { version, compatible, sha256, size } = manifest;
    await this.files.fill(target, { version, compatible, sha256, size, installedCount: before + 1 });
    return { target };
  }

  async mark(state: 'active' | 'good' | 'bad', slot: string): Promise<void> {
    const name = SLOTS.find((known) => known === slot);
    if (!name) throw new InstallerError('SLOT_UNKNOWN', `there is no slot '${slot}'`);
    if (state !== 'bad' && (await this.status(name)).version === undefined) {
      throw new InstallerError('SLOT_EMPTY', `there is nothing in slot '${slot}'`);
    }
    await this.change((record) => CHANGES[state](record, name));
  }

  slots(): Promise<SlotStatus[]> {
    return Promise.all(SLOTS.map((slot) => this.status(slot)));
  }

  private async status(slot: SlotName): Promise<SlotStatus> {
    const content = await this.files.content(slot);
    const { primary, slots } = await this.files.bootRecord();
    const isBooted = slot === this.booted();
    const isFactory = slot === 'a' && slots.a.isGood;
    const version = content?.version ?? (isFactory ? (this.options.factoryVersion ?? 'factory') : undefined);
    return {
      name: slot,
      state: isBooted ? 'booted' : slot === primary ? 'active' : 'inactive',
      bootStatus: slots[slot].isGood ? 'good' : 'bad',
      installedCount: content?.installedCount ?? 0,
      ...(content ? { status: 'ok' } : {}),
      ...(version === undefined ? {} : { version }),
    };
  }

  /** The slot that is overwritten is what an image that does not stay up falls back to. */
  private async untilGood(signal: AbortSignal): Promise<void> {
    const { slots } = await this.files.bootRecord();
    if (slots[this.booted()].isGood) return;
    await new Promise<void>((resolve, reject) => {
      const aborted = (): void => end(signal.reason);
      const end = (error?: unknown): void => {
        signal.removeEventListener('abort', aborted);
        this.awaiting.delete(end);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.awaiting.add(end);
      signal.addEventListener('abort', aborted);
      if (signal.aborted) aborted();
    });
  }

  private tell(error?: unknown): void {
    for (const end of [...this.awaiting]) end(error);
  }

  private booted(): SlotName {
    if (!this.running) throw new InstallerError('SLOTS_NOT_BOOTED', 'the slots were used before they were booted');
    return this.running;
  }

  private change(of: (record: BootRecord) => BootRecord): Promise<void> {
    const changed = this.changing.then(async () => this.files.writeBootRecord(of(await this.files.bootRecord())));
    this.changing = changed.catch(() => {});
    return changed;
  }
}

const CHANGES = { active: activated, good: confirmed, bad: condemned } as const;

/** Each whole percent once, never 100. */
function percentOf(size: number, onProgress: (percent: number) => void): (written: number) => void {
  let last = -1;
  return (written) => {
    const percent = Math.min(99, Math.floor((written / Math.max(1, size)) * 100));
    if (percent <= last) return;
    last = percent;
    onProgress(percent);
  };
}
