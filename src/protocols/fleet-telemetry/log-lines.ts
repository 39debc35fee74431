import { readRecord } from './decode.js';
import { enumText } from './enum-names.js';
import { fieldName } from './field-names.js';
import { isKnownTopic } from './messages.js';
import { type PayloadFailure, payloadResult, unknownTopic } from './payload-result.js';
import type { TireLocation, Value, VehicleData, VehicleRecord } from './record-types.js';
import { memberOf, plainValue } from './signal-values.js';
import { epochSeconds, secondsText } from './timestamps.js';
import type { ValueMember } from './value-members.js';

/** One line of the logger dispatcher. A bigint in `fields` is an integer that no number holds exactly (FT-PB-4). */
export interface LogLine {
  readonly level: 'info' | 'error';
  readonly message:
    | 'record_payload'
    | 'record_logging_error'
    | 'unknown_payload_data_type'
    | 'unknown_payload_value_data_type';
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LogOptions {
  /** Whether each signal says of which type its value is (`logger.verbose`). */
  readonly verbose: boolean;
}

/**
 * What the logger dispatcher writes for a record (6.3): one line with its data, before it a line for each signal that
 * has none, or one line saying why there is nothing to write. Never throws.
 */
export function logLines(
  topic: string,
  payload: Uint8Array,
  vin: string,
  metadata: Readonly<Record<string, string>>,
  options: LogOptions,
): readonly LogLine[] {
  if (!isKnownTopic(topic)) return [refusal(vin, metadata, unknownTopic(topic).error)];
  const record = payloadResult(() => readRecord(topic, payload));
  if (!record.ok) return [refusal(vin, metadata, record.error)];
  const lines: LogLine[] = [];
  const data = recordForm(record.value, vin, options.verbose, lines);
  lines.push({ level: 'info', message: 'record_payload', fields: { vin, metadata, data } });
  return lines;
}

function refusal(vin: string, metadata: Readonly<Record<string, string>>, error: PayloadFailure): LogLine {
  return { level: 'error', message: 'record_logging_error', fields: { vin, metadata, error: error.detail } };
}

function recordForm(record: VehicleRecord, vin: string, verbose: boolean, lines: LogLine[]): unknown {
  switch (record.topic) {
    case 'V':
      return signalsForm(record.message, vin, verbose, lines);
    case 'alerts':
      return record.message.alerts.map(({ name, audiences, startedAt, endedAt }) => ({
        Name: name,
        Audiences: audiences.length === 0 ? null : audiences.map((audience) => enumText('Audience', audience)),
        ...(startedAt !== null && { StartedAt: epochSeconds(startedAt) }),
        ...(endedAt !== null && { EndedAt: epochSeconds(endedAt) }),
      }));
    case 'errors':
      return record.message.errors.map(({ name, body, tags, createdAt }) => ({
        Name: name,
        Body: body,
        Tags: Object.keys(tags).length === 0 ? null : tags,
        ...(createdAt !== null && { CreatedAt: epochSeconds(createdAt) }),
      }));
    case 'connectivity': {
      const { connectionId, networkInterface, status, createdAt } = record.message;
      return {
        Vin: vin,
        ConnectionID: connectionId,
        NetworkInterface: networkInterface,
        Status: enumText('ConnectivityEvent', status),
        CreatedAt: epochSeconds(createdAt),
      };
    }
  }
}

function signalsForm(message: VehicleData, vin: string, verbose: boolean, lines: LogLine[]): Record<string, unknown> {
  const form: Record<string, unknown> = {
    Vin: vin,
    CreatedAt: secondsText(message.createdAt),
    IsResend: message.isResend,
  };
  for (const { key, value } of message.data) {
    const name = fieldName(key);
    const member = value === null ? undefined : memberOf(value);
    if (value === null || member?.loggerKey === undefined) {
      const line = value === null ? 'unknown_payload_data_type' : 'unknown_payload_value_data_type';
      lines.push({ level: 'info', message: line, fields: { vin, name } });
    } else {
      const content = valueForm(value, member, vin, verbose);
      form[name] = verbose ? { [member.loggerKey]: content } : content;
    }
  }
  return form;
}

function valueForm(value: Value, member: ValueMember, vin: string, verbose: boolean): unknown {
  if (member.name === 'invalid') return verbose ? true : '<invalid>';
  if (value.tireLocationValue !== undefined) return tiresForm(value.tireLocationValue, vin);
  const plain = plainValue(value, member);
  // A log line has no other way to say NaN and the infinities.
  return typeof plain === 'number' && !Number.isFinite(plain) ? String(plain) : plain;
}

/** A Semi has ten wheels to tell apart; its VIN has a T in fourth place. */
function tiresForm(tires: TireLocation, vin: string): Record<string, boolean> {
  const front = { FrontLeft: tires.frontLeft, FrontRight: tires.frontRight };
  if (vin[3] !== 'T') return { ...front, RearLeft: tires.rearLeft, RearRight: tires.rearRight };
  return {
    ...front,
    SemiMiddleAxleLeft: tires.rearLeft,
    SemiMiddleAxleRight: tires.rearRight,
    SemiMiddleAxleLeft2: tires.semiMiddleAxleLeft2,
    SemiMiddleAxleRight2: tires.semiMiddleAxleRight2,
    SemiRearAxleLeft: tires.semiRearAxleLeft,
    SemiRearAxleRight: tires.semiRearAxleRight,
    SemiRearAxleLeft2: tires.semiRearAxleLeft2,
    SemiRearAxleRight2: tires.semiRearAxleRight2,
  };
}
