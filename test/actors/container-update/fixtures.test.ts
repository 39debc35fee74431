import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerUpdateTypes } from '../../../src/actors/container-update/index.js';
import { outputsOf, RecordedFixtures } from '../recorded-fixtures.js';
import { flows } from './recorded-flows.js';

const fixtures = new RecordedFixtures('container-update', containerUpdateTypes);

describe('fixtures of container-update', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`spec A.5 ${name} is recorded as it was, and replays`, async (t) => {
      fixtures.checkFlow(name, (await flow(t)).recorded, publishedIn);
    });
  }

  it('there is one of each flow, and fleetchart replay takes them', () => fixtures.checkFolder(flows));

  it('they reach every state that waits', () => {
    const all = fixtures.all();
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
    assert.ok(!fixtures.all().includes('hunter2'));
  });
});

const publishedIn = (text: string): string =>
  outputsOf(text)
    .split('\n')
    .filter((line) => line.includes('mqtt.publish'))
    .join('\n');
