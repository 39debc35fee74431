import {
  decodedJson,
  decodedPayload,
  isKnownTopic,
  logLines,
  mqttMessages,
  subscriberSet,
  topicName,
  vinChannel,
} from '../../protocols/fleet-telemetry/index.js';
import type { TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import type { Result } from '../../protocols/result.js';
import type { FleetRecord, RecordFormats } from '../dispatch/index.js';

/** The topic of records of a type, at destinations that have topics. */
export const recordTopic = (namespace: string, type: string): string => topicName(namespace, type);

/** What a telemetry record looks like at each kind of destination (sections 5 and 6). */
export function telemetryFormats({ dispatchers, namespace, transmitDecodedRecords }: TelemetrySettings): RecordFormats {
  const verbose = dispatchers.logger?.verbose ?? false;
  const invalid = dispatchers.mqtt?.nullForInvalid === false ? 'omit' : 'null';
  const bodyOf = ({ type, payload }: FleetRecord): Result<Uint8Array> =>
    transmitDecodedRecords ? decodedPayload(type, payload) : { ok: true, value: payload };
  return {
    json: (record) => {
      const data = dataJson(record);
      return data.ok ? { ok: true, value: jsonLine(record, data.value) } : data;
    },
    mqtt: (record) => {
      const messages = mqttMessages(record.type, record.payload, { topicBase: '', vin: record.vehicle, invalid });
      if (!messages.ok) return messages;
      // Without a base the topic begins with a slash.
      return { ok: true, value: messages.value.map(({ topic, body }) => ({ topic: topic.slice(1), body })) };
    },
    redis: (record) => {
      const body = bodyOf(record);
      if (!body.ok) return body;
      const channel = vinChannel(namespace, record.type, record.vehicle);
      const subscribers = subscriberSet(dispatchers.redis?.subscriberSetPrefix ?? '', channel);
      return { ok: true, value: { channel, subscribers, body: body.value } };
    },
    topic: (record) => {
      const body = bodyOf(record);
      return body.ok ? { ok: true, value: { topic: recordTopic(namespace, record.type), body: body.value } } : body;
    },
    attributes: (record) => ({ ok: true, value: metadataOf(record) }),
    logLines: (record) => ({
      ok: true,
      value: logLines(record.type, record.payload, record.vehicle, metadataOf(record), { verbose }),
    }),
  };
}

/** The reference's metadata of a record (section 4.1), the same for every destination that carries it. */
function metadataOf({ type, vehicle, receivedAt, metadata }: FleetRecord): Record<string, string> {
  return {
    vin: vehicle,
    receivedat: String(receivedAt),
    timestamp: '0',
    txid: Buffer.from(metadata['txid'] ?? '', 'latin1').toString('utf8'),
    txtype: type,
    version: '0',
    device_client_version: metadata['device_client_version'] ?? '',
  };
}

/** Data of topics without a protobuf message stand as base64: nothing is lost (FT-TX-6). */
function dataJson({ type, payload }: FleetRecord): ReturnType<typeof decodedJson> {
  if (isKnownTopic(type)) return decodedJson(type, payload);
  const base64 = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64');
  return { ok: true, value: `"${base64}"` };
}

/** One line of a JSON Lines file. */
function jsonLine(record: FleetRecord, data: string): string {
  const { type, vehicle, at, receivedAt, metadata } = record;
  const txid = Buffer.from(metadata['txid'] ?? '', 'latin1').toString('utf8');
  const facts = JSON.stringify({ type, vin: vehicle, createdAt: at, receivedAt, txid });
  return `${facts.slice(0, -1)},"data":${data}}`;
}
