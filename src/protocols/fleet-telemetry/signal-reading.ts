import { readRecord } from './decode.js';
import { fieldKind } from './field-kinds.js';
import { parseLocation } from './location.js';
import { MESSAGES } from './messages.js';
import { PayloadFault } from './payload-result.js';
import type { TireLocation, Value } from './record-types.js';
import { memberOf, plainValue } from './signal-values.js';
import { camelCase } from './value-members.js';
import { WireWriter } from './wire-writer.js';

/** What a value is once it is normalised; `object` has numbers or booleans by name. */
export type SignalType = 'number' | 'boolean' | 'text' | 'enum' | 'integer' | 'position' | 'object' | 'time';

/**
 * A signal's value in one form for all firmwares. `invalid`: the vehicle says that it has none. `unknown`: it was sent
 * in a form that this schema does not have.
 */
export type SignalReading =
  | {
      readonly state: 'valid';
      readonly type: SignalType;
      /** An `integer` is one that no number holds exactly, as text. */
      readonly value: string | number | boolean | Readonly<Record<string, number | boolean>>;
      /** The member of the oneof that the vehicle used, e.g. `stringValue`. */
      readonly sentAs: string;
    }
  | { readonly state: 'invalid' | 'unknown' };

const TIRES = (MESSAGES['TireLocation']?.fields ?? []).map(
  ([, protoName]) => camelCase(protoName) as keyof TireLocation,
);
const UNKNOWN: SignalReading = { state: 'unknown' };
const INVALID: SignalReading = { state: 'invalid' };
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const BOOLEAN: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
]);

/** Reads the bytes of a message `Value` as the signal means it (sections 6.2 and 11). Never throws. */
export function readSignal(field: number, bytes: Uint8Array): SignalReading {
  try {
    const value = decodeValue(field, bytes);
    return value === undefined ? UNKNOWN : reading(field, value);
  } catch (fault) {
    if (fault instanceof PayloadFault) return UNKNOWN;
    throw fault;
  }
}

function decodeValue(field: number, bytes: Uint8Array): Value | undefined {
  const writer = new WireWriter();
  writer.message(1, () => {
    writer.int32(1, field);
    writer.message(2, () => writer.raw(bytes, 0, bytes.length));
  });
  return readRecord('V', writer.finish()).message.data[0]?.value ?? undefined;
}

function reading(field: number, value: Value): SignalReading {
  const member = memberOf(value);
  if (member === undefined) return UNKNOWN;
  const sentAs = member.name;
  if (sentAs === 'invalid') return INVALID;
  if (value.tireLocationValue !== undefined) return valid('object', tires(value.tireLocationValue), sentAs);
  if (value.stringValue !== undefined) return readText(field, value.stringValue);
  const plain = plainValue(value, member);
  if (typeof plain === 'bigint') return valid('integer', String(plain), sentAs);
  if (typeof plain === 'number') return readNumber(field, plain, sentAs);
  if (member.kind === 'enum') return valid('enum', plain as string | number, sentAs);
  if (member.kind === 'Time') return valid('time', plain as string, sentAs);
  if (member.kind === 'LocationValue') return valid('position', plain as Record<string, number>, sentAs);
  return typeof plain === 'object' ? valid('object', plain, sentAs) : valid('boolean', plain as boolean, sentAs);
}

/** What most signals come as unless the vehicle is told to prefer types (section 6.2). */
function readText(field: number, text: string): SignalReading {
  const sentAs = 'stringValue';
  switch (fieldKind(field)) {
    case 'number':
      return NUMBER.test(text) && Number.isFinite(Number(text))
        ? valid('number', Number(text), sentAs)
        : valid('text', text, sentAs);
    case 'boolean': {
      const value = BOOLEAN.get(text.toLowerCase());
      return value === undefined ? valid('text', text, sentAs) : valid('boolean', value, sentAs);
    }
    case 'position': {
      const position = parseLocation(text);
      return position ? valid('position', { ...position }, sentAs) : valid('text', text, sentAs);
    }
    default:
      return valid('text', text, sentAs);
  }
}

/** Not a number and the infinities are values that the vehicle does not have. */
function readNumber(field: number, value: number, sentAs: string): SignalReading {
  if (!Number.isFinite(value)) return INVALID;
  if (fieldKind(field) === 'boolean' && (value === 0 || value === 1)) return valid('boolean', value === 1, sentAs);
  return valid('number', value, sentAs);
}

function tires(marked: TireLocation): Record<string, boolean> {
  return Object.fromEntries(TIRES.map((name) => [name, marked[name]]));
}

type Valid = Extract<SignalReading, { state: 'valid' }>;

const valid = (type: SignalType, value: Valid['value'], sentAs: string): Valid => ({
  state: 'valid',
  type,
  value,
  sentAs,
});
