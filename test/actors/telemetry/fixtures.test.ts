/**
 * Recorded flows against the machines of this build. `RECORD_FIXTURES=1` writes the fixtures anew from real runs:
 * for a change that is meant to change what they give.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hubTypes } from '../../../src/hub.js';
import { replayFixture } from '../../../src/runtime/index.js';
import { runCommand } from '../../cli/run-command.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { flows } from './recorded-flows.js';

const FOLDER = fileURLToPath(new URL('../../../../fixtures/fleet-telemetry', import.meta.url));
const types = new Map(hubTypes.map((type) => [type.name, type]));
const read = (name: string) => readFileSync(join(FOLDER, `${name}.jsonl`), 'utf8');

describe('flows recorded now', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`${name} replays to the same outputs and states`, async (t) => {
      const lines = await flow(t);
      const text = `${lines.join('\n')}\n`;
      if (process.env['RECORD_FIXTURES']) writeFileSync(join(FOLDER, `${name}.jsonl`), text);
      const { actors, inputs, differences } = replayFixture(text, types);
      assert.deepEqual(differences, []);
      assert.equal(actors, 1);
      assert.ok(inputs > 0);
    });
  }
});

describe('fixtures of fleet-telemetry', () => {
  it('there is one of each flow, and all replay', () => {
    const names = readdirSync(FOLDER).map((name) => name.replace(/\.jsonl$/, ''));
    assert.deepEqual(names.sort(), Object.keys(flows).sort());
    for (const name of names) assert.deepEqual(replayFixture(read(name), types).differences, [], name);
  });

  it('they cover every state that lasts and every kind of verdict', () => {
    const all = Object.keys(flows).map(read).join('');
    for (const state of ['streaming', 'throttled', 'draining', 'closed']) {
      assert.ok(all.includes(`"${state}"`), state);
    }
    for (const kind of ['record', 'acknowledge', 'refuse', 'drop']) assert.ok(all.includes(`"kind":"${kind}"`), kind);
  });

  it('an output that has changed is shown with its line, the input before it, and both sides', () => {
    const changed = read('messages').replace('"status":"DISCONNECTED"', '"status":"GONE"');
    const { differences } = replayFixture(changed, types);
    const [difference] = differences;
    assert.equal(differences.length, 1);
    assert.equal(difference?.address, 'vehicle-connection/6ba7b810-9dad-11d1-80b4-00c04fd430c8');
    assert.match(difference?.after ?? '', /"type":"DISCONNECTED"/);
    assert.match(difference?.expected ?? '', /"status":"GONE"/);
    assert.match(difference?.actual ?? '', /"status":"DISCONNECTED"/);
    assert.match(changed.split('\n')[(difference?.line ?? 0) - 1] ?? '', /"kind":"output".*GONE/);
  });

  it('a message that is judged in another way shows, too', () => {
    const lines = read('messages').split('\n');
    const index = lines.findIndex((line) => line.includes('"reason":"unmapped_topic"'));
    const changed = lines.with(index, (lines[index] ?? '').replace('"copies":1', '"copies":2')).join('\n');
    const [difference] = replayFixture(changed, types).differences;
    assert.equal(difference?.line, index + 1);
    assert.match(difference?.expected ?? '', /"copies":2/);
    assert.match(difference?.actual ?? '', /"copies":1/);
  });

  it('fleetchart replay ends with 0 when all is as recorded, and with 1 and a diff otherwise', async (t) => {
    const sound = await runCommand(['replay', FOLDER]);
    assert.equal(sound.exitCode, 0);
    assert.equal(sound.stdout.split('\n').filter((line) => line.startsWith('ok ')).length, Object.keys(flows).length);

    const file = join(temporaryFolder(t), 'changed.jsonl');
    writeFileSync(file, read('rate-limit').replace('"value":"throttled"', '"value":"choked"'));
    const { exitCode, stdout } = await runCommand(['replay', file]);
    assert.equal(exitCode, 1);
    const [title, where, expected, actual] = stdout.split('\n');
    assert.equal(title, `DIFF  ${file}`);
    assert.match(where ?? '', /^ {2}line \d+, vehicle-connection\/6ba7b810\S+, after \{"kind":/);
    assert.equal(expected, '  - "choked"');
    assert.equal(actual, '  + "throttled"');
  });
});
