import type { GroupCommit } from '../store/group-commit.js';
import { pagesOf, prefixEnd } from '../store/row-pages.js';

const ROW_BYTES = 16;
/** A producer is moved to the young end of the order when this share of the map has been heard since. */
const RENEW_AFTER_SHARE = 1 / 8;

interface Producer {
  sequence: number;
  /** Value of the counter of {@link LogProducers.record} when it was last moved to the young end. */
  renewed: number;
}

/**
 * The last sequence number of each producer of a log, so that what a producer repeats is dropped. A row of its own
 * goes in the batch of the entry (DUR-15). Bounded: the producers not heard for longest are forgotten, and a repeat
 * of theirs is stored again.
 */
export class LogProducers {
  private readonly producers = new Map<string, Producer>();
  private readonly prefix: string;
  private recorded = 0;
  /** Goes on from the last one it evicted: a fresh one would step over the holes that they left in the map. */
  private oldest: IterableIterator<string> | undefined;

  constructor(
    private readonly commit: GroupCommit,
    log: string,
    private readonly most: number,
  ) {
    this.prefix = `${log}/producer/`;
  }

  /** Takes up what the run before has stored. */
  async load(): Promise<void> {
    const rows: Array<{ name: string; sequence: number; elapsedMs: number }> = [];
    for await (const page of pagesOf(this.commit, 'positions', this.prefix, prefixEnd(this.prefix))) {
      for (const [key, row] of page) {
        const name = key.slice(this.prefix.length);
        if (row.length === ROW_BYTES)
          rows.push({ name, sequence: row.readDoubleLE(0), elapsedMs: row.readDoubleLE(8) });
      }
    }
    rows.sort((a, b) => a.elapsedMs - b.elapsedMs);
    for (const { name, sequence } of rows) this.remember(name, sequence);
  }

  get size(): number {
    return this.producers.size;
  }

  isRepeat(name: string, sequence: number): boolean {
    const producer = this.producers.get(name);
    return producer !== undefined && sequence <= producer.sequence;
  }

  record(name: string, sequence: number, elapsedMs: number): void {
    const row = Buffer.allocUnsafe(ROW_BYTES);
    row.writeDoubleLE(sequence, 0);
    row.writeDoubleLE(elapsedMs, 8);
    this.commit.put('positions', this.prefix + name, row);
    this.remember(name, sequence);
  }

  private remember(name: string, sequence: number): void {
    const now = ++this.recorded;
    const producer = this.producers.get(name);
    if (!producer) {
      this.producers.set(name, { sequence, renewed: now });
      if (this.producers.size > this.most) this.forgetOldest();
      return;
    }
    producer.sequence = sequence;
    if (now - producer.renewed <= this.most * RENEW_AFTER_SHARE) return;
    producer.renewed = now;
    this.producers.delete(name);
    this.producers.set(name, producer);
  }

  private forgetOldest(): void {
    this.oldest ??= this.producers.keys();
    const next = this.oldest.next();
    if (next.done) {
      this.oldest = undefined;
      return;
    }
    this.producers.delete(next.value);
    this.commit.remove('positions', this.prefix + next.value);
  }
}
