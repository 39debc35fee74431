/** What goes into one PutRecords request, and what of it has to go again. */
import type { PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import type { FleetRecord } from '../record.js';

/** Most of one request, and most bytes of it and of a record with their partition keys. */
export const MOST_RECORDS = 500;
export const MOST_BYTES = 5 * 1024 * 1024;
const MOST_RECORD_BYTES = 1024 * 1024;
const LONGEST_KEY = 256;

const LONE_SURROGATE = /\p{Surrogate}/u;

export interface Entry {
  /** In the batch of the dispatcher. */
  readonly index: number;
  /** Its vehicle is the partition key, so that a vehicle's records are in one shard. */
  readonly record: FleetRecord;
  readonly data: Uint8Array;
  /** Of data and key. */
  readonly bytes: number;
}

/** An entry, or why the service would refuse the whole request over it. */
export function entryOf(index: number, record: FleetRecord, data: Uint8Array): Entry | string {
  const { vehicle } = record;
  const bytes = data.length + Buffer.byteLength(vehicle);
  if (vehicle === '') return 'DISPATCH_KINESIS_REFUSED: a record without a vehicle has no partition key';
  if ([...vehicle].length > LONGEST_KEY || LONE_SURROGATE.test(vehicle)) {
    return `DISPATCH_KINESIS_REFUSED: the vehicle's id is no partition key: up to ${LONGEST_KEY} characters`;
  }
  if (bytes > MOST_RECORD_BYTES) {
    return `DISPATCH_KINESIS_TOO_LARGE: ${bytes} bytes with the partition key; a record has at most ${MOST_RECORD_BYTES}`;
  }
  return { index, record, data, bytes };
}

/** Where a record is in its stream. */
export interface StreamPlace {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** An entry that the service has. */
export interface Taken {
  readonly entry: Entry;
  readonly place: StreamPlace;
}

export interface Sifted {
  readonly taken: readonly Taken[];
  /** To be put again, in order: those that failed, and with each all of its vehicle behind it, so that the last copies of a
   *  vehicle's records stand in order in its shard. */
  readonly again: readonly Entry[];
  /** Of the first that failed. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

/** Sorts the entries of a request by their results; one without a result failed. */
export function sift(entries: readonly Entry[], results: readonly PutRecordsResultEntry[]): Sifted {
  const taken: Taken[] = [];
  const again: Entry[] = [];
  const behind = new Set<string>();
  let failure: Sifted['failure'];
  for (const [at, entry] of entries.entries()) {
    const result = results[at];
    if (!result || result.ErrorCode) {
      failure ??= { code: result?.ErrorCode ?? 'NoResult', message: result?.ErrorMessage ?? 'no result' };
      behind.add(entry.record.vehicle);
    }
    if (behind.has(entry.record.vehicle)) again.push(entry);
    else taken.push({ entry, place: { shardId: result?.ShardId ?? '', sequenceNumber: result?.SequenceNumber ?? '' } });
  }
  return { taken, again, failure };
}
