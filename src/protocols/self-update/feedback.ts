/** The feedback of the self-update agent, word for word (SUA §4.2, SUA-20). */

/** One step of an activity as it is reported. Without `action` the list of actions is empty. */
export interface Feedback {
  readonly status: string;
  readonly message: string;
  readonly action?: {
    readonly status: string;
    /** Percent; encoded as an integer from 0 to 100 (SUA-8). */
    readonly progress: number;
    readonly message: string;
  };
}

/** How an activity stands, carried to its last messages (SUA §4.2, "carried status"). */
export interface Carried {
  readonly status: string;
  readonly message: string;
}

const UPDATING = 'Self-update agent is performing an OS image update.';
const ABOUT_TO = 'Self-update agent is about to perform an OS image update.';
const SAME_VERSION = 'Current OS image is equal to the target one from desired state.';
const ACTIVATING = 'Self-update agent is performing an OS image activation.';
const ACTIVATED = 'Self-update agent has activated the new OS image.';
const ACTIVATION_FAILED = 'Self-update agent has failed to activate the new OS image.';
const WRONG_VERSION = 'Bundle version does not match version in desired state request.';
/** Of a bundle that is looked at instead of downloaded (D-9). */
export const WRONG_BUNDLE = 'Bundle version does not match spec.';
const ROLLED_BACK = 'Self-update rolled back.';

export const feedback = {
  identifying: (): Feedback => ({
    status: 'IDENTIFYING',
    message: 'Self-update agent has received new desired state request and is evaluating it.',
  }),
  identified: (): Feedback => step('IDENTIFIED', ABOUT_TO, 'IDENTIFIED', 0, ABOUT_TO),
  /** For an update manager, which takes an empty list for "nothing to do" (D-5). */
  nothingToDo: (): Feedback => ({ status: 'IDENTIFIED', message: SAME_VERSION }),
  identificationFailed: (reason: string): Feedback => ({ status: 'IDENTIFICATION_FAILED', message: reason }),
  skipped: (): Feedback => ({ status: 'COMPLETED', message: SAME_VERSION }),
  rejected: (): Feedback => step('UPDATE_FAILURE', 'Update rejected.', 'UPDATE_FAILURE', 0, WRONG_VERSION),
  downloading: (percent: number, totalBytes: number): Feedback =>
    step('DOWNLOADING', UPDATING, 'DOWNLOADING', percent, `Downloading ${mebibytes(totalBytes)} MiB...`),
  downloaded: (totalBytes: number): Feedback =>
    step('DOWNLOAD_SUCCESS', UPDATING, 'DOWNLOAD_SUCCESS', 100, `Downloaded ${mebibytes(totalBytes)} MiB...`),
  downloadFailed: (percent: number, cause: string): Feedback =>
    step('DOWNLOAD_FAILURE', 'Download failed.', 'DOWNLOAD_FAILURE', percent, downloadFailure(cause)),
  versionChecking: (): Feedback =>
    step('UPDATING', UPDATING, 'UPDATING', 0, 'Checking bundle version and version in desired state request.'),
  installing: (percent: number): Feedback => step('UPDATING', UPDATING, 'UPDATING', percent, 'RAUC install...'),
  installed: (): Feedback =>
    step(
      'UPDATE_SUCCESS',
      'Self-update completed, reboot required.',
      'UPDATING',
      100,
      'Writing partition completed, reboot required.',
    ),
  installFailed: (percent: number, error: string): Feedback =>
    step('UPDATE_FAILURE', 'Install failed.', 'UPDATE_FAILURE', percent, error),
  installFailedFallback: (error: string): Feedback =>
    step('RUNNING', UPDATING, 'UPDATING', 0, error || 'Install in streaming mode failed, trying in download mode.'),
  activating: (): Feedback => step('ACTIVATING', ACTIVATING, 'UPDATING', 0, ACTIVATING),
  activated: (): Feedback => step('ACTIVATION_SUCCESS', ACTIVATED, 'UPDATED', 0, ACTIVATED),
  activationFailed: (): Feedback =>
    step('ACTIVATION_FAILURE', ACTIVATION_FAILED, 'UPDATE_FAILURE', 0, ACTIVATION_FAILED),
  cleaned: ({ status, message }: Carried): Feedback =>
    step('CLEANUP_SUCCESS', 'Self-update agent has cleaned up after itself.', status, 0, message),
  /** The last message of an activity (SUA-21). */
  ended: ({ status, message }: Carried): Feedback =>
    status === 'UPDATE_SUCCESS'
      ? step('COMPLETE', 'Self-update completed.', 'UPDATE_SUCCESS', 0, message)
      : step('INCOMPLETE', 'Self-update incomplete.', status, 0, message),
  rolledBack: (): Feedback => step('ROLLBACK_SUCCESS', ROLLED_BACK, 'UPDATE_FAILURE', 0, ROLLED_BACK),
  rollbackFailed: (cause: string): Feedback =>
    step('ROLLBACK_FAILURE', 'Self-update rollback failed.', 'UPDATE_FAILURE', 0, cause),
} as const;

/** What an activity carries on after each of its ends. */
export const carried = {
  nothing: (): Carried => ({ status: '', message: '' }),
  identificationFailed: (reason: string): Carried => ({ status: 'UPDATE_FAILURE', message: reason }),
  downloadFailed: (cause: string): Carried => ({ status: 'DOWNLOAD_FAILURE', message: downloadFailure(cause) }),
  /** In stream mode the download step is a check of the version (D-9). */
  streamRejected: (): Carried => ({ status: 'DOWNLOAD_FAILURE', message: WRONG_BUNDLE }),
  /** `error`: the installer's text, where it refused the bundle (D-11). */
  rejected: (error?: string): Carried => ({ status: 'UPDATE_FAILURE', message: error || WRONG_VERSION }),
  installFailed: (error: string): Carried => ({ status: 'UPDATE_FAILURE', message: error }),
  activated: (): Carried => ({ status: 'UPDATE_SUCCESS', message: ACTIVATED }),
  activationFailed: (): Carried => ({
    status: 'UPDATE_FAILURE',
    message: 'Self-update agent failed to activate the new OS image.',
  }),
  /** Another system runs after the reboot than the one that was activated, or nobody knows which (SUA-53). */
  notBooted: (bootedVersion: string | null): Carried => ({
    status: 'UPDATE_FAILURE',
    message:
      bootedVersion === null
        ? 'Booted version cannot be read after the reboot.'
        : 'Booted version differs from the activated one.',
  }),
  rolledBack: (): Carried => ({ status: 'UPDATE_FAILURE', message: ROLLED_BACK }),
  rollbackFailed: (cause: string): Carried => ({ status: 'UPDATE_FAILURE', message: cause }),
} as const;

export const downloadFailure = (cause: string): string => `Download failed: ${cause}`;

function step(
  status: string,
  message: string,
  actionStatus: string,
  progress: number,
  actionMessage: string,
): Feedback {
  return { status, message, action: { status: actionStatus, progress, message: actionMessage } };
}

/** With one decimal. */
const mebibytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
