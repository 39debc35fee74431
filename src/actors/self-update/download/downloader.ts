import type { IncomingMessage } from 'node:http';
import { type Clock, pause } from '../../../runtime/index.js';
import { authorities } from './authorities.js';
import { explained, failedBy } from './causes.js';
import {
  type Download,
  DownloadError,
  type Downloaded,
  type DownloadProgress,
  type DownloadRequest,
} from './download.js';
import { PartialFile } from './partial-file.js';
import { checkedUrl, get } from './request.js';

export interface DownloaderOptions {
  readonly clock: Clock;
  /** Until a server is reached, milliseconds. @default 30 000 */
  readonly connectMs?: number;
  /** Without a byte for so long, a transfer is cut and tried again. Milliseconds. @default 60 000 */
  readonly stallMs?: number;
  /** In a row without a byte. @default 4 */
  readonly attempts?: number;
  /** Bytes a second; undefined: as fast as they come. */
  readonly bytesPerSecond?: number;
  /** Bytes a second over {@link SLOW_WINDOW_MS} below which a transfer ends. @default 0, none */
  readonly leastBytesPerSecond?: number;
}

/** Long enough for a tunnel, a garage and a ferry; tries and pauses between them count. */
const SLOW_WINDOW_MS = 600_000;
/** For a link that lets a few bytes through each time. */
const MOST_ATTEMPTS = 100;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** Downloads bundles over HTTP(S), going on where a cut, a stall or a crash left off (D-12). */
export function createDownload(options: DownloaderOptions): Download {
  return (request, onProgress, signal) => new Transfer(options, request, onProgress, signal).run();
}

class Transfer {
  private total = 0;
  /** Of this run, whatever has become of them. */
  private received = 0;
  private windowBegan = { at: 0, received: 0 };

  constructor(
    private readonly options: DownloaderOptions,
    private readonly request: DownloadRequest,
    private readonly onProgress: (progress: DownloadProgress) => void,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<Downloaded> {
    const { url, folder, key, allowHttp = false, caFile, caDirectory } = this.request;
    const address = checkedUrl(url, allowHttp);
    this.onProgress({ done: 0, total: 0 });
    this.windowBegan = { at: this.options.clock.monotonic(), received: 0 };
    const file = await PartialFile.open(folder, key, url);
    try {
      this.total = file.total;
      if (!file.isDone) {
        const ca = address.protocol === 'https:' ? await authorities(caFile, caDirectory) : undefined;
        await this.fetch(address, ca, file);
      }
      await this.check(file);
      return { path: file.path, bytes: file.bytes, sha256: file.sha256 };
    } finally {
      await file.close();
    }
  }

  /** Tries until it is whole; a step that brought bytes on is no failure. */
  private async fetch(url: URL, ca: readonly string[] | undefined, file: PartialFile): Promise<void> {
    const { clock, attempts = 4 } = this.options;
    let failures = 0;
    for (let attempt = 1; ; attempt++) {
      const before = file.bytes;
      try {
        await this.attempt(url, ca, file);
        return;
      } catch (error) {
        this.signal.throwIfAborted();
        failures = file.bytes > before ? 1 : failures + 1;
        const isPassing = error instanceof DownloadError && error.retryable;
        if (!isPassing || failures >= attempts || attempt >= MOST_ATTEMPTS) throw error;
      }
      const delayMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
      await pause(clock, delayMs, this.signal);
    }
  }

  private async attempt(url: URL, ca: readonly string[] | undefined, file: PartialFile): Promise<void> {
    const { clock, connectMs = 30_000, stallMs = 60_000 } = this.options;
    const { allowHttp = false } = this.request;
    if (file.bytes > 0 && file.validator === undefined) await file.restart();
    const from = file.bytes;
    const range = from > 0 ? { range: `bytes=${from}-`, 'if-range': file.validator ?? '' } : {};
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'fleetchart', ...range };
    const request = { clock, allowHttp, ca, connectMs, answerMs: stallMs, headers, signal: this.signal };
    const { message, status } = await get(url, request);
    try {
      await this.begin(message, status, from, file);
      await this.receive(message, file);
    } finally {
      message.destroy();
    }
    if (this.total > 0 && file.bytes !== this.total) throw failedBy('FETCH_CUT');
    await file.finish();
  }

  /** Where the answer's bytes belong. */
  private async begin(message: IncomingMessage, status: number, from: number, file: PartialFile): Promise<void> {
    const isRest = status === 206 && from > 0;
    if (status !== 200 && !isRest) {
      // What is there does not fit what the server has.
      if (status === 416 && from > 0) await file.restart();
      throw new DownloadError('FETCH_HTTP_STATUS', `HTTP ${status}`, {
        retryable: status >= 500 || (status === 416 && from > 0),
      });
    }
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(message.headers['content-range'] ?? '');
    if (isRest && Number(range?.[1]) !== from) {
      await file.restart();
      throw failedBy('FETCH_CUT');
    }
    if (!isRest && from > 0) await file.restart();
    this.total = isRest ? Number(range?.[2]) : Number(message.headers['content-length'] ?? 0);
    this.refuseSize(this.total);
    await file.begin({ total: this.total, validator: validatorOf(message) });
  }

  private async receive(message: IncomingMessage, file: PartialFile): Promise<void> {
    const { clock, stallMs = 60_000, bytesPerSecond } = this.options;
    const stalled = (): void => void message.destroy(failedBy('FETCH_TIMEOUT'));
    let timer = clock.setTimeout(stalled, stallMs);
    const beganAt = clock.monotonic();
    const beganWith = file.bytes;
    try {
      for await (const chunk of message as AsyncIterable<Buffer>) {
        clock.clearTimeout(timer);
        await file.write(chunk);
        this.refuseTrickle(chunk.length);
        this.refuseSize(file.bytes);
        this.onProgress({ done: file.bytes, total: this.total });
        if (bytesPerSecond) {
          const dueMs = ((file.bytes - beganWith) / bytesPerSecond) * 1_000;
          await pause(clock, dueMs - (clock.monotonic() - beganAt), this.signal);
        }
        timer = clock.setTimeout(stalled, stallMs);
      }
    } catch (error) {
      this.signal.throwIfAborted();
      throw explained(error, true);
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** A server that sends a byte now and then would keep an update waiting for ever. */
  private refuseTrickle(bytes: number): void {
    const { clock, leastBytesPerSecond = 0, bytesPerSecond = Number.POSITIVE_INFINITY } = this.options;
    this.received += bytes;
    const now = clock.monotonic();
    const { at, received } = this.windowBegan;
    if (now - at < SLOW_WINDOW_MS) return;
    // A rate that the download is held to is not held against it.
    const least = Math.min(leastBytesPerSecond, bytesPerSecond / 2);
    if (((this.received - received) / (now - at)) * 1_000 < least) throw failedBy('FETCH_SLOW');
    this.windowBegan = { at: now, received: this.received };
  }

  private refuseSize(bytes: number): void {
    const most = this.request.size ?? this.request.maxBytes ?? Number.POSITIVE_INFINITY;
    if (bytes > most) throw new DownloadError('FETCH_TOO_LARGE', `The file is larger than ${most} bytes`);
  }

  /** What the desired state pins. A file that is not it is not gone on with. */
  private async check(file: PartialFile): Promise<void> {
    const { size, sha256 } = this.request;
    const wrong =
      size !== undefined && file.bytes !== size
        ? new DownloadError('FETCH_SIZE', `The file has ${file.bytes} bytes instead of ${size}`)
        : sha256 !== undefined && file.sha256 !== sha256.toLowerCase()
          ? new DownloadError('FETCH_CHECKSUM', `The file's SHA-256 is ${file.sha256} instead of ${sha256}`)
          : undefined;
    if (!wrong) return;
    await file.restart();
    throw wrong;
  }
}

/** A weak ETag does not stand for the bytes. */
function validatorOf({ headers }: IncomingMessage): string | undefined {
  const { etag } = headers;
  return etag !== undefined && !etag.startsWith('W/') ? etag : headers['last-modified'];
}
