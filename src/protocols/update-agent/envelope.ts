import { compact } from './compact.js';
import { int64, memberOf, objectOf, parseJson, type Read, type Result, readAs, text } from './go-json.js';

/** What every message of the update path comes in (spec 3.2). */
export interface Envelope<Payload> {
  /** Correlates everything of one activity; may be empty (UM-MSG-8). */
  readonly activityId: string;
  /** Epoch milliseconds by the sender's clock; some senders mean seconds, so it compares with its sender's only. */
  readonly timestamp: number;
  readonly payload: Payload;
}

/** Reads a message; `readPayload` is asked for an absent payload, too. */
export function decodeEnvelope<Payload>(bytes: Uint8Array, readPayload: Read<Payload>): Result<Envelope<Payload>> {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const read = readAs(parsed.value, envelopeOf('payload', readPayload));
  if (read.ok) return read;
  const activityId = activityIdOf(parsed.value);
  return activityId === undefined ? read : { ok: false, error: { ...read.error, activityId } };
}

/** The same with its content under another name, as beside the identification in things messages (spec 9.4). */
export const envelopeOf =
  <Payload>(contentName: string, readContent: Read<Payload>): Read<Envelope<Payload>> =>
  (value, path) =>
    objectOf((member) => ({
      activityId: member('activityId', text),
      timestamp: member('timestamp', int64),
      payload: member(contentName, readContent),
    }))(value ?? {}, path) as Envelope<Payload>;

/** The text of a message; a `null` payload is kept, empty members are not (UM-MSG-2). */
export function encodeEnvelope(activityId: string, timestamp: number, payload: object | null): string {
  return JSON.stringify({ activityId, timestamp, payload: compact(payload) });
}

function activityIdOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const activityId = memberOf(message, 'activityId');
  return typeof activityId === 'string' ? activityId : undefined;
}
