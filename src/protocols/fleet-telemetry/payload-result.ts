/** Why a payload was refused, or cannot be said in the form asked for. Stable, and safe for metrics. */
export type PayloadErrorCode =
  /** Not protobuf, or not of the topic's message (FT-PB-2). */
  | 'PAYLOAD_MALFORMED'
  /** A text field that is not UTF-8 (FT-PB-2). */
  | 'PAYLOAD_NOT_UTF8'
  /** Nested deeper than any protobuf reader follows. */
  | 'PAYLOAD_TOO_DEEP'
  /** The topic has no protobuf message. */
  | 'PAYLOAD_TOPIC_UNKNOWN'
  /** A time outside the years 1 to 9999 (FT-JS-6). */
  | 'PAYLOAD_TIME_OUT_OF_RANGE'
  /** NaN or an infinity, which JSON does not have (FT-MQ-10). */
  | 'PAYLOAD_NOT_A_JSON_NUMBER'
  /** A name that makes an MQTT topic longer than MQTT allows. */
  | 'PAYLOAD_NAME_TOO_LONG';

export interface PayloadFailure {
  readonly code: PayloadErrorCode;
  /** For people. */
  readonly detail: string;
  /** Byte of the payload where it went wrong, if that is known. */
  readonly offset?: number;
}

export type PayloadResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: PayloadFailure };

/**
 * Carries a failure from the depth of a decoder to its exported function; never leaves this folder. Not an Error, as
 * taking the stack trace would cost more than decoding the record, and whoever sends garbage would be served best.
 */
export class PayloadFault {
  constructor(readonly failure: PayloadFailure) {}
}

export function malformed(detail: string, offset: number): PayloadFault {
  return new PayloadFault({ code: 'PAYLOAD_MALFORMED', detail, offset });
}

export function unknownTopic(topic: string): { readonly ok: false; readonly error: PayloadFailure } {
  return { ok: false, error: { code: 'PAYLOAD_TOPIC_UNKNOWN', detail: `topic ${topic} has no protobuf message` } };
}

/** Runs a decoder and makes a result of the fault it may throw. */
export function payloadResult<T>(decode: () => T): PayloadResult<T> {
  try {
    return { ok: true, value: decode() };
  } catch (fault) {
    if (fault instanceof PayloadFault) return { ok: false, error: fault.failure };
    throw fault;
  }
}
