import { ManualClock, type TimerHandle } from '../../../src/runtime/index.js';

/** A clock on which short waits are over at once, and long ones never. */
export class EagerClock extends ManualClock {
  /** The waits that are over, in milliseconds. */
  readonly waits: number[] = [];

  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const handle = super.setTimeout(callback, delayMs);
    if (delayMs <= 30_000) {
      this.waits.push(delayMs);
      setImmediate(() => void this.advance(delayMs));
    }
    return handle;
  }
}
