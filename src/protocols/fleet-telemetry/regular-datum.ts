import { KIND, messageShape, WIRE_TYPES } from './message-shapes.js';
import { BYTES, WireReader } from './wire.js';
import type { WireWriter } from './wire-writer.js';

const VALUE = messageShape('Value');
const DATA = 1;
const KEY = 1;
const VALUE_FIELD = 2;
const KEY_TAG = 0x08;
const VALUE_TAG = (VALUE_FIELD << 3) | BYTES;

/** Start and end of spans in a payload, one after the other. */
type Spans = number[];

/**
 * The field `data` for a datum of several values or members, merged as protobuf merges: the last key and the last member
 * count, a message that comes several times in a row is one of all its fields, and what is not known stays (FT-PB-6).
 * `start` and `end` are the span of the content of a datum that has been checked.
 */
export function regularDatum(writer: WireWriter, bytes: Buffer, start: number, end: number): Uint8Array {
  const merge = new Merge(bytes);
  merge.readDatum(start, end);
  writer.message(DATA, () => merge.write(writer));
  return writer.finish();
}

class Merge {
  private readonly reader: WireReader;
  private key = 0;
  private member = 0;
  /** Of the member: the whole field, or if it is a message the contents to be joined. */
  private content: Spans = [];
  private isMessage = false;
  private readonly unknownInDatum: Spans = [];
  private readonly unknownInValue: Spans = [];

  constructor(private readonly bytes: Buffer) {
    this.reader = new WireReader(bytes);
  }

  readDatum(datumStart: number, end: number): void {
    const { reader } = this;
    reader.position = datumStart;
    while (reader.position < end) {
      const start = reader.position;
      const tag = reader.tag(end);
      if (tag === KEY_TAG) this.key = reader.varint(end);
      else if (tag === VALUE_TAG) this.readValue(reader.lengthEnd(end));
      else {
        reader.skip(tag, end, 1);
        this.unknownInDatum.push(start, reader.position);
      }
    }
  }

  write(writer: WireWriter): void {
    if (this.key !== 0) writer.int32(KEY, this.key);
    writer.message(VALUE_FIELD, () => {
      if (this.isMessage) writer.message(this.member, () => this.copy(writer, this.content));
      else this.copy(writer, this.content);
      this.copy(writer, this.unknownInValue);
    });
    this.copy(writer, this.unknownInDatum);
  }

  private readValue(end: number): void {
    const { reader } = this;
    while (reader.position < end) {
      const start = reader.position;
      const tag = reader.tag(end);
      const number = tag >>> 3;
      const kind = VALUE.kinds[number] ?? KIND.unknown;
      const isMember = (tag & 7) === WIRE_TYPES[kind];
      if (isMember && kind === KIND.message) {
        if (this.member !== number) this.content = [];
        const contentEnd = reader.lengthEnd(end);
        this.content.push(reader.position, contentEnd);
        reader.position = contentEnd;
      } else {
        reader.skip(tag, end, 2);
        if (isMember) this.content = [start, reader.position];
        else this.unknownInValue.push(start, reader.position);
      }
      if (isMember) {
        this.member = number;
        this.isMessage = kind === KIND.message;
      }
    }
  }

  private copy(writer: WireWriter, spans: Spans): void {
    for (let index = 0; index < spans.length; index += 2) {
      writer.raw(this.bytes, spans[index] as number, spans[index + 1] as number);
    }
  }
}
