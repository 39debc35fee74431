import protobuf from 'protobufjs/light.js';
import { toBigInt } from './integers.js';
import { checkField, messageShape } from './message-shapes.js';
import { TIMESTAMP } from './messages.js';
import type { Int64 } from './record-types.js';
import { createRootTypes } from './schema.js';
import type { WireReader } from './wire.js';

/** From here on the seconds of an alert's time are taken for milliseconds (FT-TX-4): as seconds, the year 11970. */
const SMALLEST_MILLISECONDS = 315_576_000_000n;

const ALERT = messageShape('VehicleAlert');
const TIME = messageShape(TIMESTAMP);
const STARTED_AT_TAG = 0x1a;
const ENDED_AT_TAG = 0x22;
const SECONDS_TAG = 0x08;
/** Of alerts, whose root message is depth 0. */
const ALERT_DEPTH = 1;

interface Time {
  seconds: Int64;
  nanos: number;
}

interface Alert {
  readonly startedAt: Time | null;
  readonly endedAt: Time | null;
}

/**
 * Checks the alert from the reader's position to `end`, and tells whether any of its times may be in milliseconds: a
 * time may come in pieces, of which the last counts. Throws a PayloadFault.
 */
export function hasMilliseconds(reader: WireReader, end: number): boolean {
  let isFound = false;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== STARTED_AT_TAG && tag !== ENDED_AT_TAG) {
      checkField(reader, ALERT, tag, end, ALERT_DEPTH);
      continue;
    }
    const timeEnd = reader.lengthEnd(end);
    while (reader.position < timeEnd) {
      const timeTag = reader.tag(timeEnd);
      if (timeTag === SECONDS_TAG) {
        reader.varint(timeEnd);
        if (toBigInt(reader) >= SMALLEST_MILLISECONDS) isFound = true;
      } else checkField(reader, TIME, timeTag, timeEnd, ALERT_DEPTH + 1);
    }
  }
  return isFound;
}

let alertsType: protobuf.Type | undefined;

/**
 * Puts right the times of alerts that came in milliseconds, in a payload that has been checked. It is decoded and
 * encoded again for that, unknown fields included (FT-PB-1): alerts are rare, and a time may come in pieces.
 */
export function correctAlertTimes(payload: Uint8Array): Uint8Array {
  alertsType ??= createRootTypes({ keepOneof: false }).alerts;
  const reader = protobuf.Reader.create(payload);
  reader.discardUnknown = false;
  const message = alertsType.decode(reader) as protobuf.Message & { readonly alerts: readonly Alert[] };
  for (const { startedAt, endedAt } of message.alerts) {
    if (startedAt !== null) correctTime(startedAt);
    if (endedAt !== null) correctTime(endedAt);
  }
  return alertsType.encode(message).finish();
}

function correctTime(time: Time): void {
  const milliseconds = toBigInt(time.seconds);
  if (milliseconds < SMALLEST_MILLISECONDS) return;
  const seconds = milliseconds / 1000n;
  time.seconds = { low: Number(BigInt.asIntN(32, seconds)), high: Number(seconds >> 32n) };
  time.nanos = Number(milliseconds % 1000n) * 1_000_000;
}
