/**
 * The form of recorded flows: JSON Lines, one fact a line, in the order they happened. Bytes stand as
 * `{"$bytes": "<base64>"}`, big integers as `{"$bigint": "<digits>"}`; values of secret fields are replaced before
 * they are written, so that a fixture can be shared.
 */
import type { EventObject } from 'xstate';
import type { Address } from '../address.js';
import { isSecretName } from '../secret-names.js';

export type FixtureLine =
  | { readonly kind: 'start'; readonly address: Address; readonly typeVersion: number; readonly input: unknown }
  | {
      readonly kind: 'restore';
      readonly address: Address;
      readonly typeVersion: number;
      readonly input: unknown;
      readonly snapshot: unknown;
      readonly hot?: unknown;
    }
  | { readonly kind: 'event'; readonly address: Address; readonly event: EventObject }
  | {
      readonly kind: 'hot';
      readonly address: Address;
      readonly at: number;
      readonly message: unknown;
      readonly result?: unknown;
    }
  | { readonly kind: 'output'; readonly address: Address; readonly output: unknown }
  | { readonly kind: 'state'; readonly address: Address; readonly value: unknown };

export function writeFixtureLine(line: FixtureLine): string {
  return JSON.stringify(plain(line));
}

/** Throws on a line that is not one. */
export function readFixtureLine(text: string): FixtureLine {
  const line = revived(JSON.parse(text)) as Partial<FixtureLine>;
  if (typeof line.kind !== 'string' || typeof line.address !== 'string') throw new Error('not a fixture line');
  return line as FixtureLine;
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (value instanceof Error) return { $error: plain({ ...value, name: value.name, message: value.message }) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    copy[name] = Array.isArray(inner) ? inner.map((member) => hidden(name, member)) : hidden(name, inner);
  }
  return copy;
}

const hidden = (name: string, value: unknown): unknown =>
  typeof value === 'string' && isSecret(name, value) ? '[redacted]' : plain(value);

/** What is called `key` and nothing more names something, mostly, and a machine may go by it. */
const NAMES_SOMETHING = /^keys?$/i;

function isSecret(name: string, value: string): boolean {
  return (isSecretName(name) && !NAMES_SOMETHING.test(name)) || value.includes('PRIVATE KEY-----');
}

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null) return value;
  const { $bytes, $bigint, $error } = value as { $bytes?: unknown; $bigint?: unknown; $error?: { message?: unknown } };
  if (typeof $bytes === 'string') return Buffer.from($bytes, 'base64');
  if (typeof $bigint === 'string') return BigInt($bigint);
  if ($error) return Object.assign(new Error(String($error.message)), revived($error));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revived(inner)]));
}
