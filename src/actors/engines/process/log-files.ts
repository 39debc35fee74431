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

  /** The last `tail` lines; `read` goes on behind them. */
  async last(tail: number): Promise<string[]> {
    const files = await this.files();
    const newest = files.at(-1);
    let lines: string[] = [];
    let left = MOST_BYTES;
    for (const { path } of tail > 0 ? files.slice(0, -1).reverse() : []) {
      if (lines.length >= tail || left <= 0) break;
      const file = await open(path).catch(() => undefined);
      if (!file) continue;
      const { size } = await file.stat();
      const from = Math.max(0, size - left);
      const text = (await bytesOf(file, from, size)).toString('utf8');
      await file.close();
      left -= size - from;
      lines = [...(from > 0 ? linesOf(text).slice(1) : linesOf(text)), ...lines];
    }
    if (!newest) return lines.slice(-tail);
    const { size } = await stat(newest.path).catch(() => ({ size: 0 }));
    await this.use(newest, tail > 0 ? Math.max(0, size - MOST_BYTES) : size);
    const current = tail > 0 ? await this.drain() : [];
    return tail > 0 ? [...lines, ...current].slice(-tail) : [];
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
      const parts = (this.rest + this.decoder.write(chunk)).split('\n');
      this.rest = parts.pop() ?? '';
      if (this.rest.length > LONGEST_LINE) parts.push(...this.take());
      for (const part of parts) lines.push(part.replace(/\r$/, ''));
    }
    return lines;
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

const linesOf = (text: string): string[] =>
  (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map((line) => line.replace(/\r$/, ''));

/** At most `tail` lines of both: where each has more than its half, half of each. Their order among each other is lost. */
export function shared(tail: number, stdout: readonly string[], stderr: readonly string[]): LogLine[] {
  const ofErrors = Math.min(stderr.length, Math.max(Math.floor(tail / 2), tail - stdout.length));
  const ofOutput = Math.min(stdout.length, tail - ofErrors);
  const lines = (stream: Stream, all: readonly string[], count: number): LogLine[] =>
    count === 0 ? [] : all.slice(-count).map((text) => ({ stream, text }));
  return [...lines('stdout', stdout, ofOutput), ...lines('stderr', stderr, ofErrors)];
}
