import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { LogLine } from '../engine.js';

type Stream = LogLine['stream'];

/** Of one output, looked through for its last lines. */
const MOST_BYTES = 4 * 1024 * 1024;
const CHUNK = 64 * 1024;
/** A longer line is cut into several. */
const LONGEST_LINE = 64 * 1024;

/**
 * Reads one output of a container: `stdout.log`, and `stdout.log.1` and so on, which were filled before it. A file keeps
 * its inode when it is moved aside, so that a follower finds what came after the one that it reads.
 */
export class LogFollower {
  private readonly decoder = new StringDecoder('utf8');
  private file: FileHandle | undefined;
  private inode = 0;
  private position = 0;
  private rest = '';

  constructor(
    private readonly folder: string,
    private readonly stream: Stream,
  ) {}

  /** The last `tail` whole lines; `read` goes on behind them. */
  async last(tail: number): Promise<string[]> {
    const files = await this.files();
    const newest = files.at(-1);
    if (!newest) return [];
    await this.use(newest, 0);
    const parts: Buffer[] = [];
    let left = MOST_BYTES;
    let breaks = 0;
    let isCut = false;
    for (const { path } of tail > 0 ? files.toReversed() : []) {
      const isNewest = path === newest.path;
      const file = isNewest ? this.file : await open(path).catch(() => undefined);
      if (!file) break;
      const { size } = await file.stat();
      const from = Math.max(0, size - left);
      const bytes = await bytesOf(file, from, size);
      if (isNewest) this.position = from + bytes.length;
      else await file.close();
      parts.unshift(bytes);
      left -= bytes.length;
      breaks += countOf(bytes);
      isCut = from > 0;
      if (left <= 0 || breaks > tail) break;
    }
    if (tail <= 0) this.position = (await this.file?.stat())?.size ?? 0;
    // A line may begin in one file and end in the next.
    const lines = this.linesOf(Buffer.concat(parts));
    const whole = isCut ? lines.slice(1) : lines;
    return whole.slice(Math.max(0, whole.length - tail));
  }

  /** Whole lines that came since. */
  async read(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      lines.push(...(await this.drain()));
      const files = await this.files();
      const at = files.findIndex(({ inode }) => inode === this.inode);
      const next = files[at + 1];
      if (!next) return lines;
      // It was moved aside: what was written before that is there by now.
      lines.push(...(await this.drain()));
      await this.use(next, 0);
    }
  }

  /** What stands behind the last line break. */
  take(): string[] {
    const { rest } = this;
    this.rest = '';
    return rest === '' ? [] : [rest];
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }

  private async use({ path, inode }: { path: string; inode: number }, position: number): Promise<void> {
    await this.close();
    this.file = await open(path).catch(() => undefined);
    this.inode = this.file ? (await this.file.stat()).ino : inode;
    this.position = position;
  }

  private async drain(): Promise<string[]> {
    if (!this.file) return [];
    const { size } = await this.file.stat();
    const lines: string[] = [];
    while (this.position < size) {
      const chunk = await bytesOf(this.file, this.position, Math.min(size, this.position + CHUNK));
      if (chunk.length === 0) break;
      this.position += chunk.length;
      lines.push(...this.linesOf(chunk));
    }
    return lines;
  }

  private linesOf(bytes: Buffer): string[] {
    const lines = (this.rest + this.decoder.write(bytes)).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LONGEST_LINE) lines.push(...this.take());
    return lines.map((line) => line.replace(/\r$/, ''));
  }

  /** Oldest first. */
  private async files(): Promise<ReadonlyArray<{ readonly path: string; readonly inode: number }>> {
    const name = `${this.stream}.log`;
    const names = (await readdir(this.folder).catch(() => [])).filter(
      (found) => found === name || (found.startsWith(`${name}.`) && /^\d+$/.test(found.slice(name.length + 1))),
    );
    const age = (found: string): number => Number(found.slice(name.length + 1));
    names.sort((a, b) => age(b) - age(a));
    const found = await Promise.all(
      names.map(async (each) => {
        const path = join(this.folder, each);
        return stat(path).then(
          ({ ino }) => ({ path, inode: ino }),
          () => undefined,
        );
      }),
    );
    return found.filter((file) => file !== undefined);
  }
}

async function bytesOf(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(to - from);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}

function countOf(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
