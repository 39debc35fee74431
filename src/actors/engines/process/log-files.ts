import { type FileHandle, open, readdir } from 'node:fs/promises';
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
 * Reads one output of a container, `stdout.log.<number>` with rising numbers: where there is a later one, nothing more
 * comes to those before it. The earliest ones are deleted by the wrapper.
 */
export class LogFollower {
  private readonly decoder = new StringDecoder('utf8');
  private file: FileHandle | undefined;
  /** Of the file that is read; 0 before the first. */
  private number = 0;
  private position = 0;
  private rest = '';

  constructor(
    private readonly folder: string,
    private readonly stream: Stream,
  ) {}

  /** The last `tail` whole lines; `read` goes on behind them. */
  async last(tail: number): Promise<string[]> {
    const numbers = await this.numbers();
    const parts: Buffer[] = [];
    let left = MOST_BYTES;
    let breaks = 0;
    let isCut = false;
    for (const number of numbers.toReversed()) {
      const file = await this.open(number);
      // The earliest one may be gone by now.
      if (!file) break;
      const isNewest = !this.file;
      if (isNewest) this.use(file, number, 0);
      const { bytes, from } = await lastBytes(file, tail > 0 ? left : 0).finally(() => isNewest || file.close());
      if (isNewest) this.position = from + bytes.length;
      parts.unshift(bytes);
      left -= bytes.length;
      breaks += countOf(bytes);
      // The end of a line may stand alone where the file before it is gone.
      isCut = from > 0 || number > 1;
      if (tail <= 0 || left <= 0 || breaks > tail) break;
    }
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
      const next = (await this.numbers()).find((number) => number > this.number);
      if (next === undefined) return lines;
      // What was written before there was a next one is there by now.
      lines.push(...(await this.drain()));
      await this.close();
      this.use(await this.open(next), next, 0);
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

  private use(file: FileHandle | undefined, number: number, position: number): void {
    this.file = file;
    this.number = number;
    this.position = position;
  }

  private open(number: number): Promise<FileHandle | undefined> {
    return open(join(this.folder, `${this.stream}.log.${number}`)).catch(() => undefined);
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

  /** Of its files, ascending. */
  private async numbers(): Promise<number[]> {
    const beginning = `${this.stream}.log.`;
    const names = await readdir(this.folder).catch(() => []);
    return names
      .filter((name) => name.startsWith(beginning))
      .map((name) => Number(name.slice(beginning.length)))
      .filter((number) => Number.isInteger(number))
      .sort((a, b) => a - b);
  }
}

async function lastBytes(file: FileHandle, most: number): Promise<{ bytes: Buffer; from: number }> {
  const { size } = await file.stat();
  const from = Math.max(0, size - most);
  return { bytes: await bytesOf(file, from, size), from };
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
