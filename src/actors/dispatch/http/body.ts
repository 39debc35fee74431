import { createHash } from 'node:crypto';
import type { Result } from '../../../protocols/result.js';
import type { RecordFormats } from '../dispatcher.js';
import { delimitedProtobuf, jsonLines } from '../file/framing.js';
import { encodeRecord, type FleetRecord } from '../record.js';

/** A record as it stands in the body of a request. */
export interface Part {
  /** Index in the batch. */
  readonly index: number;
  /** Of the record, the same whenever it is sent. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** How records stand in a body: one after another, so that any run of them is a body too. */
export interface BodyFormat {
  readonly contentType: string;
  encode(record: FleetRecord, id: string): Result<Uint8Array>;
}

/** One JSON document a line; the id of its record is its first member. */
export function jsonBody(formats: RecordFormats): BodyFormat {
  return {
    contentType: 'application/x-ndjson',
    encode: (record, id) => {
      const withId = (each: FleetRecord): Result<string> => {
        const json = formats.json(each);
        return json.ok ? { ok: true, value: json.value.replace(/^\{(?=("|\}))/, opening(id)) } : json;
      };
      return jsonLines({ ...formats, json: withId }).encode(record);
    },
  };
}

const opening =
  (id: string) =>
  (_: string, next: string): string =>
    next === '}' ? `{"id":"${id}"` : `{"id":"${id}",`;

/** Messages `fleetchart.Record`, each behind its length; the id of the record is in its metadata. */
export const protobufBody: BodyFormat = {
  contentType: 'application/x-protobuf',
  encode: (record, id) => {
    const { type, vehicle, at, receivedAt, payload, metadata } = record;
    return delimitedProtobuf.encode({
      type,
      vehicle,
      at,
      receivedAt,
      payload,
      metadata: { ...metadata, record_id: id },
    });
  },
};

/** Told by its content, which with the time of its receipt no two records share. */
export function recordId(record: FleetRecord): string {
  return createHash('sha256').update(encodeRecord(record)).digest('base64url').slice(0, 22);
}

/** The same for the same records in the same order. */
export function batchId(parts: readonly Part[]): string {
  const hash = createHash('sha256');
  for (const { id } of parts) hash.update(id);
  return hash.digest('base64url').slice(0, 22);
}

/** Divides a run of records into requests; what is larger than a request goes alone. */
export function inRequests(parts: readonly Part[], maxRecords: number, maxBytes: number): Part[][] {
  const requests: Part[][] = [];
  let bytes = 0;
  for (const part of parts) {
    const last = requests.at(-1);
    if (last && last.length < maxRecords && bytes + part.bytes.length <= maxBytes) {
      last.push(part);
      bytes += part.bytes.length;
    } else {
      requests.push([part]);
      bytes = part.bytes.length;
    }
  }
  return requests;
}
