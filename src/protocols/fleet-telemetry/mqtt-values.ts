import { MESSAGES } from './messages.js';
import { PayloadFault } from './payload-result.js';
import type { TireLocation, Value } from './record-types.js';
import { memberOf, type PlainValue, plainValue } from './signal-values.js';
import { camelCase } from './value-members.js';

const TIRES = (MESSAGES['TireLocation']?.fields ?? []).map(
  ([, protoName]) => [protoName, camelCase(protoName) as keyof TireLocation] as const,
);

/**
 * The body of a signal's message: the JSON of its value by the table of section 5.2. Undefined where `invalid` values
 * are left out. Throws a PayloadFault that names the signal for what JSON has no number for (FT-MQ-10).
 */
export function signalBody(signal: string, value: Value, invalid: 'null' | 'omit'): string | undefined {
  const member = memberOf(value);
  if (member === undefined) return '{}';
  if (member.name === 'invalid') return invalid === 'omit' ? undefined : 'null';
  if (value.tireLocationValue !== undefined) return JSON.stringify(markedTires(value.tireLocationValue));
  return plainJson(signal, plainValue(value, member));
}

/** Only the tires that are marked, by their names in the schema. */
function markedTires(tires: TireLocation): Record<string, boolean> {
  return Object.fromEntries(TIRES.filter(([, name]) => tires[name]).map(([protoName]) => [protoName, true]));
}

function plainJson(signal: string, value: PlainValue): string {
  if (typeof value === 'bigint') return String(value);
  const numbers = typeof value === 'object' ? Object.values(value) : [value];
  for (const number of numbers) {
    if (typeof number === 'number' && !Number.isFinite(number)) {
      throw new PayloadFault({ code: 'PAYLOAD_NOT_A_JSON_NUMBER', detail: `${signal} is ${number}` });
    }
  }
  return JSON.stringify(value);
}
