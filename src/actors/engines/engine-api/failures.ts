import { EngineError } from '../errors.js';

/** Longest text that goes into feedback (ENG-3), characters. */
const LONGEST_TEXT = 1024;
/** What the client library puts before the engine's own words (POD-30). */
const PREFIX = /^\(HTTP code \d+\) .*? - /s;
/** Podman says so with status 500 (POD-6). */
const NAME_TAKEN = /name .*(?:is )?already in use/i;
/** Podman's status is 500 where it goes in the middle of a call. */
const NO_SUCH_CONTAINER = /no such container|no container with (?:name or )?id .* found/i;
/** Wrong credentials, missing ones and missing rights: registries do not tell them apart (POD-2). */
const UNAUTHORIZED = /unauthorized|denied|authentication required|no basic auth credentials/i;
const NO_SUCH_IMAGE = /manifest unknown|name unknown|not found|no such image|does not exist|\b404\b/i;
/** A registry that may answer in a moment (REG-4). */
const TRANSIENT =
  /connection re(?:fused|set)|time(?:d )?[- ]?out|deadline exceeded|\bEOF\b|no such host|temporary failure|unreachable|broken pipe|too many requests|\b(?:429|5\d\d)\b/i;

/** Status of the engine's answer; undefined if there was none. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Without the prefix, trimmed and short enough for feedback (ENG-3). */
export function engineText(text: string): string {
  return text.replace(PREFIX, '').trim().slice(0, LONGEST_TEXT).trim();
}

/** What a call came to, as those who use engines know it. */
export function callFailure(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const text = engineText(error instanceof Error ? error.message : String(error));
  const status = statusOf(error);
  if (status === undefined) {
    const message = `the container engine does not answer: ${text}`;
    return new EngineError('ENGINE_UNAVAILABLE', message, { cause: error, retryable: true });
  }
  if (status === 404 || NO_SUCH_CONTAINER.test(text))
    return new EngineError('ENGINE_NOT_FOUND', text, { cause: error });
  if (status === 409 || NAME_TAKEN.test(text)) return new EngineError('ENGINE_CONFLICT', text, { cause: error });
  return new EngineError('ENGINE_REFUSED', text || `the container engine answered ${status}`, { cause: error });
}

/** What a registry, or the engine on its behalf, said of a pull (POD-1, POD-2). */
export function pullFailure(said: string): EngineError {
  const text = engineText(said);
  if (UNAUTHORIZED.test(text)) return new EngineError('ENGINE_UNAUTHORIZED', text);
  const isTransient = TRANSIENT.test(text);
  if (!isTransient && NO_SUCH_IMAGE.test(text)) return new EngineError('ENGINE_NOT_FOUND', text);
  return new EngineError('ENGINE_REFUSED', text, { retryable: isTransient });
}
