import { DatumView } from './datum-view.js';
import { FIELD_NAMES } from './field-names.js';
import { shortestFloat32 } from './float32.js';
import { exactInteger } from './integers.js';
import type { JsonWriter } from './json-writer.js';
import { MESSAGES } from './messages.js';
import { DATA_TAG, regularPayload } from './payload-check.js';
import type { Int64 } from './record-types.js';
import { protojsonTime } from './timestamps.js';
import { checkUtf8 } from './utf8.js';
import { camelCase, VALUE_MEMBERS, type ValueMember } from './value-members.js';
import { FIXED64, VARINT, WireReader } from './wire.js';

const CREATED_AT_TAG = 0x12;
const VIN_TAG = 0x1a;
const IS_RESEND_TAG = 0x20;
const SECONDS_TAG = 0x08;
const NANOS_TAG = 0x10;

/** Everything from the last datum, or the beginning, up to the value of a datum, by key. */
const KEYS = FIELD_NAMES.map((name) => Buffer.from(`{"key":"${name}","value":`));

interface MemberForm {
  readonly kind: ValueMember['kind'];
  /** Everything up to the value of the member. */
  readonly head: Buffer;
  /** The whole of a known enum value, by number. */
  readonly enums: readonly Buffer[];
}

const MEMBERS: (MemberForm | undefined)[] = [];
for (const { number, name, kind, enumNames } of VALUE_MEMBERS) {
  const head = `{"${name}":`;
  const enums = enumNames.map((value) => Buffer.from(`${head}"${value}"`));
  MEMBERS[number] = { kind, head: Buffer.from(head), enums };
}

/** JSON names of the fields of a message whose fields are numbered from 1 without gap. */
function fieldHeads(message: string): readonly Buffer[] {
  const fields = MESSAGES[message]?.fields ?? [];
  return fields.map(([number, protoName]) => Buffer.from(`${number === 1 ? '{' : ','}"${camelCase(protoName)}":`));
}

const LOCATION = fieldHeads('LocationValue');
const DOORS = fieldHeads('Doors');
const TIRES = fieldHeads('TireLocation');
const TIME = fieldHeads('Time');

/**
 * Writes the JSON of a payload of topic `V` (FT-JS-1 to FT-JS-7), straight from the wire: this is what a hub decodes
 * most. Throws a PayloadFault for a malformed payload and for a time that JSON cannot say.
 */
export function writeVehicleData(json: JsonWriter, payload: Uint8Array): void {
  const reader = new WireReader(payload);
  const datum = new DatumView();
  const end = payload.length;
  const time = { seconds: { low: 0, high: 0 }, nanos: 0 };
  let isDated = false;
  let vinStart = 0;
  let vinEnd = 0;
  let isResend = false;
  let separator = '';
  let isRegular = true;
  json.begin();
  json.ascii('{"data":[');
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === DATA_TAG) {
      datum.read(reader, reader.lengthEnd(end));
      if (!datum.isRegular) isRegular = false;
      json.ascii(separator);
      separator = ',';
      writeDatum(json, reader, datum);
    } else if (tag === CREATED_AT_TAG) {
      isDated = true;
      readTime(reader, reader.lengthEnd(end), time);
    } else if (tag === VIN_TAG) {
      vinEnd = reader.lengthEnd(end);
      vinStart = reader.position;
      checkUtf8(reader.bytes, vinStart, vinEnd);
      reader.position = vinEnd;
    } else if (tag === IS_RESEND_TAG) {
      isResend = (reader.varint(end) | reader.high) !== 0;
    } else reader.skip(tag, end, 0);
  }
  if (!isRegular) {
    writeVehicleData(json, regularPayload('V', payload));
    return;
  }
  json.ascii(isDated ? `],"createdAt":"${protojsonTime(time)}","vin":` : '],"createdAt":null,"vin":');
  json.string(reader.bytes, vinStart, vinEnd);
  json.ascii(isResend ? ',"isResend":true}' : ',"isResend":false}');
}

/** Reads a time over what was read of it before: a time may come in pieces (FT-PB-6). */
function readTime(reader: WireReader, end: number, time: { seconds: Int64; nanos: number }): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === SECONDS_TAG) time.seconds = { low: reader.varint(end), high: reader.high };
    else if (tag === NANOS_TAG) time.nanos = reader.varint(end);
    else reader.skip(tag, end, 1);
  }
}

function writeDatum(json: JsonWriter, reader: WireReader, datum: DatumView): void {
  const key = KEYS[datum.key];
  if (key === undefined) json.ascii(`{"key":${datum.key},"value":`);
  else json.piece(key);
  const member = MEMBERS[datum.member];
  if (!datum.hasValue) json.ascii('null}');
  else if (member === undefined) json.ascii('{}}');
  else {
    writeMember(json, reader, datum, member);
    json.ascii('}}');
  }
}

function writeMember(json: JsonWriter, reader: WireReader, datum: DatumView, { kind, head, enums }: MemberForm): void {
  const known = enums[datum.low];
  if (known !== undefined) {
    json.piece(known);
    return;
  }
  const { bytes } = reader;
  json.piece(head);
  switch (kind) {
    case 'string':
      json.string(bytes, datum.memberContent, datum.memberEnd);
      return;
    case 'float':
      json.number(shortestFloat32(bytes.readFloatLE(datum.memberContent)));
      return;
    case 'double':
      json.number(bytes.readDoubleLE(datum.memberContent));
      return;
    case 'enum':
    case 'int32':
      json.ascii(String(datum.low));
      return;
    case 'int64':
      json.ascii(`"${exactInteger(datum)}"`);
      return;
    case 'bool':
      json.ascii((datum.low | datum.high) === 0 ? 'false' : 'true');
      return;
    case 'LocationValue':
      writeFields(json, reader, datum, LOCATION, 'double');
      return;
    case 'Doors':
      writeFields(json, reader, datum, DOORS, 'bool');
      return;
    case 'TireLocation':
      writeFields(json, reader, datum, TIRES, 'bool');
      return;
    case 'Time':
      writeFields(json, reader, datum, TIME, 'int32');
  }
}

/** A message whose fields all have one type. */
function writeFields(
  json: JsonWriter,
  reader: WireReader,
  datum: DatumView,
  heads: readonly Buffer[],
  type: 'double' | 'bool' | 'int32',
): void {
  const values = new Array<number>(heads.length).fill(0);
  const wireType = type === 'double' ? FIXED64 : VARINT;
  const after = reader.position;
  const end = datum.memberEnd;
  reader.position = datum.memberContent;
  while (reader.position < end) {
    const tag = reader.tag(end);
    const index = (tag >>> 3) - 1;
    if ((tag & 7) !== wireType || index >= values.length) reader.skip(tag, end, 3);
    else if (type === 'double') {
      values[index] = reader.bytes.readDoubleLE(reader.position);
      reader.position += 8;
    } else {
      const low = reader.varint(end);
      values[index] = type === 'bool' ? low | reader.high : low;
    }
  }
  reader.position = after;
  for (let index = 0; index < heads.length; index += 1) {
    const value = values[index] as number;
    json.piece(heads[index] as Buffer);
    if (type === 'bool') json.ascii(value === 0 ? 'false' : 'true');
    else json.number(value);
  }
  json.ascii('}');
}
