import { type Clock, pause } from '../../../runtime/index.js';
import type { LogLine } from '../engine.js';
import { LogFollower } from './log-files.js';

const FOLLOW_MS = 200;

/** Both outputs of a container: their last lines, then what comes, while it is there. */
export async function* readLogs(
  folder: string,
  { tail, follow }: { readonly tail: number; readonly follow: boolean },
  clock: Clock,
  isThere: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  const stdout = new LogFollower(folder, 'stdout');
  const stderr = new LogFollower(folder, 'stderr');
  try {
    const [ofOutput, ofErrors] = [await stdout.last(tail), await stderr.last(tail)];
    if (!follow) {
      // A last line without its end counts, as nobody waits for the end.
      yield* shared(tail, [...ofOutput, ...stdout.take()], [...ofErrors, ...stderr.take()]);
      return;
    }
    yield* shared(tail, ofOutput, ofErrors);
    while (!signal.aborted && (await isThere())) {
      for (const text of await stdout.read()) yield { stream: 'stdout', text };
      for (const text of await stderr.read()) yield { stream: 'stderr', text };
      await pause(clock, FOLLOW_MS, signal).catch(() => {});
    }
  } finally {
    await stdout.close();
    await stderr.close();
  }
}

/** At most `tail` lines of both: where each has more than its half, half of each. Their order among each other is lost. */
function shared(tail: number, stdout: readonly string[], stderr: readonly string[]): LogLine[] {
  const ofErrors = Math.min(stderr.length, Math.max(Math.floor(tail / 2), tail - stdout.length));
  const ofOutput = Math.min(stdout.length, tail - ofErrors);
  const lines = (stream: LogLine['stream'], all: readonly string[], count: number): LogLine[] =>
    count === 0 ? [] : all.slice(-count).map((text) => ({ stream, text }));
  return [...lines('stdout', stdout, ofOutput), ...lines('stderr', stderr, ofErrors)];
}
