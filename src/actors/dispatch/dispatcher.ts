import type { Result } from '../../protocols/result.js';
import type { FleetchartError } from '../../runtime/errors.js';
import type { FleetRecord } from './record.js';

/** A record that the destination will never take; it becomes a dead letter and the others go on. */
export interface Refusal {
  /** Index in the batch. */
  readonly index: number;
  readonly reason: string;
}

/** What became of a batch. */
export interface Delivery {
  /** How many records from the start of the batch are settled: confirmed, or listed in `refused`. */
  readonly delivered: number;
  /** Those among the settled ones that were refused. */
  readonly refused?: readonly Refusal[];
  /** Why the rest was not delivered. The destination counts as lost then and the rest is delivered again. */
  readonly failure?: FleetchartError;
}

/**
 * What a confirmation is worth. Only `stored` and, as in the reference, `relayed` may be the source of a reliable
 * acknowledgement (FT-ACK-2, FT-MQ-11).
 * - `stored`: the destination has the record and keeps it.
 * - `relayed`: the destination has passed it on to those who listened, if any did, and keeps nothing.
 * - `sent`: it was handed over on a connection that was up; whether it arrived is not known.
 * - `shown`: it was written for people.
 */
export type Confirmation = 'stored' | 'relayed' | 'sent' | 'shown';

/**
 * A destination of records. It assumes nothing of where they come from: what a record looks like there is told by
 * {@link RecordFormats}. Each implementation passes `test/actors/dispatch/abstract-suite.ts`.
 */
export interface Dispatcher {
  /** `logger`, `file`, `kafka`, `mqtt`, `redis`, `kinesis`, `pubsub`, `zmq`, `http`. */
  readonly kind: string;
  readonly confirmation: Confirmation;
  /**
   * Whether one record may bring the open destination down without being named as the cause, as a publication does
   * on which a broker ends the connection. Then it is refused after some failures in a row (PUMP-4).
   */
  readonly blamable?: boolean;
  /** How many {@link deliver} calls it takes at once; their records arrive in the order of the calls. */
  readonly window: number;
  /** Opens the destination, closing what was open before. Rejects with the reason and with what to do about it. */
  connect(signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the destination has confirmed the records, in their order. Records whose confirmation did not come
   * may arrive again: delivery is at least once. Never rejects for a single record. Where a batch takes long,
   * `progress` is told how far it has come: that counts although the rest is given up.
   */
  deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress?: (delivery: Delivery) => void,
  ): Promise<Delivery>;
  /** Closes in an orderly way, or hard once `deadlineMs` have passed. Without an open destination it does nothing. */
  close(deadlineMs: number): Promise<void>;
  /** Calls back when an open destination is lost. Returns how to stop listening. */
  onLost(callback: (error: FleetchartError) => void): () => void;
}

/** One line for people. */
export interface LogLine {
  readonly level: 'info' | 'error';
  /** A constant text; what varies stands in `fields`. */
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface MqttMessage {
  /** Below the dispatcher's topic base, without a leading slash; names in it are percent-encoded (FT-MQ-9). */
  readonly topic: string;
  readonly body: string;
}

/** Where a record goes on Redis (FT-RED-1, FT-RED-2). */
export interface RedisMessage {
  /** Of its vehicle. */
  readonly channel: string;
  /** Key of the sorted set that names the other channels. */
  readonly subscribers: string;
  readonly body: Uint8Array;
}

/** A record at a destination that has topics. */
export interface TopicMessage {
  readonly topic: string;
  readonly body: Uint8Array;
}

/** What a record looks like at a destination. The composition passes it in; a failure refuses the one record. */
export interface RecordFormats {
  /** One JSON document on one line. */
  readonly json: (record: FleetRecord) => Result<string>;
  /** Any number of messages, none included; a record is confirmed when all are. */
  readonly mqtt: (record: FleetRecord) => Result<readonly MqttMessage[]>;
  readonly redis: (record: FleetRecord) => Result<RedisMessage>;
  readonly topic: (record: FleetRecord) => Result<TopicMessage>;
  /** For destinations that carry them beside the body. */
  readonly attributes: (record: FleetRecord) => Result<Readonly<Record<string, string>>>;
  readonly logLines: (record: FleetRecord) => Result<readonly LogLine[]>;
}
