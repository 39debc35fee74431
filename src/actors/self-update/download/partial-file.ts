import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { failedBy } from './causes.js';
import { BUNDLE_FILE, DownloadError } from './download.js';

/** What stands beside an unfinished file (SUA-33): whose it is, of what, and how much of it is certain. */
const NOTE = Type.Object({
  key: Type.String(),
  url: Type.String(),
  /** A strong ETag or the time of the last change, for `If-Range`; without one nothing is resumed. */
  validator: Type.Optional(Type.String()),
  /** Bytes of the whole; 0 while it is not known. */
  total: Type.Integer({ minimum: 0 }),
  /** Bytes that were flushed to the disk: what lies behind them may be zeros after a power cut. */
  synced: Type.Integer({ minimum: 0 }),
  isDone: Type.Boolean(),
});

type Note = typeof NOTE.static;

const NOTE_FILE = `${BUNDLE_FILE}.json`;
const SYNC_BYTES = 8 * 1024 * 1024;

/** The file a bundle is written to, and what a repetition needs to go on with it. */
export class PartialFile {
  readonly path: string;
  private file: FileHandle | undefined;
  private hash: Hash = createHash('sha256');
  private length = 0;

  private constructor(
    private readonly folder: string,
    private note: Note,
  ) {
    this.path = join(folder, BUNDLE_FILE);
  }

  /** Goes on with what the same step left, or begins anew. */
  static async open(folder: string, key: string, url: string): Promise<PartialFile> {
    await mkdir(folder, { recursive: true, mode: 0o775 }).catch((error: unknown) => {
      throw failedBy('FETCH_FOLDER', error);
    });
    const left = await readNote(folder);
    const isOurs = left?.key === key && left.url === url;
    const partial = new PartialFile(folder, isOurs ? left : { key, url, total: 0, synced: 0, isDone: false });
    try {
      await partial.resume();
    } catch (error) {
      await partial.file?.close();
      throw error;
    }
    return partial;
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.length;
  }

  get isDone(): boolean {
    return this.note.isDone;
  }

  get total(): number {
    return this.note.total;
  }

  /** For `If-Range`; undefined: what is there cannot be told from another version, so it is fetched anew. */
  get validator(): string | undefined {
    return this.note.validator;
  }

  /** Hex, of all bytes that are there. */
  get sha256(): string {
    return this.hash.copy().digest('hex');
  }

  /** The answer begins: what it says of the whole. @throws DownloadError when there is no room for the rest */
  async begin({ total, validator }: { total: number; validator: string | undefined }): Promise<void> {
    this.note = { ...this.note, total, ...(validator === undefined ? {} : { validator }) };
    await this.saveNote();
    const missing = total - this.length;
    const free = await statfs(this.folder).then(({ bavail, bsize }) => bavail * bsize);
    if (missing <= free) return;
    throw new DownloadError(
      'FETCH_NO_SPACE',
      `Not enough space in ${this.folder}: ${missing} bytes needed, ${free} free`,
    );
  }

  async restart(): Promise<void> {
    const { key, url } = this.note;
    this.note = { key, url, total: 0, synced: 0, isDone: false };
    await this.file?.truncate(0);
    this.hash = createHash('sha256');
    this.length = 0;
    await this.saveNote();
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const position = this.length + at;
      const written = await this.file?.write(chunk, at, chunk.length - at, position).catch((error: unknown) => {
        throw failedBy('FETCH_DISK', error);
      });
      at += written?.bytesWritten ?? chunk.length;
    }
    this.hash.update(chunk);
    this.length += chunk.length;
    if (this.length - this.note.synced >= SYNC_BYTES) await this.sync();
  }

  async finish(): Promise<void> {
    this.note = { ...this.note, total: this.length, isDone: true };
    await this.sync();
  }

  /** Leaves what is there for a repetition. */
  async close(): Promise<void> {
    if (!this.isDone) await this.sync().catch(() => {});
    await this.file?.close();
  }

  private async sync(): Promise<void> {
    try {
      await this.file?.sync();
    } catch (error) {
      throw failedBy('FETCH_DISK', error);
    }
    this.note = { ...this.note, synced: this.length };
    await this.saveNote();
  }

  private async resume(): Promise<void> {
    const size = await stat(this.path).then(
      (found) => found.size,
      () => 0,
    );
    if (this.note.synced > size) await this.restart();
    try {
      this.file = await open(this.path, size > 0 && this.note.synced > 0 ? 'r+' : 'w', 0o640);
    } catch (error) {
      throw failedBy('FETCH_FILE', error);
    }
    if (this.note.synced === 0) return;
    await truncate(this.path, this.note.synced);
    for await (const chunk of createReadStream(this.path)) this.hash.update(chunk as Buffer);
    this.length = this.note.synced;
  }

  private async saveNote(): Promise<void> {
    const path = join(this.folder, NOTE_FILE);
    try {
      await writeFile(`${path}.new`, JSON.stringify(this.note), { mode: 0o640, flush: true });
      await rename(`${path}.new`, path);
    } catch (error) {
      throw failedBy('FETCH_DISK', error);
    }
  }
}

async function readNote(folder: string): Promise<Note | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(join(folder, NOTE_FILE), 'utf8'));
    return Value.Check(NOTE, note) ? note : undefined;
  } catch {
    return undefined;
  }
}

/** Deletes the bundle and what stands beside it (SUA-34). */
export async function discardDownload(folder: string): Promise<void> {
  for (const name of [BUNDLE_FILE, NOTE_FILE, `${NOTE_FILE}.new`]) await rm(join(folder, name), { force: true });
}
