/**
 * JSON as Go's `encoding/json` reads it into structures, which the peers of the update path rely on (UM-MSG-3,
 * UM-MSG-4): member names match in any case, exactly first; unknown members are passed over; `null` is absence; a value
 * of another type makes the whole message unusable.
 */

/** Why a message was refused; `code` is a word for counters. */
export interface Refusal {
  readonly code: 'empty' | 'not_json' | 'wrong_type';
  readonly detail: string;
  /** Of the refused message, where that much of it could be read. */
  readonly activityId?: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Refusal };

/** Reads a value found at `path`; throws {@link Mismatch}, which {@link readAs} turns into a refusal. */
export type Read<T> = (value: unknown, path: string) => T;

export class Mismatch extends Error {
  constructor(path: string, expected: string, value: unknown) {
    super(`${path || 'the message'}: expected ${expected}, got ${kindOf(value)}`);
    this.name = 'Mismatch';
  }
}

/** Runs a reader; anything but a value that fits is a refusal. */
export function readAs<T>(value: unknown, read: Read<T>): Result<T> {
  try {
    return { ok: true, value: read(value, '') };
  } catch (error) {
    const detail = error instanceof Mismatch ? error.message : 'nested too deeply';
    return { ok: false, error: { code: 'wrong_type', detail } };
  }
}

/** The value that UTF-8 bytes are the JSON text of. */
export function parseJson(bytes: Uint8Array): Result<unknown> {
  if (bytes.length === 0) return { ok: false, error: { code: 'empty', detail: 'the message has no payload' } };
  try {
    // A byte order mark is no JSON, for Go either.
    return { ok: true, value: JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)) };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ok: false, error: { code: 'not_json', detail: said.replace(QUOTATION, '') } };
  }
}

/** The parser repeats a piece of the text, where passwords may stand. */
const QUOTATION = /, (?:\.\.\.)?".*"(?:\.\.\.)?(?= is not valid JSON$)/su;

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

export const text: Read<string> = (value, path) => {
  if (isAbsent(value)) return '';
  if (typeof value !== 'string') throw new Mismatch(path, 'a string', value);
  return value;
};

export const flag: Read<boolean> = (value, path) => {
  if (isAbsent(value)) return false;
  if (typeof value !== 'boolean') throw new Mismatch(path, 'true or false', value);
  return value;
};

/** An integer within bounds; 0 if absent. */
export const integer =
  (least: number, most: number): Read<number> =>
  (value, path) => {
    if (isAbsent(value)) return 0;
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
    if (!fits) throw new Mismatch(path, `an integer from ${least} to ${most}`, value);
    return value;
  };

/** Go's 64-bit integers, as far as doubles tell them apart. */
export const int64 = integer(-(2 ** 63), 2 ** 63 - 1_024);

/** A list; items that a reader returns `undefined` for are left out. */
export const listOf =
  <T>(read: Read<T | undefined>): Read<T[]> =>
  (value, path) => {
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) throw new Mismatch(path, 'a list', value);
    const items: T[] = [];
    for (const [index, item] of value.entries()) {
      const result = read(item, `${path}[${index}]`);
      if (result !== undefined) items.push(result);
    }
    return items;
  };

/** Members of an object that is being read. */
export type Member = <T>(name: string, read: Read<T>) => T;

/** An object by its members, `undefined` if absent. */
export const objectOf =
  <T>(read: (member: Member) => T): Read<T | undefined> =>
  (value, path) => {
    if (isAbsent(value)) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw new Mismatch(path, 'an object', value);
    return read((name, readMember) => readMember(memberOf(value, name), path ? `${path}.${name}` : name));
  };

/** The member of a name: that exactly, or the last one that differs in case only. */
export function memberOf(object: object, name: string): unknown {
  if (Object.hasOwn(object, name)) return (object as Record<string, unknown>)[name];
  const lower = name.toLowerCase();
  let found: unknown;
  for (const [key, value] of Object.entries(object)) if (key.toLowerCase() === lower) found = value;
  return found;
}

function kindOf(value: unknown): string {
  if (isAbsent(value)) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
