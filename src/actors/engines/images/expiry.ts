import { type Clock, errorRecord, type Logger, type TimerHandle } from '../../../runtime/index.js';
import type { Engine } from '../engine.js';
import { EngineError } from '../errors.js';
import { replacePrivate, textIfPresent } from '../private-file.js';
import { Turns } from '../turns.js';

export interface ImageExpiryOptions {
  /** Where it is kept when images were pulled. */
  readonly file: string;
  /** After which an image that nobody uses is deleted; undefined: never. */
  readonly expiryMs: number | undefined;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Between an image's being asked for and the container that is made of it. */
const GRACE_MS = 10 * 60_000;
/** After an engine that did not answer. */
const RETRY_MS = 60_000;
/** Images whose pull is on record; of more those that were pulled longest ago stay in the engine. */
const MOST_RECORDED = 10_000;

/**
 * Deletes images that were pulled long ago and that no container uses (REG-8). Only images that were pulled from here are
 * known: what others placed in the engine is theirs.
 *
 * 1. One in use stays, and is looked at again once a container of it is removed, not before.
 * 2. One that was asked for a moment ago stays: its container is about to be made.
 */
export class ImageExpiry {
  private readonly turns = new Turns();
  private recorded: Map<string, number> | undefined;
  /** Of the last ten minutes, the longest ago first. */
  private readonly wantedAt = new Map<string, number>();
  /** Expired and in use, until a container of them is removed. */
  private readonly inUse = new Set<string>();
  private timer: TimerHandle | undefined;
  private isStopped = true;
  private life = new AbortController();

  constructor(private readonly options: ImageExpiryOptions) {}

  async start(): Promise<void> {
    this.isStopped = false;
    this.life = new AbortController();
    await this.check();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.life.abort();
    this.options.clock.clearTimeout(this.timer);
    await this.turns.take('records', async () => {});
  }

  /** It is about to be used. */
  wanted(image: string): void {
    const now = this.options.clock.monotonic();
    this.wantedAt.delete(image);
    this.wantedAt.set(image, now);
    for (const [first, at] of this.wantedAt) {
      if (now - at < GRACE_MS) break;
      this.wantedAt.delete(first);
    }
  }

  /** It was pulled. */
  pulled(image: string): Promise<void> {
    return this.turns.take('records', async () => {
      const recorded = await this.load();
      recorded.delete(image);
      recorded.set(image, this.options.clock.now());
      const [oldest] = recorded.keys();
      if (oldest !== undefined && recorded.size > MOST_RECORDED) {
        recorded.delete(oldest);
        this.inUse.delete(oldest);
      }
      await this.save(recorded);
      this.schedule(recorded);
    });
  }

  /** A container of it was removed. */
  removed(image: string): void {
    this.inUse.delete(image);
    void this.check();
  }

  private check(): Promise<void> {
    return this.turns
      .take('records', async () => {
        if (this.options.expiryMs === undefined || this.isStopped) return;
        const recorded = await this.load();
        for (const image of [...recorded.keys()]) {
          if (!this.inUse.has(image) && this.dueInMs(image, recorded) <= 0) await this.expire(image, recorded);
        }
        this.schedule(recorded);
      })
      .catch((error: unknown) => {
        this.options.logger.warn({ err: errorRecord(error) }, 'images_not_checked');
        this.arm(RETRY_MS);
      });
  }

  private async expire(image: string, recorded: Map<string, number>): Promise<void> {
    const { engine, logger } = this.options;
    const isGone = await engine.removeImage(image, this.life.signal).catch((error: unknown) => {
      if (!(error instanceof EngineError) || error.code !== 'ENGINE_REFUSED') throw error;
      // The others are not to wait for it.
      logger.warn({ image, err: errorRecord(error) }, 'image_not_removed');
      return false;
    });
    if (!isGone) {
      this.inUse.add(image);
      return;
    }
    recorded.delete(image);
    this.wantedAt.delete(image);
    await this.save(recorded);
    logger.info({ image }, 'image_expired');
  }

  private schedule(recorded: ReadonlyMap<string, number>): void {
    const waits = [...recorded.keys()]
      .filter((image) => !this.inUse.has(image))
      .map((image) => this.dueInMs(image, recorded));
    if (waits.length > 0) this.arm(Math.min(...waits));
  }

  private arm(delayMs: number): void {
    const { clock, expiryMs } = this.options;
    clock.clearTimeout(this.timer);
    if (this.isStopped || expiryMs === undefined) return;
    this.timer = clock.setTimeout(() => void this.check(), Math.max(1, delayMs));
  }

  private dueInMs(image: string, recorded: ReadonlyMap<string, number>): number {
    const { clock, expiryMs = Number.POSITIVE_INFINITY } = this.options;
    const age = clock.now() - (recorded.get(image) ?? clock.now());
    const wantedAt = this.wantedAt.get(image);
    const grace = wantedAt === undefined ? 0 : wantedAt + GRACE_MS - clock.monotonic();
    return Math.max(expiryMs - age, grace);
  }

  private async load(): Promise<Map<string, number>> {
    this.recorded ??= await this.read();
    return this.recorded;
  }

  private async read(): Promise<Map<string, number>> {
    const { file, logger } = this.options;
    try {
      const text = await textIfPresent(file);
      if (text === undefined) return new Map();
      const { images } = JSON.parse(text) as { images: Record<string, unknown> };
      return new Map(Object.entries(images).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
    } catch (error) {
      logger.warn({ file, err: errorRecord(error) }, 'image_records_unreadable');
      return new Map();
    }
  }

  private async save(recorded: ReadonlyMap<string, number>): Promise<void> {
    await replacePrivate(this.options.file, JSON.stringify({ version: 1, images: Object.fromEntries(recorded) }));
  }
}
