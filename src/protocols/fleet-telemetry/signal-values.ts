import { shortestFloat32 } from './float32.js';
import { exactInteger } from './integers.js';
import type { Doors, LocationValue, TimeOfDay, Value } from './record-types.js';
import { type ValueMember, valueMember } from './value-members.js';

/** A value in the form of the table of section 5.2. A bigint stands for an integer that no number holds exactly. */
export type PlainValue = string | number | bigint | boolean | { readonly [name: string]: number | boolean };

/** Enums of which the reference writes an unknown number as a number; of all others as a text of its digits. */
const NUMBERED_ENUMS: ReadonlySet<number> = new Set([8, ...range(33, 38), ...range(40, 51)]);

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The member of the oneof that is set, or undefined if none is that this schema knows. */
export function memberOf(value: Value): ValueMember | undefined {
  const [name] = Object.keys(value);
  return name === undefined ? undefined : valueMember(name);
}

/** The plain form of a value other than `invalid` and `tireLocationValue`, which each consumer writes in its own way. */
export function plainValue(value: Value, member: ValueMember): PlainValue {
  const content: unknown = value[member.name as keyof Value];
  switch (member.kind) {
    case 'int64':
      return exactInteger(content as NonNullable<Value['longValue']>);
    case 'float':
      return shortestFloat32(content as number);
    case 'enum':
      return enumForm(member, content as number);
    case 'LocationValue':
      return locationForm(content as LocationValue);
    case 'Doors':
      return doorsForm(content as Doors);
    case 'Time':
      return timeForm(content as TimeOfDay);
    default:
      return content as string | number | boolean;
  }
}

function enumForm({ number: member, enumNames }: ValueMember, number: number): string | number {
  return enumNames[number] ?? (NUMBERED_ENUMS.has(member) ? number : String(number));
}

function locationForm({ latitude, longitude }: LocationValue): PlainValue {
  return { latitude, longitude };
}

function doorsForm(doors: Doors): PlainValue {
  return {
    DriverFront: doors.DriverFront,
    DriverRear: doors.DriverRear,
    PassengerFront: doors.PassengerFront,
    PassengerRear: doors.PassengerRear,
    TrunkFront: doors.TrunkFront,
    TrunkRear: doors.TrunkRear,
  };
}

function timeForm({ hour, minute, second }: TimeOfDay): string {
  return [hour, minute, second].map((part) => String(part).padStart(2, '0')).join(':');
}
