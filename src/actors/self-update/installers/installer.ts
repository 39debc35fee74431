import { FleetchartError } from '../../../runtime/errors.js';

/** `INSTALL_*`: the installer refuses or fails. `message` goes into feedback as it is, e.g. RAUC's own text. */
export class InstallerError extends FleetchartError {}

/** Slot → how often it was installed to (`installed.count`, absent = 0), as read before an install (SUA-41). */
export type SlotCounts = Readonly<Record<string, number>>;

/** A bundle as it is before the install. */
export interface Inspection {
  readonly version: string;
  readonly compatible?: string;
  /** The slot that is booted now: what a rollback makes active again (SUA-43). */
  readonly home?: string;
  readonly slotsBefore: SlotCounts;
}

/** A slot for logs and the console. */
export interface SlotStatus {
  readonly name: string;
  readonly state: 'booted' | 'active' | 'inactive';
  readonly bootname?: string;
  readonly version?: string;
  /** Of the last install: `ok`, `failed`, `pending`. */
  readonly status?: string;
  readonly bootStatus?: string;
  readonly installedCount?: number;
}

export interface InstallRequest {
  /** Path of the bundle, or its URL in stream mode. */
  readonly source: string;
  readonly desiredVersion: string;
  readonly slotsBefore: SlotCounts;
  /** The same in a repetition after a restart of the process. */
  readonly key: string;
}

/**
 * Writes bundles into slots. Every call but `install` ends by itself, within a few minutes at most; what takes long ends
 * when `signal` aborts.
 */
export interface Installer {
  readonly kind: 'rauc' | 'slots' | 'dummy';
  /** Version of the running system (SUA-45); rejects, or is undefined, if it cannot be read now. */
  bootedVersion(signal: AbortSignal): Promise<string | undefined>;
  /** Another one after each boot of the device (SUA-53). */
  bootId(signal: AbortSignal): Promise<string>;
  /** Reads a bundle by path or URL; throws {@link InstallerError} if it is unreadable or not trusted. */
  inspect(source: string, signal: AbortSignal): Promise<Inspection>;
  /**
   * Idempotent: finds an install that is running or done (SUA-52). `onProgress` gets whole percent below 100. Throws
   * {@link InstallerError} with the installer's last error, empty if it gives none.
   */
  install(
    request: InstallRequest,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly target: string }>;
  mark(state: 'active' | 'good' | 'bad', slot: string, signal: AbortSignal): Promise<void>;
  slots(signal: AbortSignal): Promise<readonly SlotStatus[]>;
}
