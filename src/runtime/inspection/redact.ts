import { isSecretName } from '../logging/secret-names.js';

/** Where a vehicle is: never shown, like a secret (INS-5). */
const POSITION = /location|latitude|longitude|position|gps|^(lat|lon|lng)$/i;

const DEEPEST = 10;
const LONGEST_TEXT = 2_000;
const MOST_ITEMS = 100;

/**
 * A JSON-ready copy of `value` for people to look at: without secrets and positions, bounded in depth, in the length
 * of texts and in the number of items.
 */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (depth >= DEEPEST) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map((item) => redacted(item, depth + 1));
    return value.length > MOST_ITEMS ? [...items, `… ${value.length - MOST_ITEMS} more`] : items;
  }
  const copy: Record<string, unknown> = {};
  let count = 0;
  for (const [name, inner] of Object.entries(value)) {
    if (++count > MOST_ITEMS) break;
    copy[name] = isSecretName(name) || POSITION.test(name) ? '[redacted]' : redacted(inner, depth + 1);
  }
  return copy;
}
