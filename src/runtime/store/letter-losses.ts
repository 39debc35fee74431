import type { Clock } from '../clock.js';
import { PeerLines } from '../logging/peer-lines.js';
import type { RuntimeLog } from '../logging/runtime-log.js';
import type { DeadLetter } from './dead-letters.js';

const ADVICE =
  '`fleetchart ctl dead-letters list` shows what is left and why it was refused; mend that, then `ctl dead-letters replay`';

/** Says that dead letters are lost at their bound: at once, then once a minute with how many and since when (SUP-7). */
export class LetterLosses {
  private readonly lines: PeerLines;
  /** When the first of those that no line told of came, epoch milliseconds. */
  private from: number | undefined;

  constructor(
    clock: Pick<Clock, 'monotonic'>,
    private readonly log: Pick<RuntimeLog, 'warn'>,
  ) {
    this.lines = new PeerLines({ clock, perMinute: 1, capacity: 1 });
  }

  dropped({ address, at }: Pick<DeadLetter, 'address' | 'at'>): void {
    this.from ??= at;
    const untold = this.lines.tell('');
    if (untold === undefined) return;
    const times = { from: new Date(this.from).toISOString(), to: new Date(at).toISOString() };
    this.log.warn({ count: untold + 1, ...times, address, do: ADVICE }, 'dead_letters_dropped');
    this.from = undefined;
  }
}
