import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the ratio is to; without one the row is a baseline, or stands alone. */
  readonly against?: number;
}

/** Prints rows with their ratio to a baseline of the same run. */
export function printRows(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, value, unit, against } of rows) {
    const figure = value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
    const ratio = against === undefined ? '' : `  ${(value / against).toFixed(2)} ×`;
    console.log(`  ${name.padEnd(width)}  ${figure.padStart(12)} ${unit}${ratio}`);
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Runs `work` with a folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'fleetchart-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
