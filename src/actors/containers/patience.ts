import type { Clock } from '../../runtime/index.js';

/** Rejects with the signal's reason. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

const LOOK_MS = 100;
const LONGEST_LOOK_MS = 1_000;

/** Looks ever more seldom until something is found or `deadlineMs` are over; undefined then. */
export async function findWithin<Found>(
  look: () => Promise<Found | undefined>,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const end = clock.monotonic() + deadlineMs;
  for (let pauseMs = LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_LOOK_MS)) {
    const found = await look();
    if (found !== undefined) return found;
    const leftMs = end - clock.monotonic();
    if (leftMs <= 0) return undefined;
    await sleep(clock, Math.min(pauseMs, leftMs), signal);
  }
}

/** How long a step waits for an engine that is lost before it fails. */
const ENGINE_MS = 30_000;

/** A restart as such is no failure: the engine's connection may take a while to be there. */
export async function whileLost<Result>(
  work: () => Promise<Result>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Result> {
  const end = clock.monotonic() + ENGINE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isLost = (error as { code?: unknown } | undefined)?.code === 'ENGINE_UNAVAILABLE';
      if (!isLost || clock.monotonic() >= end) throw error;
      await sleep(clock, LONGEST_LOOK_MS, signal);
    }
  }
}
