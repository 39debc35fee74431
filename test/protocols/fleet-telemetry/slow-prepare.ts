import protobuf from 'protobufjs';
import { rewriteFloatText } from '../../../src/protocols/fleet-telemetry/float-text.js';
import { parseLocation } from '../../../src/protocols/fleet-telemetry/location.js';
import { type KnownTopic, MESSAGES, ROOT_MESSAGES } from '../../../src/protocols/fleet-telemetry/messages.js';
import { parseProtoFiles } from './proto-files.js';

interface SlowDatum {
  readonly key: number;
  readonly value: { stringValue?: string; locationValue?: object } | null;
}

interface SlowTime {
  seconds: bigint | string | number | { toString(): string };
  nanos: number;
}

type SlowMessage = protobuf.Message & {
  vin: string;
  data?: SlowDatum[];
  alerts?: { startedAt: SlowTime | null; endedAt: SlowTime | null }[];
};

const root = parseProtoFiles();

function typeOf(topic: KnownTopic): protobuf.Type {
  const name = ROOT_MESSAGES[topic];
  return root.lookupType(`${MESSAGES[name]?.package}.${name}`);
}

function decode(topic: KnownTopic, payload: Uint8Array): SlowMessage {
  const reader = protobuf.Reader.create(payload);
  reader.discardUnknown = false;
  return typeOf(topic).decode(reader) as SlowMessage;
}

/** The payload decoded and encoded again: equal bytes mean the same message, unknown fields included. */
export function canonical(topic: KnownTopic, payload: Uint8Array): Buffer {
  return Buffer.from(typeOf(topic).encode(decode(topic, payload)).finish());
}

/** Section 4.2 the straightforward way: decode, change, encode. */
export function slowPrepare(topic: KnownTopic, payload: Uint8Array, vin: string): Buffer {
  const message = decode(topic, payload);
  message.vin = vin;
  const location = message.data?.find((datum) => datum.key === 21);
  for (const datum of message.data ?? []) {
    const { value } = datum;
    if (value === null || !Object.hasOwn(value, 'stringValue')) continue;
    const text = value.stringValue as string;
    const position = datum === location ? parseLocation(text) : undefined;
    const number = rewriteFloatText(text);
    if (position !== undefined) {
      delete value.stringValue;
      value.locationValue = position;
    } else if (number !== undefined) value.stringValue = number;
  }
  for (const { startedAt, endedAt } of message.alerts ?? []) {
    for (const time of [startedAt, endedAt]) if (time !== null) correct(time);
  }
  return Buffer.from(typeOf(topic).encode(message).finish());
}

function correct(time: SlowTime): void {
  const milliseconds = BigInt(String(time.seconds));
  if (milliseconds < 315_576_000_000n) return;
  time.seconds = String(milliseconds / 1000n);
  time.nanos = Number(milliseconds % 1000n) * 1_000_000;
}
