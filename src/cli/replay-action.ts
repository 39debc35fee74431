import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hubTypes } from '../hub.js';
import { type ReplayResult, replayFixture } from '../runtime/index.js';
import { vehicleTypes } from '../vehicle.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import type { Output } from './output.js';

/** Replays fixtures, and folders of them, and tells what differs. */
export function replayAll(paths: readonly string[], output: Output): void {
  const types = new Map([...hubTypes, ...vehicleTypes].map((type) => [type.name, type]));
  const files = paths.flatMap(fixturesIn);
  if (files.length === 0) {
    throw new CliError(`no fixtures in ${paths.join(', ')}`, {
      hint: 'fixtures end in .jsonl; make one: fleetchart record',
    });
  }
  const results = files.map((file) => ({ file, ...replayFile(file, types) }));
  output.result(results.map(report).join('\n'), results);
  if (results.some(({ differences }) => differences.length > 0)) throw new QuietExit(exitCodes.failed);
}

function replayFile(file: string, types: Parameters<typeof replayFixture>[1]): ReplayResult {
  try {
    const result = replayFixture(readFileSync(file, 'utf8'), types);
    if (result.inputs === 0) throw new Error('it holds no inputs');
    return result;
  } catch (error) {
    const hint = 'it may come from another version, or be no fixture at all';
    throw new CliError(`${file}: ${(error as Error).message}`, { hint, cause: error });
  }
}

function fixturesIn(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new CliError(`there is no ${path}`, { hint: 'name a fixture or a folder of fixtures' });
  if (!stats.isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, String(name)))
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}

function report({ file, actors, inputs, differences }: ReplayResult & { file: string }): string {
  if (differences.length === 0) return `ok    ${file}: ${inputs} inputs of ${actors} actors`;
  const details = differences.map(
    ({ line, address, after, expected, actual }) =>
      `  line ${line}, ${address}, after ${after.slice(0, 300)}\n  - ${expected.slice(0, 600)}\n  + ${actual.slice(0, 600)}`,
  );
  return [`DIFF  ${file}`, ...details].join('\n');
}
