/**
 * Recorded flows against the machine of this build. `RECORD_FIXTURES=1` writes the fixtures anew: for a change that is
 * meant to change what the manager gives.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { updateManagerTypes } from '../../../src/actors/update-manager/index.js';
import { replayFixture } from '../../../src/runtime/index.js';
import { runCommand } from '../../cli/run-command.js';
import { flows } from './recorded-flows.js';

const FOLDER = fileURLToPath(new URL('../../../../fixtures/update-manager', import.meta.url));
const types = new Map(updateManagerTypes.map((type) => [type.name, type]));
const read = (name: string) => readFileSync(join(FOLDER, `${name}.jsonl`), 'utf8');

describe('fixtures of update-manager', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`UM ${name} is recorded as it was, and replays`, async (t) => {
      const text = `${(await flow(t)).join('\n')}\n`;
      if (process.env['RECORD_FIXTURES']) writeFileSync(join(FOLDER, `${name}.jsonl`), text);
      assert.deepEqual(replayFixture(text, types).differences, []);
      assert.equal(messagesOf(text), messagesOf(read(name)));
    });
  }

  it('there is one of each flow, and fleetchart replay takes them', async () => {
    const names = readdirSync(FOLDER).map((name) => name.replace(/\.jsonl$/, ''));
    assert.deepEqual(names.sort(), Object.keys(flows).sort());
    const { exitCode, stdout } = await runCommand(['replay', FOLDER]);
    assert.equal(exitCode, 0, stdout);
  });

  it('they reach every state of an activity that waits', () => {
    const all = Object.keys(flows).map(read).join('');
    for (const state of ['identifying', 'download', 'update', 'activate', 'rollingBack', 'cleaning']) {
      assert.ok(all.includes(`"running":{"${state}"`), state);
    }
    for (const state of ['reporting', 'rebooting']) assert.ok(all.includes(`"value":{"${state}":`), state);
  });
});

/** What the manager published, without what depends on when. */
function messagesOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.includes('"kind":"output"'))
    .map((line) => line.replaceAll(/\\"timestamp\\":\d+/g, ''))
    .join('\n');
}
