import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import { CliError } from './exit-code.js';

/** A new file for lines that come over a socket, no faster than the disk takes them. */
export class FixtureFile {
  private failure: Error | undefined;
  private source: Pick<WebSocket, 'terminate'> | undefined;

  constructor(
    private readonly path: string,
    private readonly stream: Writable,
  ) {
    stream.on('error', (error) => {
      this.failure = error;
      this.source?.terminate();
    });
  }

  static async create(path: string): Promise<FixtureFile> {
    const stream = createWriteStream(path, { flags: 'wx' });
    await once(stream, 'open').catch((error: Error) => {
      throw new CliError(`cannot write ${path}: ${error.message}`, { hint: 'name a new file in a folder that exists' });
    });
    return new FixtureFile(path, stream);
  }

  /** Ends `source` when the file cannot be written. */
  write(line: string, source: Pick<WebSocket, 'isPaused' | 'pause' | 'resume' | 'terminate'>): void {
    this.source = source;
    if (this.failure || this.stream.write(`${line}\n`) || source.isPaused) return;
    source.pause();
    this.stream.once('drain', () => source.resume());
  }

  /** Resolves when all is written; rejects with what to do if it was not. */
  async close(): Promise<void> {
    this.stream.end();
    await finished(this.stream).catch((error: Error) => {
      const { message } = this.failure ?? error;
      const hint = 'the recording is not whole: delete it, free space or name a file on another disk, and record again';
      throw new CliError(`cannot write ${this.path}: ${message}`, { hint });
    });
  }
}
