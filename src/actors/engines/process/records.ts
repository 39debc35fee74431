import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec, Limits } from '../engine.js';
import { replacePrivate, textIfPresent } from '../private-file.js';

/** What is kept of a container beside what its wrapper writes. The file has mode 0600: `env` may hold secrets. */
export interface ContainerRecord {
  readonly version: 1;
  readonly spec: ContainerSpec;
  readonly name: string;
  readonly limits: Limits;
  readonly createdMs: number;
  /** What it was made from, even if the reference means another one by now. */
  readonly imageFolder: string;
}

const FILE = 'container.json';

/** The containers of a folder, each in one of its own. Nobody else writes there but their wrappers. */
export class ContainerRecords {
  private readonly records = new Map<string, ContainerRecord>();
  private loading: Promise<void> | undefined;

  constructor(
    private readonly folder: string,
    /** A folder without a readable record: its container is not listed, and its processes are left alone. */
    private readonly onUnreadable: (folder: string) => void,
  ) {}

  folderOf(id: string): string {
    return join(this.folder, id);
  }

  async get(id: string): Promise<ContainerRecord | undefined> {
    await this.loaded();
    return this.records.get(id);
  }

  async all(): Promise<readonly ContainerRecord[]> {
    await this.loaded();
    return [...this.records.values()];
  }

  async put(record: ContainerRecord): Promise<void> {
    await this.loaded();
    await replacePrivate(join(this.folderOf(record.spec.id), FILE), JSON.stringify(record));
    this.records.set(record.spec.id, record);
  }

  async delete(id: string): Promise<void> {
    // What a killed process had written last may still be on its way into the folder.
    await rm(this.folderOf(id), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    this.records.delete(id);
  }

  private async loaded(): Promise<void> {
    this.loading ??= this.load();
    await this.loading;
  }

  private async load(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names) {
      const folder = join(this.folder, name);
      const record = await read(folder);
      if (record?.spec.id === name) this.records.set(name, record);
      else this.onUnreadable(folder);
    }
  }
}

async function read(folder: string): Promise<ContainerRecord | undefined> {
  try {
    const record = JSON.parse((await textIfPresent(join(folder, FILE))) ?? '') as ContainerRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}
