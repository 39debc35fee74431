/**
 * The files of one dispatcher in one directory.
 *
 * Invariants
 * - RF-1 What {@link RecordFiles.append} resolved for is on disk, in whole records, under a name that is in the synced
 *   directory.
 * - RF-2 After {@link RecordFiles.open} every file of the dispatcher ends with a whole record, whatever a crash left.
 * - RF-3 After a failed write or sync nothing behind the last synced byte is trusted: the kernel may have dropped it.
 * - RF-4 Only the newest file is open; all others have their final name. There is no file without a record.
 */
import { constants } from 'node:fs';
import { access, type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../runtime/clock.js';
import { makeFolder } from '../../../runtime/make-folder.js';
import { DispatchError } from '../errors.js';
import type { Framing } from './framing.js';
import { completeName, partName, recordFiles, surplus } from './names.js';

export interface RecordFilesOptions {
  /** Absolute path; made when missing. */
  readonly directory: string;
  /** What names begin with: letters, digits, dashes. */
  readonly dispatcher: string;
  readonly framing: Framing;
  readonly clock: Clock;
  /** A file that would grow past this is completed first. A larger batch has a file of its own. */
  readonly rotateBytes: number;
  /** A file that is so old is completed, milliseconds. */
  readonly rotateAgeMs: number;
  /** Complete files that are kept; older ones are deleted. At least 1. */
  readonly keepFiles: number;
  /** `open` of node:fs/promises, unless a test wants a disk that fails. */
  readonly openFile?: typeof open;
}

interface OpenFile {
  readonly name: string;
  readonly startedAt: number;
  readonly handle: FileHandle;
  /** Synced length. */
  bytes: number;
}

const SCAN_BYTES = 1_048_576;

export class RecordFiles {
  private file: OpenFile | undefined;
  private lastNumber = 0;
  /** RF-3: up to where a file is known to be good although its last write failed. */
  private trusted: { readonly name: string; readonly bytes: number } | undefined;

  constructor(private readonly options: RecordFilesOptions) {}

  /** When the open file is to be completed for its age, epoch milliseconds. */
  get dueAt(): number | undefined {
    return this.file && this.file.startedAt + this.options.rotateAgeMs;
  }

  /** Closes what is open, repairs what a crash left, and goes on with the newest unfinished file. */
  async open(): Promise<void> {
    const { directory, dispatcher, framing } = this.options;
    await this.close();
    makeFolder(directory, 0o750);
    await access(directory, constants.W_OK | constants.X_OK);
    const files = recordFiles(await readdir(directory), dispatcher, framing.extension);
    this.lastNumber = Math.max(this.lastNumber, files.at(-1)?.number ?? 0);
    const parts = files.filter((file) => file.isPart);
    for (const part of parts) {
      const repaired = await this.repair(part.name, part.startedAt);
      if (!repaired) continue;
      if (part !== parts.at(-1)) await this.complete(repaired);
      else this.file = repaired;
    }
    this.trusted = undefined;
    await this.prune();
  }

  /** Writes whole records and syncs them. */
  async append(bytes: Uint8Array): Promise<void> {
    const { clock, rotateBytes, rotateAgeMs } = this.options;
    if (this.file) {
      const ageMs = clock.now() - this.file.startedAt;
      // A clock that was set back far must not keep a file open for ever.
      if (this.file.bytes + bytes.length > rotateBytes || Math.abs(ageMs) >= rotateAgeMs) await this.rotate();
    }
    this.file ??= await this.begin();
    const { file } = this;
    this.trusted = { name: file.name, bytes: file.bytes };
    await writeAll(file.handle, bytes, file.bytes);
    await file.handle.datasync();
    if ((await file.handle.stat()).nlink === 0) {
      throw new DispatchError('DISPATCH_FILE_GONE', `${file.name} was deleted while it was being written`);
    }
    this.trusted = undefined;
    file.bytes += bytes.length;
  }

  /** Gives the open file its final name. */
  async rotate(): Promise<void> {
    const { file } = this;
    if (!file) return;
    this.file = undefined;
    await this.complete(file);
    await this.prune();
  }

  /** The open file keeps its unfinished name and is gone on with at the next {@link open}. */
  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.handle.close();
  }

  private get openFile(): typeof open {
    return this.options.openFile ?? open;
  }

  private async begin(): Promise<OpenFile> {
    const { directory, dispatcher, framing, clock } = this.options;
    const startedAt = clock.now();
    const name = partName(dispatcher, framing.extension, ++this.lastNumber, startedAt);
    const handle = await this.openFile(join(directory, name), 'wx+', 0o640);
    try {
      await this.syncDirectory();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return { name, startedAt, handle, bytes: 0 };
  }

  /** Cuts what follows the last whole record; a file without any is deleted (RF-4). */
  private async repair(name: string, startedAt: number): Promise<OpenFile | undefined> {
    const path = join(this.options.directory, name);
    const handle = await this.openFile(path, 'r+');
    try {
      const whole = await wholeBytes(handle, this.options.framing);
      const bytes = this.trusted?.name === name ? Math.min(whole, this.trusted.bytes) : whole;
      await handle.truncate(bytes);
      await handle.datasync();
      if (bytes > 0) return { name, startedAt, handle, bytes };
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    await unlink(path);
    await this.syncDirectory();
    return undefined;
  }

  private async complete(file: OpenFile): Promise<void> {
    const { directory } = this.options;
    await file.handle.close();
    await rename(join(directory, file.name), join(directory, completeName(file.name)));
    await this.syncDirectory();
  }

  private async prune(): Promise<void> {
    const { directory, dispatcher, framing, keepFiles } = this.options;
    const files = recordFiles(await readdir(directory), dispatcher, framing.extension);
    for (const { name } of surplus(files, keepFiles)) {
      await unlink(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
        // Whoever ships the files away may have been quicker.
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }

  private async syncDirectory(): Promise<void> {
    const handle = await this.openFile(this.options.directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    if (bytesWritten === 0) throw new DispatchError('DISPATCH_FILE_SHORT', 'the disk took no more bytes');
    written += bytesWritten;
  }
}

async function wholeBytes(handle: FileHandle, framing: Framing): Promise<number> {
  const scan = framing.scan();
  const chunk = Buffer.allocUnsafe(SCAN_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0 || !scan.take(chunk.subarray(0, bytesRead))) return scan.wholeBytes();
    at += bytesRead;
  }
}
