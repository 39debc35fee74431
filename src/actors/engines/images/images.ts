import { imageParts } from '../../../protocols/containers/index.js';
import {
  type Child,
  type Clock,
  errorRecord,
  FleetchartError,
  type Logger,
  type Metrics,
  pause,
} from '../../../runtime/index.js';
import type { Engine, EngineImage, PullRequest } from '../engine.js';
import { EngineError } from '../errors.js';
import { Turns } from '../turns.js';
import { ImageError } from './errors.js';
import { ImageExpiry } from './expiry.js';
import { Notation } from './notation.js';
import { pullRequestOf, type Registries, withoutPasswords } from './registries.js';
import { CERTIFICATE_FOLDERS, checkTransports } from './transport-check.js';

/** Keys and recipients by which an image would be decrypted (REG-7). */
export interface Decryption {
  readonly keys: readonly string[];
  readonly recipients: readonly string[];
}

export interface ImageSettings {
  /** After which an image that nobody uses is deleted, milliseconds; undefined: never (REG-8). */
  readonly expiryMs: number | undefined;
  readonly decryption: Decryption;
  readonly verifier: 'none' | 'notation';
  /** `configDir` and `libexecDir` of notation (REG-6). */
  readonly verifierConfig: Readonly<Record<string, string>>;
  /** For one image with all its retries, milliseconds (ENG-4). */
  readonly pullTimeoutMs: number;
}

export interface ImagesOptions {
  readonly settings: ImageSettings;
  readonly registries: Registries;
  readonly engine: Engine;
  /** Where it is kept when images were pulled. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Of this process, for the verifier. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @default where podman and Docker look */
  readonly certificateFolders?: readonly string[];
}

/** The last pull that failed, until one of the same image works. */
export interface PullError {
  readonly image: string;
  readonly error: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
  /** While it is tried again. */
  readonly nextTryAt?: string;
}

/** What containers need of images and registries (REG-2…8). */
export interface Images {
  /** What is there is taken; else it is verified and pulled. Throws with a text for feedback. */
  ensure(
    image: string,
    decryption: Decryption,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<EngineImage>;
  /** A container of it was removed: it may have expired. */
  removed(image: string): void;
  /** From the next pull on (REG-5). */
  applyRegistries(registries: Registries): void;
  lastPullError(): PullError | undefined;
  readonly child: Child;
}

/** After a first failure, and so on (REG-4). */
const RETRY_AFTER_MS = [1_000, 2_000, 4_000] as const;
const LONGEST_TEXT = 1_024;

export function createImages(options: ImagesOptions): Images {
  return new EngineImages(options);
}

class EngineImages implements Images {
  readonly child: Child;
  private readonly turns = new Turns();
  private readonly notation: Notation | undefined;
  private readonly expiry: ImageExpiry;
  private readonly pulls;
  private registries: Registries;
  private lastError: PullError | undefined;

  constructor(private readonly options: ImagesOptions) {
    const { settings, engine, clock, logger, metrics, file, environment, registries } = options;
    const { verifier, verifierConfig, expiryMs } = settings;
    this.registries = registries;
    this.notation = verifier === 'notation' ? new Notation({ ...verifierConfig, environment }) : undefined;
    this.expiry = new ImageExpiry({ file, expiryMs, engine, clock, logger });
    this.pulls = metrics.counter({
      name: 'image_pulls_total',
      help: 'Tries to pull an image, by what became of them.',
      labels: ['outcome'],
    });
    this.child = {
      name: 'images',
      kind: 'service',
      start: async () => {
        await this.notation?.check();
        await this.look();
        // An engine that does not answer yet is no reason to wait.
        void this.expiry.start();
      },
      stop: () => this.expiry.stop(),
    };
  }

  async ensure(
    image: string,
    decryption: Decryption,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<EngineImage> {
    this.refuseEncrypted(image, decryption);
    this.expiry.wanted(image);
    // A second one that wants the same finds what the first one pulled.
    return this.turns.take(image, async () => {
      signal.throwIfAborted();
      const present = await this.options.engine.image(image, signal);
      if (present) return pinned(image, present, imageParts(image).digest);
      return this.fetched(image, onProgress, signal);
    });
  }

  removed(image: string): void {
    this.expiry.removed(image);
  }

  applyRegistries(registries: Registries): void {
    this.registries = registries;
    void this.look();
  }

  lastPullError(): PullError | undefined {
    return this.lastError;
  }

  private refuseEncrypted(image: string, own: Decryption): void {
    const { decryption } = this.options.settings;
    if ([decryption, own].every(({ keys, recipients }) => keys.length === 0 && recipients.length === 0)) return;
    throw new ImageError(
      'IMAGE_ENCRYPTED',
      `${image}: the container engine cannot decrypt images: remove the decryption keys and recipients, and provide the image unencrypted`,
    );
  }

  /** Verified, pulled and recorded. */
  private async fetched(
    image: string,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<EngineImage> {
    const { clock, logger, settings } = this.options;
    const deadline = new AbortController();
    const timer = clock.setTimeout(() => deadline.abort(), settings.pullTimeoutMs);
    const ended = AbortSignal.any([signal, deadline.signal]);
    try {
      const request = pullRequestOf(image, this.registries);
      const verified = await this.notation?.verify(request, ended);
      const pulled = await this.tried(request, onProgress, ended);
      pinned(image, pulled, imageParts(image).digest);
      if (verified !== undefined) pinned(image, pulled, verified);
      this.pulls.inc({ outcome: 'pulled' });
      if (this.lastError?.image === image) this.lastError = undefined;
      await this.expiry.pulled(image).catch((error: unknown) => {
        logger.warn({ image, err: errorRecord(error) }, 'image_not_recorded');
      });
      return pulled;
    } catch (error) {
      signal.throwIfAborted();
      const failure = deadline.signal.aborted ? tooLong(image, settings.pullTimeoutMs) : this.clean(error);
      this.note(image, failure);
      this.pulls.inc({ outcome: 'failed' });
      throw failure;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** What may be over in a moment is tried again (REG-4); what a registry refuses is not. */
  private async tried(
    request: PullRequest,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<EngineImage> {
    const { clock, engine, logger } = this.options;
    for (const delayMs of [...RETRY_AFTER_MS, undefined]) {
      try {
        return await engine.pull(request, onProgress, signal);
      } catch (error) {
        if (signal.aborted || delayMs === undefined || !isPassing(error)) throw error;
        const failure = this.clean(error);
        this.note(request.image, failure, delayMs);
        this.pulls.inc({ outcome: 'retried' });
        logger.warn({ image: request.image, delayMs, err: failure.message }, 'image_pull_retried');
        await pause(clock, delayMs, signal);
      }
    }
    throw new EngineError('ENGINE_REFUSED', `${request.image} was not pulled`);
  }

  private note(image: string, { message }: Error, retryMs?: number): void {
    const { clock } = this.options;
    const textOf = (ms: number): string => new Date(ms).toISOString();
    this.lastError = {
      image,
      error: message,
      at: textOf(clock.now()),
      ...(retryMs === undefined ? {} : { nextTryAt: textOf(clock.now() + retryMs) }),
    };
  }

  /** Without passwords, and short enough for feedback (ENG-3). What it came from may have them, too. */
  private clean(error: unknown): FleetchartError {
    const said = error instanceof Error ? error.message : String(error);
    const text = withoutPasswords(said, this.registries).trim().slice(0, LONGEST_TEXT);
    if (error instanceof ImageError) return new ImageError(error.code, text);
    const known = error instanceof FleetchartError ? error : undefined;
    return new EngineError(known?.code ?? 'ENGINE_REFUSED', text, { retryable: known?.retryable ?? false });
  }

  private async look(): Promise<void> {
    const { logger, certificateFolders = CERTIFICATE_FOLDERS } = this.options;
    const { entries } = this.registries;
    if (Object.hasOwn(entries, '')) logger.warn({}, 'registry_without_name');
    await checkTransports(this.registries, certificateFolders, logger);
  }
}

const NEVER_PASSING: ReadonlySet<string> = new Set(['ENGINE_UNAUTHORIZED', 'ENGINE_NOT_FOUND', 'ENGINE_CONFLICT']);

const isPassing = (error: unknown): boolean =>
  error instanceof EngineError && error.retryable && !NEVER_PASSING.has(error.code);

/** The image itself if it has this digest (REG-6). */
function pinned(reference: string, image: EngineImage, digest: string | undefined): EngineImage {
  if (digest === undefined || image.digests.some((found) => imageParts(found).digest === digest)) return image;
  const found = image.digests.map((each) => imageParts(each).digest).join(', ') || 'none';
  throw new ImageError('IMAGE_DIGEST', `${reference} should have the digest ${digest}, and has ${found}`);
}

const tooLong = (image: string, timeoutMs: number): EngineError =>
  new EngineError('ENGINE_TIMEOUT', `the pull of ${image} took longer than ${timeoutMs / 1_000} s`, {
    retryable: true,
  });
