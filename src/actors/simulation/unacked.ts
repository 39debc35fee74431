import type { Topic } from './record-mix.js';

/** A record that is sent again as it is when no reply comes, rather than by its signals' newest values. */
export interface KeptRecord {
  readonly topic: Topic;
  readonly frame: Buffer;
}

/** What to send again. */
export interface Overdue {
  /** Signals (by index) whose newest value is not acked; none if those of the overdue records are. */
  readonly signals: readonly number[];
  /** By counter; they keep their txid, so that a server can tell that it has them. */
  readonly kept: readonly (readonly [counter: number, record: KeptRecord])[];
  /** Records of signals that are given up: newer values stand for them, acknowledged or among {@link signals}. */
  readonly superseded: number;
}

const NOTHING: Overdue = { signals: [], kept: [], superseded: 0 };

/**
 * What a vehicle has sent and not got a reply for (FT-CLI-3), and what of that it must send again (FT-CLI-4). Times are
 * monotonic milliseconds.
 */
export class UnackedRecords {
  /** Counter → when it was sent, oldest first. */
  private readonly sentAt = new Map<number, number>();
  private readonly keptRecords = new Map<number, KeptRecord>();
  /** By signal: the counter of the record that carried its newest value; 0 while there is none. */
  private readonly newestIn: Int32Array;

  constructor(signals: number) {
    this.newestIn = new Int32Array(signals);
  }

  get size(): number {
    return this.sentAt.size;
  }

  /** A record of these signals has been sent. */
  addSignals(counter: number, at: number, signals: readonly number[]): void {
    this.sentAt.set(counter, at);
    for (const signal of signals) this.newestIn[signal] = counter;
  }

  /** A record that is kept as it is has been sent, for the first time or again. */
  addKept(counter: number, at: number, record: KeptRecord): void {
    this.sentAt.delete(counter);
    this.sentAt.set(counter, at);
    this.keptRecords.set(counter, record);
  }

  /**
   * A reply has come, an ack or a refusal: either way the bytes are not sent again. Returns when the record was sent, or
   * undefined if none is waiting under that counter (FT-CLI-3: to be ignored).
   */
  settle(counter: number): number | undefined {
    const at = this.sentAt.get(counter);
    if (at !== undefined) this.sentAt.delete(counter);
    return at;
  }

  /** The kept record that waits under that counter, once {@link settle} was called for it or before. */
  takeKept(counter: number): KeptRecord | undefined {
    if (this.keptRecords.size === 0) return undefined;
    const record = this.keptRecords.get(counter);
    if (record) this.keptRecords.delete(counter);
    return record;
  }

  /**
   * Takes out what was sent at `latest` or before. If a signal of it needs sending, all whose newest value is not acked
   * go along, so that a burst of lost replies makes one message; their own records wait on for the replies that may
   * yet come. What was refused is not sent again.
   */
  takeOverdue(latest: number): Overdue {
    const overdue = new Set<number>();
    for (const [counter, at] of this.sentAt) {
      if (at > latest) break;
      overdue.add(counter);
    }
    if (overdue.size === 0) return NOTHING;
    const signals = this.newestIn.some((counter) => overdue.has(counter)) ? this.unackedSignals() : [];
    const kept: [number, KeptRecord][] = [];
    for (const counter of overdue) {
      this.sentAt.delete(counter);
      const record = this.keptRecords.get(counter);
      if (record) kept.push([counter, record]);
    }
    return { signals, kept, superseded: overdue.size - kept.length };
  }

  private unackedSignals(): number[] {
    const signals: number[] = [];
    this.newestIn.forEach((counter, signal) => {
      if (this.sentAt.has(counter)) signals.push(signal);
    });
    return signals;
  }
}
