import { errorRecord } from '../errors.js';
import { isSecretName } from './secret-names.js';

export const REDACTED = '[redacted]';

const LONGEST_STRING = 16_384;
const DEEPEST = 8;
const LARGEST = 2_000;

/**
 * A copy of `value` that JSON can carry and that gives nothing away: secrets by name at any depth, passwords in URLs
 * and `Bearer` tokens in text are replaced, errors become records, bytes their length. It is bounded in depth, number
 * of members and length of strings, and never throws.
 */
export function redacted(value: unknown): unknown {
  return copy(value, DEEPEST, { left: LARGEST });
}

interface Budget {
  left: number;
}

function copy(value: unknown, depth: number, budget: Budget): unknown {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null) return null;
  try {
    return object(value, depth, budget);
  } catch {
    return '[unreadable]';
  }
}

function object(value: object, depth: number, budget: Budget): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (depth === 0) return '[deeper]';
  if (value instanceof Error) return error(value, depth, budget);
  if (value instanceof Map)
    return members(
      [...value].map(([name, member]) => [String(name), member]),
      depth,
      budget,
    );
  if (value instanceof Set) return copy([...value], depth, budget);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      if (budget.left-- <= 0) return [...items, `[${value.length - items.length} more]`];
      items.push(copy(item, depth - 1, budget));
    }
    return items;
  }
  return members(Object.entries(value), depth, budget);
}

function error(value: Error, depth: number, budget: Budget): unknown {
  const cause = value.cause === undefined ? [] : [['cause', value.cause] as [string, unknown]];
  return members([...Object.entries(errorRecord(value)), ...cause], depth, budget);
}

function members(entries: Array<[string, unknown]>, depth: number, budget: Budget): Record<string, unknown> {
  // Without a prototype, a member named `__proto__` is one like any other.
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, member] of entries) {
    if (budget.left-- <= 0) {
      result['…'] = `[${entries.length - Object.keys(result).length} more]`;
      break;
    }
    const given = member !== undefined && member !== null && typeof member !== 'boolean';
    result[name] = given && isSecretName(name) ? REDACTED : copy(member, depth - 1, budget);
  }
  return result;
}

function text(value: string): string {
  const cut = value.length > LONGEST_STRING ? `${value.slice(0, LONGEST_STRING)}… (${value.length} characters)` : value;
  if (cut.includes('PRIVATE KEY-----')) return REDACTED;
  if (!cut.includes('@') && !/bearer|basic/i.test(cut)) return cut;
  return cut
    .replace(/(\/\/[^\s:/?#@]{0,256}):[^\s/?#@]{1,1024}@/g, `$1:${REDACTED}@`)
    .replace(/\b(bearer|basic)([\s.]+)(?=\D{0,64}\d)[\w.~+/=-]{8,}/gi, `$1$2${REDACTED}`);
}
