import { MESSAGES } from './messages.js';
import type { Doors, LocationValue, TimeOfDay, TireLocation } from './record-types.js';
import { camelCase, type EnumMemberName, type ValueMember, valueMember } from './value-members.js';
import type { WireWriter } from './wire-writer.js';

interface PlainMembers {
  readonly stringValue: string;
  readonly intValue: number;
  readonly longValue: number | bigint;
  readonly floatValue: number;
  readonly doubleValue: number;
  readonly booleanValue: boolean;
  readonly locationValue: LocationValue;
  readonly invalid: boolean;
  readonly doorValue: Partial<Doors>;
  readonly timeValue: Partial<TimeOfDay>;
  readonly tireLocationValue: Partial<TireLocation>;
}

/** What a signal is worth: one member, or none. Enums by name or number. */
export type ValueInput = Partial<PlainMembers & Readonly<Record<EnumMemberName, string | number>>>;

/** Writes the content of a `Value`. Throws for members and enum names that the schema does not have. */
export function writeValue(writer: WireWriter, value: ValueInput): void {
  for (const [name, content] of Object.entries(value)) {
    const member = valueMember(name);
    if (member === undefined) throw new TypeError(`a value has no member ${name}`);
    writeMember(writer, member, content);
  }
}

function writeMember(writer: WireWriter, member: ValueMember, content: unknown): void {
  const { number, kind } = member;
  switch (kind) {
    case 'string':
      writer.text(number, content as string);
      return;
    case 'int32':
      writer.int32(number, content as number);
      return;
    case 'int64':
      writer.int64(number, content as number | bigint);
      return;
    case 'float':
      writer.float(number, content as number);
      return;
    case 'double':
      writer.double(number, content as number);
      return;
    case 'bool':
      writer.bool(number, content as boolean);
      return;
    case 'enum':
      writer.int32(number, enumValue(member, content as string | number));
      return;
    default:
      writer.message(number, () => writeFields(writer, kind, content as Record<string, unknown>));
  }
}

function enumValue({ type, enumNames }: ValueMember, content: string | number): number {
  if (typeof content === 'number') return content;
  const number = enumNames.indexOf(content);
  if (number < 0) throw new TypeError(`${type} has no value ${content}`);
  return number;
}

function writeFields(writer: WireWriter, message: string, content: Readonly<Record<string, unknown>>): void {
  for (const [number, protoName, type] of MESSAGES[message]?.fields ?? []) {
    const field = content[camelCase(protoName)];
    if (typeof field === 'boolean' && field) writer.bool(number, field);
    else if (typeof field === 'number' && !Object.is(field, 0)) {
      if (type === 'double') writer.double(number, field);
      else writer.int32(number, field);
    }
  }
}
