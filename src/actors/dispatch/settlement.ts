import type { FleetchartError } from '../../runtime/errors.js';
import type { Delivery, Refusal } from './dispatcher.js';

/** What became of a batch whose records are settled in any order; only its settled beginning counts. */
export class Settlement {
  private readonly settled: boolean[];
  private readonly refused: Refusal[] = [];
  private delivered = 0;
  private reason: FleetchartError | undefined;

  constructor(
    private readonly count: number,
    private readonly progress: (delivery: Delivery) => void,
  ) {
    this.settled = Array.from({ length: count }, () => false);
  }

  /** Why the rest is given up: the first failure. */
  get failure(): FleetchartError | undefined {
    return this.reason;
  }

  fail(error: FleetchartError): void {
    this.reason ??= error;
  }

  /** The record has arrived, or with a reason is refused. */
  settle(index: number, refusal?: string): void {
    if (refusal !== undefined) this.refused.push({ index, reason: refusal });
    this.settled[index] = true;
    if (index !== this.delivered) return;
    while (this.settled[this.delivered]) this.delivered++;
    if (this.delivered < this.count) this.progress(this.beginning());
  }

  get outcome(): Delivery {
    return { ...this.beginning(), ...(this.reason ? { failure: this.reason } : {}) };
  }

  private beginning(): Delivery {
    const { delivered } = this;
    const refused = this.refused.filter(({ index }) => index < delivered).sort((a, b) => a.index - b.index);
    return { delivered, refused };
  }
}
