import { isObject, type JsonObject } from '../json-object.js';

/** Why a message is only logged (SUA §3.4): nobody can be answered. */
export interface EnvelopeError {
  readonly code: 'SELF_UPDATE_NOT_JSON' | 'SELF_UPDATE_NO_ACTIVITY';
  readonly detail: string;
}

export type EnvelopeResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: EnvelopeError };

export const refused = (code: EnvelopeError['code'], detail: string) =>
  ({ ok: false, error: { code, detail } }) as const;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads bytes as a JSON object. */
export function readObject(bytes: Uint8Array): EnvelopeResult<JsonObject> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return refused('SELF_UPDATE_NOT_JSON', (error as Error).message);
  }
  return isObject(value) ? { ok: true, value } : refused('SELF_UPDATE_NOT_JSON', 'not a JSON object');
}

/** Reads a message that has to say which activity it belongs to. */
export function readEnvelope(bytes: Uint8Array): EnvelopeResult<{ activityId: string; message: JsonObject }> {
  const read = readObject(bytes);
  if (!read.ok) return read;
  const { activityId } = read.value;
  if (typeof activityId !== 'string')
    return refused('SELF_UPDATE_NO_ACTIVITY', `'activityId' is missing or not a string`);
  if (activityId === '') return refused('SELF_UPDATE_NO_ACTIVITY', `'activityId' is empty`);
  return { ok: true, value: { activityId, message: read.value } };
}
