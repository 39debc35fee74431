/**
 * Log files that were put aside: `log.1` is the youngest, and all become `log.1.gz`, `log.2.gz` and so on.
 *
 * Invariants
 * - While files are compressed none is put aside: names do not move under a file that is being read.
 * - A file is there whole, plain or compressed, whenever the process ends; what it leaves plain is compressed the next time.
 */
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { rename, rm, utimes } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '../runtime/index.js';

export interface RotatedLogOptions {
  readonly file: string;
  /** Files that are kept. */
  readonly count: number;
  /** Days that they are kept; 0: as long as there are not too many. */
  readonly maxAgeDays: number;
  readonly clock: Pick<Clock, 'now'>;
}

const DAY_MS = 86_400_000;
const SUFFIXES = ['', '.gz'] as const;

export class RotatedLog {
  private compressing: Promise<void> | undefined;

  constructor(private readonly options: RotatedLogOptions) {}

  /** False: not now. */
  get isReady(): boolean {
    return this.compressing === undefined;
  }

  /** When what was put aside is compressed. */
  async idle(): Promise<void> {
    await this.compressing;
  }

  /** Each file has the next number from now on; what is too many or too old goes. */
  putAside(): void {
    const { file, count } = this.options;
    for (const suffix of SUFFIXES) rmSync(`${file}.${count}${suffix}`, { force: true });
    for (let number = count - 1; number >= 1; number--) this.moveOn(number);
    if (count > 0) renameSync(file, `${file}.1`);
    else rmSync(file, { force: true });
    this.compressing = this.compress().finally(() => {
      this.compressing = undefined;
    });
  }

  private moveOn(number: number): void {
    const { file, maxAgeDays, clock } = this.options;
    const oldest = clock.now() - maxAgeDays * DAY_MS;
    for (const suffix of SUFFIXES) {
      const name = `${file}.${number}${suffix}`;
      const found = statSync(name, { throwIfNoEntry: false });
      if (!found) continue;
      if (maxAgeDays > 0 && found.mtimeMs < oldest) rmSync(name, { force: true });
      else renameSync(name, `${file}.${number + 1}${suffix}`);
    }
  }

  /** All that is plain. A log that cannot be compressed must not end what it is the log of. */
  private async compress(): Promise<void> {
    const { file, count } = this.options;
    const part = `${file}.gz.part`;
    for (let number = 1; number <= count; number++) {
      const plain = `${file}.${number}`;
      const found = statSync(plain, { throwIfNoEntry: false });
      if (!found) continue;
      try {
        await pipeline(createReadStream(plain), createGzip(), createWriteStream(part, { mode: found.mode }));
        // Its age is that of what is in it.
        await utimes(part, found.atime, found.mtime);
        await rename(part, `${plain}.gz`);
        await rm(plain);
      } catch {
        await rm(part, { force: true }).catch(() => {});
      }
    }
  }
}
