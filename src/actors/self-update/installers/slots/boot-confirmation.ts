import { type Clock, errorRecord, type Logger, type TimerHandle } from '../../../../runtime/index.js';
import type { SlotInstaller } from './slot-installer.js';

export interface BootConfirmationOptions {
  readonly installer: Pick<SlotInstaller, 'confirm'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Without a crash, milliseconds. @default 30 000 */
  readonly afterMs?: number;
}

/** Confirms what runs once the broker was reached and the process has stayed up for a while after that. */
export class BootConfirmation {
  private timer: TimerHandle;
  private isArmed = false;

  constructor(private readonly options: BootConfirmationOptions) {}

  /** The broker is up; from the first time on, the while counts. */
  brokerUp(): void {
    if (this.isArmed) return;
    this.isArmed = true;
    const { clock, afterMs = 30_000 } = this.options;
    this.timer = clock.setTimeout(() => void this.confirm(), afterMs);
  }

  stop(): void {
    this.isArmed = true;
    this.options.clock.clearTimeout(this.timer);
  }

  private async confirm(): Promise<void> {
    const { installer, log } = this.options;
    try {
      await installer.confirm();
      log.info({}, 'boot_confirmed');
    } catch (error) {
      log.error({ err: errorRecord(error) }, 'boot_not_confirmed');
    }
  }
}
