import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import protobuf from 'protobufjs';
import { createFileDispatcher, type FileDispatcherOptions } from '../../../src/actors/dispatch/file/file-dispatcher.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { turn } from '../../fakes/held-calls.js';
import { numberOf, sampleFormats } from './sample-records.js';

/** A disk that can be full, or fail to sync. A write to a full one is torn: half of it arrives. */
class FailingDisk {
  isFull = false;
  failSyncs = 0;
  /** Likewise of directories. */
  failDirectorySyncs = 0;
  syncs = 0;
  /** Files that are open. */
  opened = 0;

  readonly open: typeof open = async (path, flags, mode) => {
    const handle = await open(path, flags, mode);
    this.opened++;
    return new Proxy(handle, {
      get: (target, key) => {
        if (key === 'write') return this.write.bind(this, target);
        if (key === 'sync') return this.sync.bind(this, target);
        if (key === 'close') return this.close.bind(this, target);
        if (key === 'datasync') return this.datasync.bind(this, target);
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };

  private async write(handle: FileHandle, bytes: Uint8Array, offset: number, length: number, position: number) {
    if (!this.isFull) return handle.write(bytes, offset, length, position);
    await handle.write(bytes, offset, Math.floor(length / 2), position);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }

  private async sync(handle: FileHandle): Promise<void> {
    if (this.failDirectorySyncs-- > 0) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
    await handle.sync();
  }

  private async close(handle: FileHandle): Promise<void> {
    this.opened--;
    await handle.close();
  }

  private async datasync(handle: FileHandle): Promise<void> {
    this.syncs++;
    if (this.failSyncs > 0) {
      this.failSyncs--;
      throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    }
    await handle.datasync();
  }
}

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

export function setUpFiles(t: TestContext, options: Partial<FileDispatcherOptions> = {}) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'fleetchart-'));
  t.after(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const clock = new ManualClock(START, turn);
  const disk = new FailingDisk();
  const directory = join(dataDirectory, 'records');
  const make = () =>
    createFileDispatcher({
      dataDirectory,
      dispatcher: 'file',
      clock,
      formats: sampleFormats,
      rotateBytes: 1_000_000,
      rotateAgeMs: 3_600_000,
      keepFiles: 1_000,
      openFile: disk.open,
      ...options,
    });
  const names = (): string[] => readdirSync(directory).sort();
  const bytes = (): Buffer => Buffer.concat(names().map((name) => readFileSync(join(directory, name))));
  const text = (): string => bytes().toString();
  return {
    clock,
    disk,
    dataDirectory,
    directory,
    dispatcher: make(),
    /** Another one over the same files, as after a restart. */
    restart: make,
    names,
    bytes,
    text,
    lines: () =>
      text()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { txid: string }),
  };
}

export const numbersOf = (lines: readonly { readonly txid: string }[]): number[] =>
  lines.map(({ txid }) => numberOf(txid));

export interface StoredRecord {
  readonly type: string;
  readonly vehicle: string;
  readonly receivedAt: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

/** What any protobuf library reads, from the published schema. */
export async function readDelimited(bytes: Buffer): Promise<StoredRecord[]> {
  const { root } = protobuf.parse(readFileSync('proto/fleetchart/record.proto', 'utf8'));
  const Record = root.lookupType('fleetchart.Record');
  const reader = protobuf.Reader.create(bytes);
  const records: StoredRecord[] = [];
  while (reader.pos < reader.len) {
    const message = Record.decodeDelimited(reader);
    records.push(Record.toObject(message, { longs: Number, defaults: true }) as StoredRecord);
  }
  return records;
}
