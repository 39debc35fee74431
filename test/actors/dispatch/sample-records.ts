import type { RecordFormats } from '../../../src/actors/dispatch/dispatcher.js';
import type { FleetRecord } from '../../../src/actors/dispatch/record.js';

/** A record whose number can be found again at any destination. */
export function sampleRecord(number: number, changes: Partial<FleetRecord> = {}): FleetRecord {
  return {
    type: 'V',
    vehicle: 'VIN0001',
    at: 0,
    receivedAt: 1_700_000_000_000 + number,
    metadata: { vin: 'VIN0001', txid: `tx-${number}` },
    payload: Buffer.from(`payload ${number}`),
    ...changes,
  };
}

export const sampleRecords = (from: number, to: number): FleetRecord[] =>
  Array.from({ length: to - from + 1 }, (_, index) => sampleRecord(from + index));

export const numberOf = (txid: string): number => Number(txid.slice('tx-'.length));

export const UNPRINTABLE = 'unprintable';

const refusal = { ok: false, error: { code: 'SAMPLE_UNPRINTABLE', detail: 'this record has no form' } } as const;

/** Forms that carry the record's number and its payload; records of type {@link UNPRINTABLE} have none. */
export const sampleFormats: RecordFormats = {
  json: ({ type, vehicle, metadata, payload }) =>
    type === UNPRINTABLE
      ? refusal
      : {
          ok: true,
          value: JSON.stringify({ vehicle, txid: metadata['txid'], payload: Buffer.from(payload).toString('base64') }),
        },
  mqtt: ({ type, vehicle, metadata, payload }) =>
    type === UNPRINTABLE
      ? refusal
      : {
          ok: true,
          value: ['a', 'b'].map((part) => ({
            topic: `${encodeURIComponent(vehicle)}/${part}`,
            body: JSON.stringify({ txid: metadata['txid'], payload: Buffer.from(payload).toString('base64') }),
          })),
        },
  redis: ({ type, vehicle, metadata, payload }) =>
    type === UNPRINTABLE
      ? refusal
      : {
          ok: true,
          value: {
            channel: `fleet_${type}_{${vehicle}}`,
            subscribers: `wanted_fleet_${type}_{${vehicle}}`,
            body: Buffer.from(
              JSON.stringify({ txid: metadata['txid'], payload: Buffer.from(payload).toString('base64') }),
            ),
          },
        },
  topic: ({ type, vehicle, metadata, payload }) =>
    type === UNPRINTABLE
      ? refusal
      : {
          ok: true,
          value: {
            topic: `fleet_${type}`,
            body: Buffer.from(
              JSON.stringify({ vehicle, txid: metadata['txid'], payload: Buffer.from(payload).toString('base64') }),
            ),
          },
        },
  attributes: ({ metadata }) => ({ ok: true, value: metadata }),
  logLines: ({ type, vehicle, metadata, payload }) =>
    type === UNPRINTABLE
      ? refusal
      : {
          ok: true,
          value: [
            {
              level: 'info',
              message: 'record_payload',
              fields: { vin: vehicle, metadata, data: Buffer.from(payload).toString('base64') },
            },
          ],
        },
};
