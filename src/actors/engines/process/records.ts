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
  /** Folders without a record: a make or a removal was cut off, and nothing runs there. */
  private readonly cutOff = new Set<string>();
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
    this.cutOff.delete(record.spec.id);
  }

  async delete(id: string): Promise<void> {
    // What a killed process had written last may still be on its way into the folder.
    await rm(this.folderOf(id), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    this.records.delete(id);
    this.cutOff.delete(id);
  }

  /** Of one that is not there, what the end of a process has left. */
  async clear(id: string): Promise<void> {
    await this.loaded();
    if (this.cutOff.has(id)) await this.delete(id);
  }

  private async loaded(): Promise<void> {
    this.loading ??= this.load();
    await this.loading;
  }

  private async load(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names) {
      const folder = join(this.folder, name);
      const text = await textIfPresent(join(folder, FILE)).catch(() => '');
      const record = text === undefined ? undefined : parsed(text);
      if (text === undefined) this.cutOff.add(name);
      else if (record?.spec.id === name) this.records.set(name, record);
      else this.onUnreadable(folder);
    }
  }
}

function parsed(text: string): ContainerRecord | undefined {
  try {
    const record = JSON.parse(text) as ContainerRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}
