import { readRecord } from './decode.js';
import { ENUM_NAMES } from './enum-names.js';
import { JsonWriter } from './json-writer.js';
import { isKnownTopic, type KnownTopic } from './messages.js';
import { type PayloadResult, payloadResult, unknownTopic } from './payload-result.js';
import type { Timestamp, VehicleAlerts, VehicleConnectivity, VehicleErrors } from './record-types.js';
import { protojsonTime } from './timestamps.js';
import { writeVehicleData } from './vehicle-data-json.js';

const writer = new JsonWriter();

/**
 * A record in the JSON form of 6.1 (protojson, FT-JS-1 to FT-JS-8), as one line of text. Refuses what `preparePayload`
 * refuses, topics without a protobuf message, and times out of range (FT-JS-6). Never throws.
 */
export function decodedJson(topic: string, payload: Uint8Array): PayloadResult<string> {
  if (!isKnownTopic(topic)) return unknownTopic(topic);
  return payloadResult(() => {
    if (topic !== 'V') return rareRecordJson(topic, payload);
    writeVehicleData(writer, payload);
    return writer.toText();
  });
}

/**
 * The payload under `transmit_decoded_records`: the same JSON as UTF-8, which for topic `V` is cheaper than the text. A
 * topic without a protobuf message passes through, where the reference loses its data (FT-TX-6).
 */
export function decodedPayload(topic: string, payload: Uint8Array): PayloadResult<Uint8Array> {
  if (!isKnownTopic(topic)) return { ok: true, value: payload };
  return payloadResult(() => {
    if (topic !== 'V') return Buffer.from(rareRecordJson(topic, payload));
    writeVehicleData(writer, payload);
    return writer.toBytes();
  });
}

function rareRecordJson(topic: Exclude<KnownTopic, 'V'>, payload: Uint8Array): string {
  const record = readRecord(topic, payload);
  switch (record.topic) {
    case 'alerts':
      return JSON.stringify(alertsForm(record.message));
    case 'errors':
      return JSON.stringify(errorsForm(record.message));
    case 'connectivity':
      return JSON.stringify(connectivityForm(record.message));
  }
}

function alertsForm({ alerts, createdAt, vin }: VehicleAlerts): unknown {
  return {
    alerts: alerts.map((alert) => ({
      name: alert.name,
      audiences: alert.audiences.map((audience) => enumForm('Audience', audience)),
      startedAt: timeForm(alert.startedAt),
      endedAt: timeForm(alert.endedAt),
    })),
    createdAt: timeForm(createdAt),
    vin,
  };
}

function errorsForm({ errors, createdAt, vin }: VehicleErrors): unknown {
  return {
    errors: errors.map((error) => ({
      createdAt: timeForm(error.createdAt),
      name: error.name,
      tags: error.tags,
      body: error.body,
    })),
    createdAt: timeForm(createdAt),
    vin,
  };
}

function connectivityForm({ vin, connectionId, status, createdAt, networkInterface }: VehicleConnectivity): unknown {
  return {
    vin,
    connectionId,
    status: enumForm('ConnectivityEvent', status),
    createdAt: timeForm(createdAt),
    networkInterface,
  };
}

function timeForm(time: Timestamp | null): string | null {
  return time === null ? null : protojsonTime(time);
}

/** FT-JS-3. */
function enumForm(type: string, number: number): string | number {
  return ENUM_NAMES.get(type)?.[number] ?? number;
}
