import type { Delivery, Dispatcher } from '../../src/actors/dispatch/dispatcher.js';
import type { FleetRecord } from '../../src/actors/dispatch/record.js';
import type { FleetchartError } from '../../src/runtime/errors.js';

/** One batch that a {@link FakeDestination} was given. */
export interface FakeBatch {
  readonly records: readonly FleetRecord[];
  readonly txids: readonly (string | undefined)[];
  readonly signal: AbortSignal;
  /** Confirms all, unless told otherwise. */
  readonly answer: (delivery?: Delivery) => void;
  /** Says how far it has come. */
  readonly progress: (delivery: Delivery) => void;
  readonly fail: (error: Error) => void;
}

/** A destination whose answers the test gives, or `respond` does. */
export class FakeDestination implements Dispatcher {
  readonly kind = 'fake';
  readonly confirmation = 'stored';
  readonly batches: FakeBatch[] = [];
  blamable = false;
  connects = 0;
  closes: number[] = [];
  private readonly listeners = new Set<(error: FleetchartError) => void>();

  constructor(
    readonly window = 1,
    private readonly respond?: (batch: FakeBatch) => void,
  ) {}

  async connect(): Promise<void> {
    this.connects++;
  }

  deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    return new Promise((resolve, reject) => {
      const batch: FakeBatch = {
        records,
        txids: records.map(({ metadata }) => metadata['txid']),
        signal,
        answer: (delivery = { delivered: records.length }) => resolve(delivery),
        fail: reject,
        progress,
      };
      this.batches.push(batch);
      this.respond?.(batch);
    });
  }

  async close(deadlineMs: number): Promise<void> {
    this.closes.push(deadlineMs);
  }

  onLost(callback: (error: FleetchartError) => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  lose(error: FleetchartError): void {
    for (const listener of [...this.listeners]) listener(error);
  }

  get listening(): number {
    return this.listeners.size;
  }
}
