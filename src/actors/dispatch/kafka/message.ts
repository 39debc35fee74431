import type { RequestEntry } from '../requests.js';

/** What a record takes besides key, value and headers, at most, and each header besides its texts. */
const RECORD_BYTES = 36;
const HEADER_BYTES = 6;
/** What a batch of one partition takes besides its records. */
export const BATCH_BYTES = 72;

/** A record on its way to Kafka, as the client library takes messages. */
export class KafkaMessage implements RequestEntry {
  /** About what it takes in a batch, before compression. */
  readonly bytes: number;
  /** Chosen when the library first asks for it (KFC-2). */
  partition?: number;

  constructor(
    /** Of the record in its delivery. */
    readonly index: number,
    readonly type: string,
    readonly key: Buffer,
    readonly value: Buffer,
    readonly headers: Readonly<Record<string, string>>,
    /** Epoch milliseconds; the same for all messages of a delivery. */
    readonly timestamp: string,
  ) {
    let bytes = RECORD_BYTES + key.length + value.length;
    for (const name in headers) {
      bytes += HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(headers[name] as string);
    }
    this.bytes = bytes;
  }
}
