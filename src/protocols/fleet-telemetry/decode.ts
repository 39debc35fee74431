import type protobuf from 'protobufjs/light.js';
import { isKnownTopic, type KnownTopic } from './messages.js';
import { regularPayload } from './payload-check.js';
import { type PayloadResult, payloadResult, unknownTopic } from './payload-result.js';
import type { VehicleRecord } from './record-types.js';
import { createRootTypes } from './schema.js';

type RecordOf<Topic extends KnownTopic> = Extract<VehicleRecord, { readonly topic: Topic }>;

let rootTypes: Readonly<Record<KnownTopic, protobuf.Type>> | undefined;

/**
 * A record as an object, for whoever needs its fields. Decoding costs more than all else that the server does with a
 * record, so decode late and once (ING-2). Refuses what `preparePayload` refuses. Never throws.
 */
export function decodeRecord(topic: string, payload: Uint8Array): PayloadResult<VehicleRecord> {
  if (!isKnownTopic(topic)) return unknownTopic(topic);
  return payloadResult(() => readRecord(topic, payload));
}

/** As {@link decodeRecord}, for other decoders of this folder: throws a PayloadFault. */
export function readRecord<Topic extends KnownTopic>(topic: Topic, payload: Uint8Array): RecordOf<Topic> {
  rootTypes ??= createRootTypes({ keepOneof: false });
  const message: unknown = rootTypes[topic].decode(regularPayload(topic, payload));
  return { topic, message } as RecordOf<Topic>;
}
