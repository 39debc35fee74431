import type { FleetchartError } from '../../runtime/errors.js';
import type { Delivery, Refusal } from './dispatcher.js';

/** What became of a batch whose records are settled in any order; only its settled beginning counts. */
export class Settlement {
  private readonly settled: boolean[];
  /** Of all that were refused, by their index. */
  private readonly reasons = new Map<number, string>();
  /** Those of the settled beginning, in order; it only grows. */
  private readonly refused: Refusal[] = [];
  private settledCount = 0;
  private reason: FleetchartError | undefined;

  constructor(
    private readonly count: number,
    private readonly progress: (delivery: Delivery) => void,
  ) {
    this.settled = Array.from({ length: count }, () => false);
  }

  /** How many records from the start are settled. */
  get delivered(): number {
    return this.settledCount;
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
    this.settleAll([index], refusal);
  }

  /** The records of one request, of which the progress is told once. */
  settleAll(indexes: Iterable<number>, refusal?: string): void {
    for (const index of indexes) {
      this.settled[index] = true;
      if (refusal !== undefined) this.reasons.set(index, refusal);
    }
    const before = this.delivered;
    for (; this.settled[this.delivered]; this.settledCount++) {
      const reason = this.reasons.get(this.delivered);
      if (reason !== undefined) this.refused.push({ index: this.delivered, reason });
    }
    if (this.delivered > before && this.delivered < this.count) this.progress(this.beginning());
  }

  get outcome(): Delivery {
    return { ...this.beginning(), ...(this.reason ? { failure: this.reason } : {}) };
  }

  /** Its refusals are copied only if they are read: of the progress of a batch mostly just the last is. */
  private beginning(): Delivery {
    const { delivered, refused } = this;
    const { length } = refused;
    return {
      delivered,
      get refused() {
        return refused.slice(0, length);
      },
    };
  }
}
