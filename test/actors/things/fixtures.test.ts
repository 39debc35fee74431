/**
 * Recorded flows against the machines of this build. `RECORD_FIXTURES=1` writes the fixtures anew: for a change that is
 * meant to change what the role gives.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { thingsTypes } from '../../../src/actors/things/index.js';
import { type ReplayedType, replayFixture } from '../../../src/runtime/index.js';
import { runCommand } from '../../cli/run-command.js';
import { flows } from './recorded-flows.js';

const FOLDER = fileURLToPath(new URL('../../../../fixtures/things', import.meta.url));
const types = new Map<string, ReplayedType>(thingsTypes.map((type) => [type.name, type]));

describe('fixtures of things', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`THG-6 ${name} is recorded as it was, and replays`, async (t) => {
      const text = `${(await flow(t)).recorded.join('\n')}\n`;
      if (process.env['RECORD_FIXTURES']) writeFileSync(join(FOLDER, `${name}.jsonl`), text);
      assert.deepEqual(replayFixture(text, types).differences, []);
      assert.equal(outputsOf(text), outputsOf(readFileSync(join(FOLDER, `${name}.jsonl`), 'utf8')));
      assert.ok(!text.includes('TOKEN=secret'), 'a fixture can be shared');
    });
  }

  it('there is one of each flow, and fleetchart replay takes them', async () => {
    const names = readdirSync(FOLDER).map((name) => name.replace(/\.jsonl$/, ''));
    assert.deepEqual(names.sort(), Object.keys(flows).sort());
    const { exitCode, stdout } = await runCommand(['replay', FOLDER]);
    assert.equal(exitCode, 0, stdout);
  });
});

/** What the three actors gave, each in its order, without the port of the descriptors. */
function outputsOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.includes('"kind":"output"'))
    .map((line) => line.replaceAll(/127\.0\.0\.1:\d+/g, ''))
    .sort((a, b) => addressOf(a).localeCompare(addressOf(b)))
    .join('\n');
}

const addressOf = (line: string): string => /"address":"([^"]*)"/.exec(line)?.[1] ?? '';
