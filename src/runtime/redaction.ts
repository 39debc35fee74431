import { errorRecord } from './errors.js';
import { isSecretName } from './secret-names.js';

export const REDACTED = '[redacted]';

const LONGEST_TEXT = 16_384;
const DEEPEST = 8;
const MOST_MEMBERS = 2_000;

export interface RedactionOptions {
  /** Whether what stands under a name is left out. @default what sounds like a secret */
  readonly isHidden?: (name: string) => boolean;
  /** Characters of a text that are shown. @default 16384 */
  readonly longestText?: number;
}

/**
 * A copy of `value` that JSON can carry and that gives nothing away: secrets by name at any depth, passwords in URLs
 * and `Bearer` tokens in text are replaced, errors become records, bytes their length. It is bounded in depth, number
 * of members and length of strings, and never throws.
 */
export function redacted(value: unknown, options: RedactionOptions = {}): unknown {
  const { isHidden = isSecretName, longestText = LONGEST_TEXT } = options;
  return copy(value, DEEPEST, { left: MOST_MEMBERS, isHidden, longestText });
}

/** For people who look at actors: they may not see where a vehicle is, either (INS-5). */
export function forViewers(value: unknown): unknown {
  return redacted(value, { isHidden: (name) => isSecretName(name) || POSITION.test(name), longestText: 2_000 });
}

const POSITION = /location|latitude|longitude|position|gps|^(lat|lon|lng)$/i;

interface Budget extends Required<RedactionOptions> {
  /** Members that may still be copied. */
  left: number;
}

function copy(value: unknown, depth: number, budget: Budget): unknown {
  switch (typeof value) {
    case 'string':
      return text(value, budget.longestText);
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
  const entries = Object.entries(value);
  return isPair(entries) ? pair(entries, depth, budget) : members(entries, depth, budget);
}

/** `{ key: 'image', value: 'map:1' }`, as in desired states: the key names what the value is, and is no secret itself. */
const isPair = (entries: ReadonlyArray<readonly [string, unknown]>): boolean =>
  entries.length === 2 &&
  entries.every(([name, member]) => name === 'value' || (name === 'key' && typeof member === 'string'));

function pair(entries: Array<[string, unknown]>, depth: number, budget: Budget): Record<string, unknown> {
  const { key, value } = Object.fromEntries(entries) as { key: string; value: unknown };
  budget.left -= 2;
  return { key: copy(key, depth - 1, budget), value: budget.isHidden(key) ? REDACTED : copy(value, depth - 1, budget) };
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
    if (member === undefined) continue;
    const given = member !== null && typeof member !== 'boolean';
    result[name] = given && budget.isHidden(name) ? REDACTED : copy(member, depth - 1, budget);
  }
  return result;
}

function text(value: string, longest: number): string {
  const cut = value.length > longest ? `${value.slice(0, longest)}… (${value.length} characters)` : value;
  if (cut.includes('PRIVATE KEY-----')) return REDACTED;
  if (!cut.includes('@') && !/bearer|basic/i.test(cut)) return cut;
  return cut
    .replace(/(\/\/[^\s:/?#@]{0,256}):[^\s/?#@]{1,1024}@/g, `$1:${REDACTED}@`)
    .replace(/\b(bearer|basic)([\s.]+)(?=\D{0,64}\d)[\w.~+/=-]{8,}/gi, `$1$2${REDACTED}`);
}
