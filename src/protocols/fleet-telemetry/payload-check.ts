import { DatumView } from './datum-view.js';
import { checkField, checkMessage, ROOT_SHAPES } from './message-shapes.js';
import type { KnownTopic } from './messages.js';
import { regularDatum } from './regular-datum.js';
import { Splice } from './splice.js';
import { WireReader } from './wire.js';
import { WireWriter } from './wire-writer.js';

/** Tag of the repeated field `data` of topic V. */
export const DATA_TAG = 0x0a;

/**
 * The payload itself, or if it has data of several values or members, one of the same meaning that has not: readers that
 * do not merge take no other. Throws a PayloadFault for what is not a well-formed message of the topic (FT-PB-2).
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
  let splice: Splice | undefined;
  let writer: WireWriter | undefined;
  while (reader.position < end) {
    const start = reader.position;
    const tag = reader.tag(end);
    if (tag !== DATA_TAG) {
      checkField(reader, shape, tag, end, 0);
      continue;
    }
    const datumEnd = reader.lengthEnd(end);
    const content = reader.position;
    datum.read(reader, datumEnd);
    if (!datum.isRegular) {
      splice ??= new Splice();
      writer ??= new WireWriter();
      splice.replace(start, datumEnd, regularDatum(writer, reader.bytes, content, datumEnd));
    }
  }
  return splice === undefined ? payload : splice.apply(payload);
}
