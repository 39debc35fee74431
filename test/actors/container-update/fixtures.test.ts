/**
 * Recorded flows against the machine of this build. `RECORD_FIXTURES=1` writes the fixtures anew: for a change that is
 * meant to change what the agent gives.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { containerUpdateTypes } from '../../../src/actors/container-update/index.js';
import { type ReplayedType, replayFixture } from '../../../src/runtime/index.js';
import { runCommand } from '../../cli/run-command.js';
import { flows } from './recorded-flows.js';

const FOLDER = fileURLToPath(new URL('../../../../fixtures/container-update', import.meta.url));
const types = new Map<string, ReplayedType>(containerUpdateTypes.map((type) => [type.name, type]));
const read = (name: string) => readFileSync(join(FOLDER, `${name}.jsonl`), 'utf8');

describe('fixtures of container-update', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`spec A.5 ${name} is recorded as it was, and replays`, async (t) => {
      const text = `${(await flow(t)).recorded.join('\n')}\n`;
      if (process.env['RECORD_FIXTURES']) {
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(join(FOLDER, `${name}.jsonl`), text);
      }
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

  it('they reach every state that waits', () => {
    const all = Object.keys(flows).map(read).join('');
    const waiting = [
      'identified',
      'unattended',
      'downloaded',
      'downloadFailed',
      'updated',
      'updateFailed',
      'activated',
    ];
    for (const state of [...waiting, 'activationFailed', 'rolledBack', 'rollbackFailed', 'cleanedUp']) {
      assert.ok(all.includes(`"value":{"waiting":"${state}"}`), state);
    }
  });

  it('INS-5 they hold no values of variables', () => {
    assert.ok(!Object.keys(flows).map(read).join('').includes('hunter2'));
  });
});

/** What the agent published, without what depends on when. */
function messagesOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.includes('"kind":"output"') && line.includes('mqtt.publish'))
    .map((line) => line.replaceAll(/\\"timestamp\\":\d+/g, ''))
    .join('\n');
}
