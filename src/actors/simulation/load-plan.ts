import type { Clock } from '../../runtime/index.js';
import type { FrameBatch } from './frame-batch.js';
import type { Pacer } from './pacer.js';
import type { Topic } from './record-mix.js';
import type { Signal } from './signals.js';
import type { Statistics } from './statistics.js';

/** How many records are still to be made, by all vehicles together; resends do not count. */
export class RecordBudget {
  constructor(private left: number) {}

  get isSpent(): boolean {
    return this.left <= 0;
  }

  /** False when there is none left. */
  take(): boolean {
    if (this.left <= 0) return false;
    this.left -= 1;
    return true;
  }

  /** No records any more. */
  end(): void {
    this.left = 0;
  }
}

/** What the vehicles of a simulation share. */
export interface LoadPlan {
  readonly clock: Clock;
  /** Monotonic milliseconds at which the drives began. */
  readonly startedAt: number;
  readonly signals: readonly Signal[];
  /** Which of the signals go into a vehicle's records, one after another. */
  readonly rotations: readonly (readonly number[])[];
  readonly payloadBytes: number;
  /** Between the records of a vehicle; 0: as fast as the window lets. */
  readonly intervalMs: number;
  /** Un-acked records of a vehicle, at most. */
  readonly window: number;
  readonly resendAfterMs: number;
  /** Full for so long, a window is news for the chart. */
  readonly fullAfterMs: number;
  readonly drawTopic: (uniform: () => number) => Topic;
  /** Byte that frames are masked with. */
  readonly mask: number;
  /** A server that sends each message back, as one to compare with does, has acked it. */
  readonly countsEcho: boolean;
  readonly budget: RecordBudget;
  /** Calls pumps while they have a connection. */
  readonly pacer: Pick<Pacer, 'add'>;
  readonly batch: FrameBatch;
  readonly statistics: Statistics;
  /** Told of each ack, for tests of what a server that crashed had promised. */
  readonly onAcked: ((vin: string, txid: string, topic: Topic) => void) | undefined;
}
