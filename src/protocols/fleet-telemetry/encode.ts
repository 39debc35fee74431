import { ENUM_NAMES } from './enum-names.js';
import { fieldNumber } from './field-names.js';
import { type ValueInput, writeValue } from './value-encoding.js';
import { WireWriter } from './wire-writer.js';

// Records as a vehicle sends them, and as the server makes them (FT-CON-2). Fields that hold their default are left
// out, as proto3 asks. A name that the schema does not have is a mistake of the caller and throws.

const AUDIENCES: readonly string[] = ENUM_NAMES.get('Audience') ?? [];

/** One signal. */
export interface DatumInput {
  /** Name or number of the signal. */
  readonly key: string | number;
  /** One member, e.g. `{ floatValue: 12.3 }`; absent for a datum without value. */
  readonly value?: ValueInput;
}

export interface VehicleDataInput {
  readonly data: readonly DatumInput[];
  /** Epoch milliseconds; fractions are kept to the nanosecond. */
  readonly createdAtMs: number;
  readonly vin: string;
  /** Whether these are the latest values of signals that were sent before and not acked. @default false */
  readonly isResend?: boolean;
}

export interface AlertInput {
  readonly name: string;
  readonly audiences?: readonly ('Unknown' | 'Customer' | 'Service' | 'ServiceFix')[];
  readonly startedAtMs?: number;
  /** Absent while the alert is active. */
  readonly endedAtMs?: number;
}

export interface VehicleAlertsInput {
  readonly alerts: readonly AlertInput[];
  readonly createdAtMs: number;
  readonly vin: string;
}

export interface ErrorInput {
  readonly name: string;
  readonly body?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly createdAtMs?: number;
}

export interface VehicleErrorsInput {
  readonly errors: readonly ErrorInput[];
  readonly createdAtMs: number;
  readonly vin: string;
}

export interface ConnectivityInput {
  readonly vin: string;
  readonly connectionId: string;
  readonly status: 'CONNECTED' | 'DISCONNECTED';
  readonly createdAtMs: number;
  /** Header `X-Network-Interface`; empty if there was none. */
  readonly networkInterface: string;
}

/** A payload of topic `V`. */
export function encodeVehicleData({ data, createdAtMs, vin, isResend = false }: VehicleDataInput): Uint8Array {
  const writer = new WireWriter();
  for (const { key, value } of data) {
    writer.message(1, () => {
      const number = typeof key === 'number' ? key : fieldNumber(key);
      if (number === undefined) throw new TypeError(`no signal ${key}`);
      if (number !== 0) writer.int32(1, number);
      if (value !== undefined) writer.message(2, () => writeValue(writer, value));
    });
  }
  writeTime(writer, 2, createdAtMs);
  writeText(writer, 3, vin);
  if (isResend) writer.bool(4, true);
  return writer.finish();
}

/** A payload of topic `alerts`. */
export function encodeAlerts({ alerts, createdAtMs, vin }: VehicleAlertsInput): Uint8Array {
  const writer = new WireWriter();
  for (const { name, audiences = [], startedAtMs, endedAtMs } of alerts) {
    writer.message(1, () => {
      writeText(writer, 1, name);
      if (audiences.length > 0) {
        writer.message(2, () => {
          for (const audience of audiences) writer.bareVarint(AUDIENCES.indexOf(audience));
        });
      }
      writeTime(writer, 3, startedAtMs);
      writeTime(writer, 4, endedAtMs);
    });
  }
  writeTime(writer, 2, createdAtMs);
  writeText(writer, 3, vin);
  return writer.finish();
}

/** A payload of topic `errors`. */
export function encodeErrors({ errors, createdAtMs, vin }: VehicleErrorsInput): Uint8Array {
  const writer = new WireWriter();
  for (const { name, body = '', tags = {}, createdAtMs: errorAtMs } of errors) {
    writer.message(1, () => {
      writeTime(writer, 1, errorAtMs);
      writeText(writer, 2, name);
      for (const [tag, text] of Object.entries(tags)) {
        writer.message(3, () => {
          writer.text(1, tag);
          writer.text(2, text);
        });
      }
      writeText(writer, 4, body);
    });
  }
  writeTime(writer, 2, createdAtMs);
  writeText(writer, 3, vin);
  return writer.finish();
}

/** A payload of topic `connectivity`, as the server makes one when a vehicle comes or goes (FT-CON-2). */
export function encodeConnectivity(record: ConnectivityInput): Uint8Array {
  const writer = new WireWriter();
  writeText(writer, 1, record.vin);
  writeText(writer, 2, record.connectionId);
  writer.int32(3, record.status === 'CONNECTED' ? 1 : 2);
  writeTime(writer, 4, record.createdAtMs);
  writeText(writer, 5, record.networkInterface);
  return writer.finish();
}

function writeText(writer: WireWriter, field: number, text: string): void {
  if (text !== '') writer.text(field, text);
}

function writeTime(writer: WireWriter, field: number, epochMs: number | undefined): void {
  if (epochMs === undefined) return;
  const seconds = Math.floor(epochMs / 1000);
  const nanos = Math.floor((epochMs - seconds * 1000) * 1_000_000);
  writer.message(field, () => {
    if (seconds !== 0) writer.int64(1, seconds);
    if (nanos !== 0) writer.int32(2, nanos);
  });
}
