import { DatumView } from './datum-view.js';
import { checkField, checkMessage, ROOT_SHAPES } from './message-shapes.js';
import type { KnownTopic } from './messages.js';
import { canonicalPayload } from './object-rewrite.js';
import { WireReader } from './wire.js';

/** Tag of the repeated field `data` of topic V. */
export const DATA_TAG = 0x0a;

/**
 * The payload itself, or if values in it have several members one of the same meaning in which they have not
 * ({@link canonicalPayload}). Throws a PayloadFault for what is not a well-formed message of the topic (FT-PB-2).
 */
export function regularPayload(topic: KnownTopic, payload: Uint8Array): Uint8Array {
  const reader = new WireReader(payload);
  const shape = ROOT_SHAPES[topic];
  const end = payload.length;
  if (topic !== 'V') {
    checkMessage(reader, shape, end, 0);
    return payload;
  }
  const datum = new DatumView();
  let isRegular = true;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === DATA_TAG) {
      datum.read(reader, reader.lengthEnd(end));
      if (!datum.isRegular) isRegular = false;
    } else checkField(reader, shape, tag, end, 0);
  }
  return isRegular ? payload : canonicalPayload(topic, payload);
}
