/**
 * Names of record files: `<dispatcher>-<start, UTC>-<number><extension>`, with `.part` behind it while the file is
 * being written. A name without `.part` is complete and never changes again.
 */

const PART = '.part';

export interface FileName {
  readonly name: string;
  /** Grows by one with each file of a dispatcher; tells the order even if the clock was set back. */
  readonly number: number;
  /** Epoch milliseconds, to the second. */
  readonly startedAt: number;
  readonly isPart: boolean;
}

/** The name of a file that is begun now. */
export function partName(dispatcher: string, extension: string, number: number, startedAt: number): string {
  const start = new Date(startedAt)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  return `${dispatcher}-${start}-${String(number).padStart(6, '0')}${extension}${PART}`;
}

export function completeName(partName: string): string {
  return partName.slice(0, -PART.length);
}

/** The dispatcher's files among the names of a directory, oldest first. */
export function recordFiles(names: readonly string[], dispatcher: string, extension: string): FileName[] {
  const files: FileName[] = [];
  for (const name of names) {
    if (!name.startsWith(`${dispatcher}-`)) continue;
    const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-(\d{6,15})(\.[a-z]+)(\.part)?$/.exec(
      name.slice(dispatcher.length + 1),
    );
    if (!match || match[8] !== extension) continue;
    const [, year, month, day, hour, minute, second, number] = match.map(Number);
    files.push({
      name,
      number: number as number,
      startedAt: Date.UTC(year as number, (month as number) - 1, day, hour, minute, second),
      isPart: match[9] !== undefined,
    });
  }
  return files.sort((a, b) => a.number - b.number);
}

/** Which complete files are past the number to keep, oldest first. */
export function surplus(files: readonly FileName[], keepFiles: number): FileName[] {
  const complete = files.filter((file) => !file.isPart);
  return complete.slice(0, Math.max(0, complete.length - keepFiles));
}
