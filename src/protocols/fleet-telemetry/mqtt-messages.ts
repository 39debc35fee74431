import { readRecord } from './decode.js';
import { enumText } from './enum-names.js';
import { fieldName } from './field-names.js';
import { exactInteger } from './integers.js';
import { isKnownTopic } from './messages.js';
import { signalBody } from './mqtt-values.js';
import { PayloadFault, type PayloadResult, payloadResult, unknownTopic } from './payload-result.js';
import type {
  Timestamp,
  Value,
  VehicleAlert,
  VehicleAlerts,
  VehicleConnectivity,
  VehicleData,
  VehicleErrors,
  VehicleRecord,
} from './record-types.js';
import { secondsText } from './timestamps.js';

export interface MqttMessage {
  readonly topic: string;
  /** JSON. */
  readonly body: string;
}

export interface MqttForm {
  /** What all topics begin with, without slash at its end. */
  readonly topicBase: string;
  /** VIN of the certificate. */
  readonly vin: string;
  /** Whether an invalid signal is published as `null`, as the reference does, or not at all. */
  readonly invalid: 'null' | 'omit';
}

const LONGEST_TOPIC_BYTES = 65_535;

/**
 * A record as MQTT messages: one for each signal, alert and error (FT-MQ-4 to FT-MQ-9), in the order of the record.
 * A topic without a protobuf message is an error, as nothing of it can be published (FT-MQ-8); so are a signal that is
 * NaN or infinite (FT-MQ-10) and a name too long for a topic. Never throws.
 */
export function mqttMessages(
  topic: string,
  payload: Uint8Array,
  form: MqttForm,
): PayloadResult<readonly MqttMessage[]> {
  if (!isKnownTopic(topic)) return unknownTopic(topic);
  return payloadResult(() => {
    const base = `${form.topicBase}/${topicLevel(form.vin)}`;
    return messagesOf(readRecord(topic, payload), base, form.invalid);
  });
}

function messagesOf(record: VehicleRecord, base: string, invalid: MqttForm['invalid']): MqttMessage[] {
  switch (record.topic) {
    case 'V':
      return signalMessages(record.message, `${base}/v`, invalid);
    case 'alerts':
      return alertMessages(record.message, `${base}/alerts`);
    case 'errors':
      return errorMessages(record.message, `${base}/errors`);
    case 'connectivity':
      return [connectivityMessage(record.message, `${base}/connectivity`)];
  }
}

/** FT-MQ-4. A datum without value says nothing and is skipped, where the reference loses the connection. */
function signalMessages({ data }: VehicleData, base: string, invalid: MqttForm['invalid']): MqttMessage[] {
  const values = new Map<number, Value>();
  for (const { key, value } of data) {
    if (value !== null) values.set(key, value);
  }
  const messages: MqttMessage[] = [];
  for (const [key, value] of values) {
    const name = fieldName(key);
    const body = signalBody(name, value, invalid);
    if (body !== undefined) messages.push({ topic: `${base}/${name}`, body });
  }
  return messages;
}

/** FT-MQ-5. */
function alertMessages({ alerts }: VehicleAlerts, base: string): MqttMessage[] {
  const byName = new Map<string, VehicleAlert[]>();
  for (const alert of alerts) {
    const sameName = byName.get(alert.name);
    if (sameName === undefined) byName.set(alert.name, [alert]);
    else sameName.push(alert);
  }
  return [...byName].flatMap(([name, history]) => {
    const topic = namedTopic(base, name);
    const messages = [{ topic: `${topic}/history`, body: JSON.stringify(history.map(alertForm)) }];
    const current = latest(history);
    if (current !== undefined) messages.push({ topic: `${topic}/current`, body: JSON.stringify(alertForm(current)) });
    return messages;
  });
}

/** The alert that started last; of several, the first. */
function latest(alerts: readonly VehicleAlert[]): VehicleAlert | undefined {
  let found: VehicleAlert | undefined;
  let foundStart: Timestamp | undefined;
  for (const alert of alerts) {
    const { startedAt } = alert;
    if (startedAt !== null && (foundStart === undefined || isAfter(startedAt, foundStart))) {
      found = alert;
      foundStart = startedAt;
    }
  }
  return found;
}

function isAfter(left: Timestamp, right: Timestamp): boolean {
  const leftSeconds = exactInteger(left.seconds);
  const rightSeconds = exactInteger(right.seconds);
  return leftSeconds > rightSeconds || (leftSeconds === rightSeconds && left.nanos > right.nanos);
}

function alertForm({ audiences, startedAt, endedAt }: VehicleAlert): Record<string, unknown> {
  return {
    Audiences: audiences.length === 0 ? null : audiences.map((audience) => enumText('Audience', audience)),
    ...(endedAt !== null && { EndedAt: secondsText(endedAt) }),
    ...(startedAt !== null && { StartedAt: secondsText(startedAt) }),
  };
}

/** FT-MQ-6. */
function errorMessages({ errors }: VehicleErrors, base: string): MqttMessage[] {
  return errors.map(({ name, body, tags, createdAt }) => {
    const form = {
      Body: body,
      ...(createdAt !== null && { CreatedAt: secondsText(createdAt) }),
      Tags: Object.keys(tags).length === 0 ? null : tags,
    };
    return { topic: namedTopic(base, name), body: JSON.stringify(form) };
  });
}

/** FT-MQ-7. */
function connectivityMessage({ connectionId, status, createdAt }: VehicleConnectivity, topic: string): MqttMessage {
  const form = {
    ConnectionId: connectionId,
    CreatedAt: secondsText(createdAt),
    Status: enumText('ConnectivityEvent', status),
  };
  return { topic, body: JSON.stringify(form) };
}

function namedTopic(base: string, name: string): string {
  const topic = `${base}/${topicLevel(name)}`;
  if (Buffer.byteLength(topic) + '/history'.length > LONGEST_TOPIC_BYTES) {
    throw new PayloadFault({ code: 'PAYLOAD_NAME_TOO_LONG', detail: `name of ${name.length} characters` });
  }
  return topic;
}

/** A name as one level of a topic: what would split it, be a wildcard or not be allowed is percent-encoded (FT-MQ-9). */
function topicLevel(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass
  return name.replace(/[%/+#\u0000-\u001f\u007f]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
