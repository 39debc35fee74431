/**
 * Batches of records, version 2 of Kafka's format: a record is its length, then attributes, differences of time and
 * offset to the batch, key, value and headers. Lengths and differences are varints with the sign in the lowest bit.
 */
import { crc32c } from './crc32c.js';
import type { KafkaMessage } from './message.js';

/** Records are written here, because their length stands in front and is known only then. */
let scratch = Buffer.allocUnsafe(131_072);
/** A scratch buffer that large records made larger than this is not kept. */
const KEPT_SCRATCH_BYTES = 2_097_152;
/** The longest varint here. */
const VARINT_BYTES = 5;

/** Of one partition, as they stand behind the header of their batch, before compression. */
export function encodeRecords(messages: readonly KafkaMessage[]): Buffer {
  let end = 0;
  for (const [offset, message] of messages.entries()) end = putRecord(message, offset, end);
  const records = Buffer.from(scratch.subarray(0, end));
  if (scratch.length > KEPT_SCRATCH_BYTES) scratch = Buffer.allocUnsafe(131_072);
  return records;
}

export interface BatchFacts {
  /** How the records are compressed, by Kafka's number. */
  readonly codec: number;
  readonly count: number;
  /** Of all of its records, epoch milliseconds. */
  readonly timestamp: number;
  /** -1 where batches are not numbered. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
}

const HEADER_BYTES = 61;
/** Up to the checksum, and up to what it is of. */
const CHECKSUM_AT = 17;
const CHECKED_AT = 21;
/** Up to what the length of a batch counts. */
const COUNTED_AT = 12;
const MAGIC = 2;

/** What stands in front of the records. */
export function batchHeader(records: Buffer, facts: BatchFacts): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  const time = BigInt(facts.timestamp);
  header.writeBigInt64BE(0n, 0);
  header.writeInt32BE(HEADER_BYTES - COUNTED_AT + records.length, 8);
  header.writeInt32BE(0, COUNTED_AT);
  header.writeInt8(MAGIC, 16);
  header.writeInt16BE(facts.codec, CHECKED_AT);
  header.writeInt32BE(facts.count - 1, 23);
  header.writeBigInt64BE(time, 27);
  header.writeBigInt64BE(time, 35);
  header.writeBigInt64BE(facts.producerId, 43);
  header.writeInt16BE(facts.producerEpoch, 51);
  header.writeInt32BE(facts.firstSequence, 53);
  header.writeInt32BE(facts.count, 57);
  header.writeUInt32BE(crc32c(records, crc32c(header.subarray(CHECKED_AT))), CHECKSUM_AT);
  return header;
}

function putRecord({ bytes, key, value, headers }: KafkaMessage, offset: number, start: number): number {
  reserve(start, 2 * VARINT_BYTES + bytes);
  // Its length goes in front of it, as long as that turns out to be.
  const body = start + VARINT_BYTES;
  let at = body;
  scratch[at++] = 0;
  scratch[at++] = 0;
  at = putBytes(value, putBytes(key, putVarint(offset, at)));
  const pairsAt = at++;
  let pairs = 0;
  for (const name in headers) {
    at = putText(headers[name] as string, putText(name, at));
    pairs++;
  }
  at = putPairs(pairs, pairsAt, at);
  const length = at - body;
  const from = putVarint(length, start);
  scratch.copyWithin(from, body, at);
  return from + length;
}

function putBytes(bytes: Uint8Array, at: number): number {
  const from = putVarint(bytes.length, at);
  scratch.set(bytes, from);
  return from + bytes.length;
}

function putText(text: string, at: number): number {
  const { length } = text;
  if (length < 64) {
    // For short ASCII a loop is quicker than a call out of JavaScript.
    const target = scratch;
    let next = at + 1;
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      bits |= unit;
      target[next++] = unit;
    }
    if (bits < 0x80) {
      target[at] = length << 1;
      return next;
    }
  }
  const from = putVarint(Buffer.byteLength(text), at);
  return from + scratch.write(text, from);
}

/** Puts the number of headers into the one byte left for it, or makes room for a longer one. */
function putPairs(pairs: number, at: number, end: number): number {
  if (pairs < 64) {
    scratch[at] = pairs << 1;
    return end;
  }
  const longer = putVarint(pairs, end) - end - 1;
  scratch.copyWithin(at + 1 + longer, at + 1, end);
  putVarint(pairs, at);
  return end + longer;
}

function putVarint(value: number, at: number): number {
  let left = value * 2;
  while (left > 0x7f) {
    scratch[at++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  scratch[at++] = left;
  return at;
}

function reserve(at: number, bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}
