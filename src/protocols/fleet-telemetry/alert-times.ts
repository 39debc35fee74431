import { rewriteObject } from './object-rewrite.js';

/** From here on the seconds of an alert's time are taken for milliseconds (FT-TX-4): as seconds, the year 11970. */
const SMALLEST_MILLISECONDS = 315_576_000_000n;

interface Time {
  seconds: { readonly low: number; readonly high: number };
  nanos: number;
}

interface Alert {
  readonly startedAt: Time | null;
  readonly endedAt: Time | null;
}

/** Puts right the times of alerts that came in milliseconds; a payload without such times is returned as it is. */
export function correctAlertTimes(payload: Uint8Array): Uint8Array {
  return rewriteObject('alerts', payload, (message) => {
    let isChanged = false;
    for (const { startedAt, endedAt } of message['alerts'] as readonly Alert[]) {
      for (const time of [startedAt, endedAt]) {
        if (time !== null && correctTime(time)) isChanged = true;
      }
    }
    return isChanged;
  });
}

function correctTime(time: Time): boolean {
  const milliseconds = (BigInt(time.seconds.high) << 32n) | BigInt(time.seconds.low >>> 0);
  if (milliseconds < SMALLEST_MILLISECONDS) return false;
  const seconds = milliseconds / 1000n;
  time.seconds = { low: Number(BigInt.asIntN(32, seconds)), high: Number(seconds >> 32n) };
  time.nanos = Number(milliseconds % 1000n) * 1_000_000;
  return true;
}
