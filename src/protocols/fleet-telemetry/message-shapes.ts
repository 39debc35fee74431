import { ENUM_NAMES } from './enum-names.js';
import { type KnownTopic, MESSAGES, ROOT_MESSAGES, TEXT_MAP, TIMESTAMP } from './messages.js';
import { checkUtf8 } from './utf8.js';
import { BYTES, FIXED32, FIXED64, VARINT, type WireReader } from './wire.js';

/** How a known field is checked. A field that comes with another wire type than its own counts as unknown. */
export const KIND = { unknown: 0, varint: 1, fixed32: 2, fixed64: 3, text: 4, message: 5, enums: 6 } as const;

/** No tag has it. */
const NO_WIRE_TYPE = 0xff;

/** The wire type of each kind. Repeated enums that are not packed are but unknown fields that need no check. */
export const WIRE_TYPES: Uint8Array = Uint8Array.of(NO_WIRE_TYPE, VARINT, FIXED32, FIXED64, BYTES, BYTES, BYTES);

/** What is known of a message on the wire, by field number. */
export interface MessageShape {
  readonly kinds: Uint8Array;
  readonly messages: readonly (MessageShape | undefined)[];
}

const SCALAR_KINDS: Readonly<Record<string, number>> = {
  string: KIND.text,
  int32: KIND.varint,
  int64: KIND.varint,
  bool: KIND.varint,
  float: KIND.fixed32,
  double: KIND.fixed64,
  Field: KIND.varint,
};

const TIMESTAMP_SHAPE: MessageShape = { kinds: Uint8Array.of(0, KIND.varint, KIND.varint), messages: [] };
const TEXT_MAP_ENTRY: MessageShape = { kinds: Uint8Array.of(0, KIND.text, KIND.text), messages: [] };

/** The shape of a message of the schema. */
export function messageShape(name: string): MessageShape {
  if (name === TIMESTAMP) return TIMESTAMP_SHAPE;
  if (name === TEXT_MAP) return TEXT_MAP_ENTRY;
  const fields = MESSAGES[name]?.fields;
  if (fields === undefined) throw new TypeError(`no message ${name}`);
  const count = 1 + Math.max(...fields.map(([number]) => number));
  const kinds = new Uint8Array(count);
  const messages = new Array<MessageShape | undefined>(count).fill(undefined);
  for (const [number, , type, form] of fields) {
    const scalar = ENUM_NAMES.has(type) ? KIND.varint : SCALAR_KINDS[type];
    if (scalar === undefined) messages[number] = messageShape(type);
    kinds[number] = scalar === undefined ? KIND.message : form === 'repeated' ? KIND.enums : scalar;
  }
  return { kinds, messages };
}

/** Shapes of the messages that are a whole payload. */
export const ROOT_SHAPES: Readonly<Record<KnownTopic, MessageShape>> = {
  V: messageShape(ROOT_MESSAGES.V),
  alerts: messageShape(ROOT_MESSAGES.alerts),
  errors: messageShape(ROOT_MESSAGES.errors),
  connectivity: messageShape(ROOT_MESSAGES.connectivity),
};

/** Checks everything from the reader's position to `end` as a message of that shape (FT-PB-2). */
export function checkMessage(reader: WireReader, shape: MessageShape, end: number, depth: number): void {
  while (reader.position < end) checkField(reader, shape, reader.tag(end), end, depth);
}

/** Checks what follows `tag` in a message of that shape. */
export function checkField(reader: WireReader, shape: MessageShape, tag: number, end: number, depth: number): void {
  const number = tag >>> 3;
  const kind = number < shape.kinds.length ? (shape.kinds[number] as number) : KIND.unknown;
  if ((tag & 7) !== WIRE_TYPES[kind]) {
    reader.skip(tag, end, depth);
    return;
  }
  switch (kind) {
    case KIND.varint:
      reader.skipVarint(end);
      return;
    case KIND.fixed32:
      reader.skipFixed(4, end);
      return;
    case KIND.fixed64:
      reader.skipFixed(8, end);
      return;
    case KIND.text:
      checkText(reader, end);
      return;
    case KIND.message:
      checkMessage(reader, shape.messages[number] as MessageShape, reader.lengthEnd(end), depth + 1);
      return;
    default:
      checkVarints(reader, reader.lengthEnd(end));
  }
}

function checkText(reader: WireReader, end: number): void {
  const textEnd = reader.lengthEnd(end);
  checkUtf8(reader.bytes, reader.position, textEnd);
  reader.position = textEnd;
}

function checkVarints(reader: WireReader, end: number): void {
  while (reader.position < end) reader.skipVarint(end);
}
