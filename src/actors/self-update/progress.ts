/** Which reports of progress become events, and which of those are published (SUA-23 to SUA-25). */
import type { Clock } from '../../runtime/clock.js';
import type { DownloadProgress } from './download/download.js';
import type { ProgressEvent } from './events.js';

/** True at first, and then when so many whole seconds have passed since it was last. */
export function dueEvery(intervalS: number, clock: Pick<Clock, 'monotonic'>): () => boolean {
  let last: number | undefined;
  return () => {
    const now = clock.monotonic();
    if (last !== undefined && Math.floor((now - last) / 1_000) < intervalS) return false;
    last = now;
    return true;
  };
}

/** At the start and at each further ten percent, never at the end. */
export function downloadSteps(
  isDue: () => boolean,
  send: (event: ProgressEvent) => void,
): (progress: DownloadProgress) => void {
  let next = 0;
  return ({ done, total }) => {
    const percent = total > 0 ? Math.floor((done * 100) / total) : 0;
    if (percent < next || percent >= 100) return;
    next = percent - (percent % 10) + 10;
    send({ type: 'PROGRESS', percent, done, total, isDue: isDue() });
  };
}

/** Each time that the percentage rises, never at the end. */
export function installSteps(isDue: () => boolean, send: (event: ProgressEvent) => void): (percent: number) => void {
  let last = 0;
  return (percent) => {
    if (percent <= last || percent >= 100) return;
    last = percent;
    send({ type: 'PROGRESS', percent, isDue: isDue() });
  };
}
