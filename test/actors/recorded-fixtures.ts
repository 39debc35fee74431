import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ReplayedType, replayFixture } from '../../src/runtime/index.js';
import { runCommand } from '../cli/run-command.js';

/**
 * Recorded flows of one concern against the machines of this build. `RECORD_FIXTURES=1` writes the fixtures anew: for a
 * change that is meant to change what its actors give.
 */
export class RecordedFixtures {
  private readonly folder: string;
  private readonly types: ReadonlyMap<string, ReplayedType>;

  constructor(concern: string, types: readonly ReplayedType[]) {
    this.folder = fileURLToPath(new URL(`../../../fixtures/${concern}`, import.meta.url));
    this.types = new Map(types.map((type) => [type.name, type]));
  }

  /** The text of all of them. */
  all(): string {
    return readdirSync(this.folder)
      .map((file) => readFileSync(join(this.folder, file), 'utf8'))
      .join('');
  }

  /** A flow recorded now replays, and gave what the fixture says as far as `comparable` keeps it. */
  checkFlow(name: string, lines: readonly string[], comparable: (text: string) => string = outputsOf): void {
    const file = join(this.folder, `${name}.jsonl`);
    const text = `${lines.join('\n')}\n`;
    if (process.env['RECORD_FIXTURES']) {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(file, text);
    }
    assert.deepEqual(replayFixture(text, this.types).differences, []);
    assert.equal(comparable(text), comparable(readFileSync(file, 'utf8')));
  }

  /** There is a fixture of each flow and no other, and `fleetchart replay` takes them. */
  async checkFolder(flows: object): Promise<void> {
    const names = readdirSync(this.folder).map((name) => name.replace(/\.jsonl$/, ''));
    assert.deepEqual(names.sort(), Object.keys(flows).sort());
    const { exitCode, stdout } = await runCommand(['replay', this.folder]);
    assert.equal(exitCode, 0, stdout);
  }
}

/** What actors gave, without what depends on when. */
export function outputsOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.includes('"kind":"output"'))
    .map((line) => line.replaceAll(/\\"timestamp\\":\d+/g, ''))
    .join('\n');
}
