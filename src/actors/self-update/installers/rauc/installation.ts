import type { Clock, TimerHandle } from '../../../../runtime/index.js';
import { InstallerError, type InstallRequest } from '../installer.js';
import type { RaucCallError, RaucSignal } from './rauc-bus.js';
import { isBusy, type RaucService } from './rauc-service.js';
import { installedSlot } from './slot-status.js';

type Progress = Extract<RaucSignal, { kind: 'progress' }>;

export interface InstallationOptions {
  readonly service: RaucService;
  readonly clock: Clock;
  /** Without any change of the progress for so long, it has failed. Milliseconds. */
  readonly stallMs: number;
}

const POLL_MS = 2_000;
/** The service answers nothing else for a moment after it has told of the end. */
const SETTLE_MS = 5_000;
const SETTLE_STEP_MS = 200;
const NO_ERROR = 'Unexpected no-error-status of RAUC';
const STARTED = 'Installing';
const DONE = 'Installing done.';
/** Reaches 100 percent on its way through the bundle, before anything is written. */
const NOT_YET = 'Checking bundle done.';

/** At depth 1 and 100 percent it has ended one way or the other; why it failed is known with `Completed` only. */
const isOver = ({ percent, text, depth }: Progress): boolean => percent >= 100 && depth === 1 && text !== NOT_YET;

/**
 * Brings a bundle into a slot and returns the slot (SUA-37…42, SUA-52). In a repetition it finds an installation that is
 * under way or done. The end is decided by `Completed` and the slots: the property `Operation` is wrong at times.
 */
export class Installation {
  private last = -1;
  private lastText = '';
  private changedAt: number;
  private ended: ((code: number | Error) => void) | undefined;

  constructor(
    private readonly options: InstallationOptions,
    private readonly request: InstallRequest,
    private readonly onProgress: (percent: number) => void,
    private readonly signal: AbortSignal,
  ) {
    this.changedAt = options.clock.monotonic();
  }

  async run(): Promise<{ readonly target: string }> {
    const { service } = this.options;
    const found = await this.look();
    if (found !== 'busy' && found !== undefined) return { target: found };
    const stopListening = service.listen((signal) => this.take(signal));
    try {
      if (found === 'busy') this.last = 0;
      const [code] = await Promise.all([this.end(), found === 'busy' ? undefined : this.begin()]);
      if (code !== 0) throw new InstallerError('INSTALL_FAILED', (await service.lastError(this.signal)) || NO_ERROR);
    } finally {
      stopListening();
    }
    return { target: await this.target() };
  }

  private async begin(): Promise<void> {
    const { source, key } = this.request;
    try {
      await this.options.service.install(source, key, this.signal);
    } catch (error) {
      this.ended?.(error as Error);
    }
  }

  /** The slot that holds the bundle already; or that the service is at work. */
  private async look(): Promise<string | 'busy' | undefined> {
    const { desiredVersion, slotsBefore } = this.request;
    try {
      return installedSlot(await this.options.service.slots(this.signal), desiredVersion, slotsBefore)?.name;
    } catch (error) {
      if (isBusy(error)) return 'busy';
      throw error;
    }
  }

  /** Waits for the end, looking at the service from time to time, as signals are lost with a connection. */
  private async end(): Promise<number> {
    const { clock } = this.options;
    let poll: TimerHandle;
    const aborted = (): void => this.ended?.(this.signal.reason as Error);
    this.signal.addEventListener('abort', aborted);
    try {
      return await new Promise<number>((resolve, reject) => {
        this.ended = (code) => (code instanceof Error ? reject(code) : resolve(code));
        const next = (): void => {
          poll = clock.setTimeout(() => void this.poll().then(next), POLL_MS);
        };
        next();
      });
    } finally {
      this.ended = undefined;
      clock.clearTimeout(poll);
      this.signal.removeEventListener('abort', aborted);
    }
  }

  private async poll(): Promise<void> {
    const { service, clock, stallMs } = this.options;
    try {
      const progress = await service.progress(this.signal);
      // Until ours has begun, the service still tells of the installation before it.
      if (progress && this.last >= 0) {
        this.progressed(progress);
        if (isOver(progress)) this.ended?.(progress.text === DONE ? 0 : 1);
      }
      if (clock.monotonic() - this.changedAt >= stallMs) {
        this.ended?.(new InstallerError('INSTALL_STALLED', `no progress for ${Math.round(stallMs / 1_000)} s`));
      }
    } catch (error) {
      this.ended?.(error as Error);
    }
  }

  private take(signal: RaucSignal): void {
    switch (signal.kind) {
      case 'completed':
        this.ended?.(signal.code);
        return;
      case 'gone':
        this.ended?.(new InstallerError('INSTALL_SERVICE_GONE', 'RAUC service disappeared'));
        return;
      case 'progress':
        this.progressed(signal);
    }
  }

  private progressed(progress: Progress): void {
    const { percent, text } = progress;
    if (percent === this.last && text === this.lastText) return;
    this.changedAt = this.options.clock.monotonic();
    this.lastText = text;
    if (text === STARTED) this.last = 0;
    const whole = Math.floor(percent);
    if (whole <= this.last || whole >= 100) return;
    this.last = whole;
    this.onProgress(whole);
  }

  private async target(): Promise<string> {
    const { clock } = this.options;
    const until = clock.monotonic() + SETTLE_MS;
    for (;;) {
      const found = await this.look();
      if (found !== 'busy' && found !== undefined) return found;
      if (found === undefined || clock.monotonic() >= until) break;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, SETTLE_STEP_MS));
    }
    const message = await this.options.service.lastError(this.signal).catch((error: RaucCallError) => error.message);
    throw new InstallerError('INSTALL_NOT_FOUND', message || NO_ERROR);
  }
}
