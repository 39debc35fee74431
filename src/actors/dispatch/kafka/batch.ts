import type { KeyedMessage } from './connection.js';

/** A record on its way to Kafka. */
export interface Part {
  /** Of the record in its delivery. */
  readonly index: number;
  readonly type: string;
  readonly message: KeyedMessage;
  /** Of its payload. */
  readonly payloadBytes: number;
  /** About what it takes in a batch, before compression. */
  readonly bytes: number;
}

/** What a record takes besides key, value and headers, at most, and each header besides its texts. */
const RECORD_BYTES = 36;
const HEADER_BYTES = 6;
/** What a batch of one partition takes besides its records. */
export const BATCH_BYTES = 72;

export function sizeOf(key: Buffer, value: Buffer, headers: Readonly<Record<string, string>>): number {
  let bytes = RECORD_BYTES + key.length + value.length;
  for (const [name, text] of Object.entries(headers)) {
    bytes += HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  return bytes;
}

/** Divides a run of records into batches; what is larger than a batch goes alone. */
export function inBatches(parts: readonly Part[], maxRecords: number, maxBytes: number): Part[][] {
  const batches: Part[][] = [];
  let bytes = 0;
  for (const part of parts) {
    const last = batches.at(-1);
    if (last && last.length < maxRecords && bytes + part.bytes <= maxBytes) {
      last.push(part);
      bytes += part.bytes;
    } else {
      batches.push([part]);
      bytes = BATCH_BYTES + part.bytes;
    }
  }
  return batches;
}

/** Bytes of all of them. */
export const sumOf = (parts: readonly Part[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);
