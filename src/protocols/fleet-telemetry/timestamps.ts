import { exactInteger } from './integers.js';
import { PayloadFault } from './payload-result.js';
import type { Timestamp } from './record-types.js';

/** The first second of the year 1 and the last of 9999, the range of a protobuf Timestamp. */
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

const UNSET: Timestamp = { seconds: { low: 0, high: 0 }, nanos: 0 };

/**
 * A time as protojson writes it: RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second, as many as it needs. Throws a
 * PayloadFault for a time that is out of range (FT-JS-6).
 */
export function protojsonTime({ seconds, nanos }: Timestamp): string {
  const second = exactInteger(seconds);
  if (second < FIRST_SECOND || second > LAST_SECOND || nanos < 0 || nanos > 999_999_999) {
    const detail = `time of ${second} s and ${nanos} ns`;
    throw new PayloadFault({ code: 'PAYLOAD_TIME_OUT_OF_RANGE', detail });
  }
  const whole = wholeSeconds(Number(second));
  if (nanos === 0) return `${whole}Z`;
  const digits = String(nanos).padStart(9, '0');
  return `${whole}.${digits.replace(/(?:000){1,2}$/, '')}Z`;
}

/**
 * A time in RFC 3339, UTC, whole seconds; unset, the epoch (FT-MQ-5, FT-MQ-7). A time outside the years 1 to 9999 has
 * no such form and is written as its decimal seconds.
 */
export function secondsText(time: Timestamp | null): string {
  const second = exactInteger((time ?? UNSET).seconds);
  if (second < FIRST_SECOND || second > LAST_SECOND) return String(second);
  return `${wholeSeconds(Number(second))}Z`;
}

/** A time in seconds since the epoch; unset, 0. */
export function epochSeconds(time: Timestamp | null): number | bigint {
  return exactInteger((time ?? UNSET).seconds);
}

function wholeSeconds(second: number): string {
  return new Date(second * 1000).toISOString().slice(0, 19);
}
