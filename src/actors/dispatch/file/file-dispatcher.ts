/**
 * Records in files: JSON lines or length-delimited protobuf, rotated by size and age.
 *
 * Invariants
 * - FILE-1 A record is confirmed when it is on disk; all batches that wait share one sync.
 * - FILE-2 Everything that touches the files runs one after another, an operation that nobody waits for any more
 *   included.
 */
import { isAbsolute, relative, resolve } from 'node:path';
import type { TimerHandle } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import { within } from '../../../runtime/wait.js';
import type { Delivery, Dispatcher, RecordFormats, Refusal } from '../dispatcher.js';
import { DispatchError, dispatchError, notConnected } from '../errors.js';
import { reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { delimitedProtobuf, jsonLines } from './framing.js';
import { RecordFiles, type RecordFilesOptions } from './record-files.js';

export interface FileDispatcherOptions extends Omit<RecordFilesOptions, 'framing' | 'directory'> {
  /** The process' data directory. */
  readonly dataDirectory: string;
  /** Where the files are, below the data directory. @default 'records' */
  readonly directory?: string;
  /** @default 'jsonl' */
  readonly format?: 'jsonl' | 'protobuf';
  readonly formats: RecordFormats;
}

export const FILE_DEFAULTS = {
  rotateBytes: 64 * 1_048_576,
  rotateAgeMs: 3_600_000,
  keepFiles: 100,
} as const;

/** Throws {@link DispatchError} `DISPATCH_FILE_OUTSIDE` unless `directory` is below `dataDirectory`. */
export function directoryInside(dataDirectory: string, directory: string): string {
  const path = resolve(dataDirectory, directory);
  const below = relative(resolve(dataDirectory), path);
  if (isAbsolute(directory) || below === '' || below === '..' || below.startsWith('../')) {
    throw new DispatchError(
      'DISPATCH_FILE_OUTSIDE',
      `record files belong into a folder below the data directory, which ${directory} is not`,
    );
  }
  return path;
}

export function createFileDispatcher(options: FileDispatcherOptions): Dispatcher {
  return new FileDispatcher(options);
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly settle: (failure: FleetchartError | undefined) => void;
}

class FileDispatcher implements Dispatcher {
  readonly kind = 'file';
  readonly confirmation = 'stored';
  readonly window = 4;
  private readonly files: RecordFiles;
  private readonly framing;
  private readonly lostListeners = new Set<(error: FleetchartError) => void>();
  private isOpen = false;
  private waiting: Waiting[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private ageTimer: TimerHandle;

  constructor(private readonly options: FileDispatcherOptions) {
    this.framing = options.format === 'protobuf' ? delimitedProtobuf : jsonLines(options.formats);
    const directory = directoryInside(options.dataDirectory, options.directory ?? 'records');
    this.files = new RecordFiles({ ...options, directory, framing: this.framing });
  }

  connect(signal: AbortSignal): Promise<void> {
    return this.exclusive(async () => {
      if (signal.aborted) return;
      this.isOpen = false;
      try {
        await this.files.open();
      } catch (error) {
        throw dispatchError('DISPATCH_FILE_UNUSABLE', 'the record files cannot be opened', error);
      }
      this.isOpen = true;
      this.watchAge();
    });
  }

  async deliver(records: readonly FleetRecord[]): Promise<Delivery> {
    const refused: Refusal[] = [];
    const encoded: Uint8Array[] = [];
    records.forEach((record, index) => {
      const bytes = this.framing.encode(record);
      if (bytes.ok) encoded.push(bytes.value);
      else refused.push({ index, reason: reasonOf(bytes.error) });
    });
    const failure = encoded.length === 0 ? undefined : await this.append(Buffer.concat(encoded));
    return failure ? { delivered: 0, failure } : { delivered: records.length, refused };
  }

  async close(deadlineMs: number): Promise<void> {
    const { clock } = this.options;
    const closed = this.exclusive(async () => {
      this.isOpen = false;
      clock.clearTimeout(this.ageTimer);
      await this.files.close();
    });
    await within(clock, closed, deadlineMs);
  }

  onLost(callback: (error: FleetchartError) => void): () => void {
    this.lostListeners.add(callback);
    return () => this.lostListeners.delete(callback);
  }

  private append(bytes: Uint8Array): Promise<FleetchartError | undefined> {
    return new Promise((settle) => {
      this.waiting.push({ bytes, settle });
      if (this.waiting.length === 1) void this.exclusive(() => this.writeWaiting());
    });
  }

  /** FILE-1: what gathered while the sync before was under way is one write and one sync. */
  private async writeWaiting(): Promise<void> {
    const group = this.waiting;
    this.waiting = [];
    let failure: FleetchartError | undefined;
    if (!this.isOpen) failure = notConnected().failure;
    else {
      try {
        await this.files.append(Buffer.concat(group.map(({ bytes }) => bytes)));
        this.watchAge();
      } catch (error) {
        // Opened again, the file is repaired; until then nothing more is written behind what failed.
        this.isOpen = false;
        failure = dispatchError('DISPATCH_FILE_WRITE_FAILED', 'the record file cannot be written', error);
      }
    }
    for (const { settle } of group) settle(failure);
  }

  private watchAge(): void {
    const { clock } = this.options;
    clock.clearTimeout(this.ageTimer);
    const { dueAt } = this.files;
    if (dueAt === undefined) return;
    this.ageTimer = clock.setTimeout(() => void this.exclusive(() => this.completeForAge()), dueAt - clock.now());
  }

  private async completeForAge(): Promise<void> {
    if (!this.isOpen) return;
    if ((this.files.dueAt ?? Number.POSITIVE_INFINITY) > this.options.clock.now()) return this.watchAge();
    try {
      await this.files.rotate();
    } catch (error) {
      this.isOpen = false;
      const lost = dispatchError('DISPATCH_FILE_WRITE_FAILED', 'the record file cannot be completed', error);
      for (const callback of [...this.lostListeners]) callback(lost);
    }
  }

  /** FILE-2. */
  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.last.then(work);
    this.last = run.catch(() => {});
    return run;
  }
}
