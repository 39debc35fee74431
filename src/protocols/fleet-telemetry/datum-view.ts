import { checkMessage, KIND, type MessageShape, messageShape, WIRE_TYPES } from './message-shapes.js';
import { checkUtf8 } from './utf8.js';
import type { WireReader } from './wire.js';

const VALUE = messageShape('Value');
const KEY_TAG = 0x08;
const VALUE_TAG = 0x12;
/** Depths of messages in a payload: Payload 0, Datum 1, Value 2, and 3 for what a value holds. */
const DATUM_DEPTH = 1;

/**
 * Where the parts of one datum stand in a payload. One view is filled anew for each datum, so that reading a payload
 * makes no objects (ING-2). Spans are byte positions, `…End` exclusive.
 */
export class DatumView {
  key = 0;
  hasValue = false;
  /** Span of the field `value`, tag included, and where its content begins. */
  valueStart = 0;
  valueContent = 0;
  valueEnd = 0;
  /** Number of the member of the oneof, 0 if there is none that this schema knows. */
  member = 0;
  /** Span of the member, tag included, and where its content begins, after the length if it has one. */
  memberStart = 0;
  memberContent = 0;
  memberEnd = 0;
  /** The content of a member that is a varint. */
  low = 0;
  high = 0;
  /**
   * False if there are several values, or several members in one. Protobuf merges those, the last member winning
   * (FT-PB-6), which no view can show: see `regularPayload`.
   */
  isRegular = true;

  /** Checks the datum from the reader's position to `end` and notes its parts. Throws a PayloadFault. */
  read(reader: WireReader, end: number): void {
    this.key = 0;
    this.hasValue = false;
    this.member = 0;
    this.isRegular = true;
    while (reader.position < end) {
      const start = reader.position;
      const tag = reader.tag(end);
      if (tag === KEY_TAG) {
        this.key = reader.varint(end);
      } else if (tag === VALUE_TAG) {
        if (this.hasValue) this.isRegular = false;
        this.hasValue = true;
        this.valueStart = start;
        this.valueEnd = reader.lengthEnd(end);
        this.valueContent = reader.position;
        this.readValue(reader, this.valueEnd);
      } else reader.skip(tag, end, DATUM_DEPTH);
    }
  }

  private readValue(reader: WireReader, end: number): void {
    const { kinds } = VALUE;
    while (reader.position < end) {
      const start = reader.position;
      const tag = reader.tag(end);
      const number = tag >>> 3;
      const kind = number < kinds.length ? (kinds[number] as number) : KIND.unknown;
      if ((tag & 7) !== WIRE_TYPES[kind]) {
        reader.skip(tag, end, DATUM_DEPTH + 1);
        continue;
      }
      if (this.member !== 0) this.isRegular = false;
      this.member = number;
      this.memberStart = start;
      this.readMember(reader, kind, end);
      this.memberEnd = reader.position;
    }
  }

  private readMember(reader: WireReader, kind: number, end: number): void {
    this.memberContent = reader.position;
    switch (kind) {
      case KIND.varint:
        this.low = reader.varint(end);
        this.high = reader.high;
        return;
      case KIND.fixed32:
        reader.skipFixed(4, end);
        return;
      case KIND.fixed64:
        reader.skipFixed(8, end);
        return;
    }
    const contentEnd = reader.lengthEnd(end);
    this.memberContent = reader.position;
    if (kind === KIND.text) {
      checkUtf8(reader.bytes, reader.position, contentEnd);
      reader.position = contentEnd;
    } else checkMessage(reader, VALUE.messages[this.member] as MessageShape, contentEnd, DATUM_DEPTH + 2);
  }
}
