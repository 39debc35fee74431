// What the children on a small disk have in common: they print what happens, one JSON line each, and the parent judges.
import { closeSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

/** Where the disk is. */
export const directory = process.argv[2] ?? '';

export const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
process.on('unhandledRejection', (error) => print({ unhandled: String(error) }));
process.on('uncaughtException', (error) => print({ uncaught: String(error) }));

const ballast = join(directory, 'ballast');

/** Takes what is left of the disk, but for so many bytes. */
export function fillDisk(leftBytes = 0): void {
  const file = openSync(ballast, 'w');
  const block = Buffer.alloc(4_096, 1);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    print({ full: (error as NodeJS.ErrnoException).code });
  } finally {
    closeSync(file);
  }
  truncateSync(ballast, statSync(ballast).size - leftBytes);
}

export const freeDisk = (): void => rmSync(ballast);

/** Lets the loop turn until the condition holds; says so if it never does. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!condition() && performance.now() < end) await turn();
  if (!condition()) print({ never: String(condition) });
}
