import type { SlotStatus } from '../installer.js';
import { progressOf, type RaucBus, RaucCallError, type RaucSignal } from './rauc-bus.js';
import { readSlots } from './slot-status.js';

export interface BundleInfo {
  readonly compatible: string;
  readonly version: string;
  /** Only newer services tell it. */
  readonly format?: string;
}

/** Of a service that is at work on an installation (SUA-37); older ones write it with a capital. */
const BUSY = /already processing a different method/i;
const NO_SUCH_METHOD = /UnknownMethod$/;
const UNSUPPORTED_KEY = /^Unsupported key/;

export const isBusy = (error: unknown): boolean => error instanceof RaucCallError && BUSY.test(error.message);

/** RAUC's methods with their types (SUA §8.1). All throw {@link RaucCallError}. */
export class RaucService {
  /** `InspectBundle` came with 1.9, and with it `transaction-id`. */
  private isOld = false;

  constructor(private readonly bus: RaucBus) {}

  async slots(signal: AbortSignal): Promise<SlotStatus[]> {
    return readSlots(await this.bus.call('GetSlotStatus', '', [], signal));
  }

  /** Verifies the signature; does not compare the compatible. */
  async inspect(source: string, signal: AbortSignal): Promise<BundleInfo> {
    if (!this.isOld) {
      try {
        return inspected(await this.bus.call('InspectBundle', 'sa{sv}', [source, []], signal));
      } catch (error) {
        if (!(error instanceof RaucCallError) || !NO_SUCH_METHOD.test(error.dbusName)) throw error;
        this.isOld = true;
      }
    }
    const [compatible, version] = (await this.bus.call('Info', 's', [source], signal)) as [string, string];
    return { compatible, version };
  }

  /** Returns when the installation has begun. `transaction` tells it apart in the logs of newer services. */
  async install(source: string, transaction: string, signal: AbortSignal): Promise<void> {
    const start = (options: readonly unknown[]): Promise<unknown> =>
      this.bus.call('InstallBundle', 'sa{sv}', [source, options], signal);
    try {
      await start(this.isOld ? [] : [['transaction-id', ['s', transaction]]]);
    } catch (error) {
      if (!(error instanceof RaucCallError) || !UNSUPPORTED_KEY.test(error.message)) throw error;
      this.isOld = true;
      await start([]);
    }
  }

  async mark(state: 'active' | 'good' | 'bad', slot: string, signal: AbortSignal): Promise<void> {
    await this.bus.call('Mark', 'ss', [state, slot], signal);
  }

  /** `idle` proves nothing: the service says so too after it refused a second installation (SUA-40). */
  async operation(signal: AbortSignal): Promise<string> {
    return String(await this.bus.property('Operation', signal));
  }

  async progress(signal: AbortSignal): Promise<Extract<RaucSignal, { kind: 'progress' }> | undefined> {
    return progressOf(await this.bus.property('Progress', signal));
  }

  /** Why the last installation failed; empty if it did not, or if the service does not know. */
  async lastError(signal: AbortSignal): Promise<string> {
    return String(await this.bus.property('LastError', signal)).trim();
  }

  listen(listener: (signal: RaucSignal) => void): () => void {
    return this.bus.listen(listener);
  }
}

function inspected(answer: unknown): BundleInfo {
  const { update, bundle } = answer as { update?: Record<string, unknown>; bundle?: Record<string, unknown> };
  const format = bundle?.['format'];
  return {
    compatible: String(update?.['compatible'] ?? ''),
    version: String(update?.['version'] ?? ''),
    ...(typeof format === 'string' ? { format } : {}),
  };
}
