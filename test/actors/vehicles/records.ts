import type { FleetRecord } from '../../../src/actors/dispatch/index.js';
import { PASSED_OVER } from '../../../src/actors/telemetry/events.js';
import {
  encodeAlerts,
  encodeErrors,
  encodeVehicleData,
  type ValueInput,
} from '../../../src/protocols/fleet-telemetry/index.js';
import { START } from '../../fakes/runtime.js';

export const VIN = '5YJ3E1EA7KF000001';
const PREFIX = '78ae54a58800468194dc95';

/** A transaction id of the form that vehicles use (FT-CLI-2). */
export const txid = (count: number, prefix = PREFIX): string => `${prefix}-${String(count).padStart(9, '0')}`;

export interface RecordFacts {
  /** Milliseconds after {@link START}. */
  readonly received?: number;
  /** Likewise, by the clock of the vehicle. @default as received */
  readonly created?: number;
  readonly txid?: string;
  readonly origin?: string;
  readonly isResend?: boolean;
  readonly vin?: string;
}

function record(type: string, payload: Uint8Array, facts: RecordFacts): FleetRecord {
  const { received = 0, created = received, origin = 'c1', vin = VIN } = facts;
  return {
    type,
    vehicle: vin,
    at: START + created,
    receivedAt: START + received,
    metadata: { txid: facts.txid ?? '' },
    origin,
    payload: Buffer.from(payload),
  };
}

export function dataRecord(values: Readonly<Record<string, ValueInput>>, facts: RecordFacts = {}): FleetRecord {
  const data = Object.entries(values).map(([key, value]) => ({ key, value }));
  const { received = 0, created = received, isResend = false } = facts;
  return record('V', encodeVehicleData({ data, createdAtMs: START + created, vin: VIN, isResend }), facts);
}

export function alertRecord(
  name: string,
  startedAtMs: number,
  endedAtMs?: number,
  facts: RecordFacts = {},
): FleetRecord {
  const alert = { name, startedAtMs, ...(endedAtMs === undefined ? {} : { endedAtMs }) };
  return record('alerts', encodeAlerts({ alerts: [alert], createdAtMs: START, vin: VIN }), facts);
}

/** What a message of another topic leaves in the spool (FT-AUTH-3). */
export const passedOver = (facts: RecordFacts): FleetRecord => record(PASSED_OVER, Buffer.alloc(0), facts);

export function errorRecord(name: string, createdAtMs: number, body = '', facts: RecordFacts = {}): FleetRecord {
  const errors = [{ name, body, createdAtMs, tags: { tag: 'x'.repeat(1_000) } }];
  return record('errors', encodeErrors({ errors, createdAtMs: START, vin: VIN }), facts);
}
