/** The steps of an update, over an installer and a download. Each may run again after a restart of the process. */
import type { Clock } from '../../runtime/clock.js';
import type { EffectArguments } from '../../runtime/effect.js';
import { FleetchartError, knownErrorRecord } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logging/log.js';
import type { DiscardDownload, Download, DownloadRequest } from './download/download.js';
import { checkedUrl } from './download/request.js';
import type {
  ActivateOutput,
  BootedOutput,
  CleanUpInput,
  CleanUpOutput,
  CompareInput,
  DownloadInput,
  DownloadOutput,
  InspectedBundle,
  InspectInput,
  InstallInput,
  InstallOutput,
  MarkInput,
  UndoInput,
} from './events.js';
import type { Installer, SlotStatus } from './installers/installer.js';
import { downloadSteps, dueEvery, installSteps } from './progress.js';

/** `SELF_UPDATE_*`: a step that cannot be done. */
export class SelfUpdateError extends FleetchartError {}

export interface AgentEffectsOptions {
  readonly installer: Installer;
  readonly download: Download;
  readonly discard: DiscardDownload;
  /** What all downloads have in common. */
  readonly bundles: Omit<DownloadRequest, 'url' | 'key'>;
  /** Whole seconds between two messages of progress (SUA-23). */
  readonly feedbackIntervalS: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For the version that is booted. */
const READ_MS = 5_000;

/** The reference's codes of failures, in the log only (SUA-22). */
const TECH_CODES = { download: 1001, bundle: 2001, install: 3001, version: 4001, other: 5001 } as const;

export class AgentEffects {
  /** Ends with the last download, so that nothing is deleted beneath one that is being aborted. */
  private downloading: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: AgentEffectsOptions) {}

  readonly readBootedVersion = async ({ signal }: EffectArguments<unknown>): Promise<BootedOutput> => {
    const { installer } = this.options;
    try {
      const bootedVersion = await this.within(READ_MS, signal, (limited) => installer.bootedVersion(limited));
      if (bootedVersion !== undefined) return { bootedVersion };
      throw new SelfUpdateError('SELF_UPDATE_NO_VERSION', 'the installer does not know which version is booted');
    } catch (error) {
      this.failed('booted_version_unreadable', error);
      throw error;
    }
  };

  /** SUA-45: read again for every comparison; the last known one counts where that fails. */
  readonly compareVersion = async (args: EffectArguments<CompareInput>): Promise<BootedOutput> => {
    const { activityId, lastKnown } = args.input;
    this.options.logger.info({ activityId }, 'self_update_started');
    try {
      return await this.readBootedVersion(args);
    } catch (error) {
      if (lastKnown === null) throw error;
      return { bootedVersion: lastKnown };
    }
  };

  readonly download = async (args: EffectArguments<DownloadInput>): Promise<DownloadOutput> => {
    const { activityId, url, version, isStream } = args.input;
    if (isStream) {
      const wanted = { activityId, source: url, version };
      return { bytes: 0, path: null, inspected: await this.inspectRemote(wanted, args.signal) };
    }
    const transfer = this.transfer(args);
    this.downloading = transfer.catch(() => {});
    try {
      return await transfer;
    } catch (error) {
      this.failed('download_failed', error, { techCode: TECH_CODES.download, activityId, url: shownSource(url) });
      throw error;
    }
  };

  readonly bundleVersion = ({ input, signal }: EffectArguments<InspectInput>): Promise<InspectedBundle> =>
    this.inspect(input, signal);

  readonly install = async ({ input, key, signal, send }: EffectArguments<InstallInput>): Promise<InstallOutput> => {
    const { installer, logger } = this.options;
    const { activityId, source, version: desiredVersion, slotsBefore } = input;
    const report = installSteps(this.due(), send);
    try {
      const { target } = await installer.install({ source, desiredVersion, slotsBefore, key }, report, signal);
      logger.info({ activityId, version: desiredVersion, slot: target }, 'bundle_installed');
      return { target };
    } catch (error) {
      this.failed('install_failed', error, { techCode: TECH_CODES.install, activityId, source: shownSource(source) });
      throw error;
    }
  };

  /** SUA-38: the running system stays active until ACTIVATE, although the installer may have activated the new one. */
  readonly hold = async ({ input, signal }: EffectArguments<MarkInput>): Promise<void> => {
    try {
      await this.mark(input.slot, signal);
    } catch (error) {
      this.failed('hold_failed', error, { slot: input.slot });
    }
  };

  readonly activate = async ({ input, signal }: EffectArguments<MarkInput>): Promise<ActivateOutput> => {
    const { logger } = this.options;
    logger.info({ slot: input.slot, slots: await this.slots(signal) }, 'slot_is_activated');
    try {
      await this.mark(input.slot, signal);
    } catch (error) {
      this.failed('activation_failed', error, { techCode: TECH_CODES.other, slot: input.slot });
      throw error;
    }
    return { bootId: await this.bootId(signal) };
  };

  /** SUA-21: what fails here is only logged. */
  readonly cleanUp = async (args: EffectArguments<CleanUpInput>): Promise<CleanUpOutput> => {
    await this.discard();
    const { activityId, outcome, message: detail } = args.input;
    this.options.logger.info({ activityId, outcome, detail }, 'self_update_ended');
    const booted = await this.readBootedVersion(args).catch(() => ({ bootedVersion: null }));
    return { ...booted, bootId: await this.bootId(args.signal) };
  };

  /** D-7; where another activity follows, the system that runs now stays, be it the old one or the new (D-6). */
  readonly undo = async ({ input, signal }: EffectArguments<UndoInput>): Promise<void> => {
    await this.downloading;
    await this.discard();
    if (!input.isInstalled) return;
    const slots = input.isSuperseded ? await this.slots(signal) : [];
    const slot = slots.find(({ state }) => state === 'booted')?.name ?? input.slot;
    try {
      await this.mark(slot, signal);
    } catch (error) {
      this.failed('rollback_failed', error, { techCode: TECH_CODES.other, slot });
      throw error;
    }
  };

  private async transfer({ input, key, signal, send }: EffectArguments<DownloadInput>): Promise<DownloadOutput> {
    const { bundles, download, logger } = this.options;
    const { path, bytes, sha256 } = await download(
      { ...bundles, ...input.pins, url: input.url, key },
      downloadSteps(this.due(), send),
      signal,
    );
    logger.info({ activityId: input.activityId, path, bytes, sha256 }, 'bundle_downloaded');
    return { path, bytes };
  }

  /** What the installer streams is held to the same addresses as what is fetched: no files, no plain HTTP (SUA §6). */
  private async inspectRemote(wanted: InspectInput, signal: AbortSignal): Promise<InspectedBundle> {
    checkedUrl(wanted.source, this.options.bundles.allowHttp ?? false);
    return this.inspect(wanted, signal);
  }

  private async inspect(
    { activityId, source, version: wanted }: InspectInput,
    signal: AbortSignal,
  ): Promise<InspectedBundle> {
    try {
      const { version, home, slotsBefore } = await this.options.installer.inspect(source, signal);
      if (version !== wanted) {
        this.options.logger.warn({ techCode: TECH_CODES.version, activityId, version, wanted }, 'bundle_rejected');
      }
      return { version, slotsBefore, ...(home === undefined ? {} : { home }) };
    } catch (error) {
      this.failed('bundle_invalid', error, { techCode: TECH_CODES.bundle, activityId, source: shownSource(source) });
      throw error;
    }
  }

  private async mark(slot: string | null, signal: AbortSignal): Promise<void> {
    if (slot === null) throw new SelfUpdateError('SELF_UPDATE_NO_SLOT', 'the installer has not named the slot');
    await this.options.installer.mark('active', slot, signal);
  }

  /** Empty if they cannot be read. */
  private slots(signal: AbortSignal): Promise<readonly SlotStatus[]> {
    return this.options.installer.slots(signal).catch(() => []);
  }

  private bootId(signal: AbortSignal): Promise<string | null> {
    return this.options.installer.bootId(signal).catch((error: unknown) => {
      this.failed('boot_id_unreadable', error);
      return null;
    });
  }

  private async discard(): Promise<void> {
    const { discard, bundles } = this.options;
    await discard(bundles.folder).catch((error: unknown) => this.failed('bundle_not_deleted', error));
  }

  private due(): () => boolean {
    return dueEvery(this.options.feedbackIntervalS, this.options.clock);
  }

  private failed(message: string, error: unknown, fields: Readonly<Record<string, unknown>> = {}): void {
    this.options.logger.warn({ ...fields, err: knownErrorRecord(error) }, message);
  }

  /** Gives up after `ms`, even if the work does not heed its signal. */
  private within<T>(ms: number, outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock } = this.options;
    const limit = new AbortController();
    return new Promise<T>((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        const error = new SelfUpdateError('SELF_UPDATE_TIMEOUT', `the installer gave no answer within ${ms} ms`);
        limit.abort(error);
        reject(error);
      }, ms);
      work(AbortSignal.any([outer, limit.signal]))
        .then(resolve, reject)
        .finally(() => clock.clearTimeout(timer));
    });
  }
}

/** A path, or a URL without user, password and query, in which there may be secrets. */
function shownSource(source: string): string {
  if (!URL.canParse(source)) return source;
  const { protocol, host, pathname } = new URL(source);
  return `${protocol}//${host}${pathname}`;
}
