import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { selfUpdateAgentType } from '../../../src/actors/self-update/index.js';
import { RecordedFixtures } from '../recorded-fixtures.js';
import { flows } from './recorded-flows.js';

const fixtures = new RecordedFixtures('self-update', [selfUpdateAgentType]);

describe('fixtures of self-update', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`SUA-30 ${name} is recorded as it was, and replays`, async (t) => {
      fixtures.checkFlow(name, (await flow(t)).recorded);
    });
  }

  it('there is one of each flow, and fleetchart replay takes them', () => fixtures.checkFolder(flows));

  it('they reach every state that waits', () => {
    const all = fixtures.all();
    for (const state of ['waiting', 'downloaded', 'updated', 'activated', 'offline']) {
      assert.ok(all.includes(`:"${state}"`), state);
    }
    for (const state of ['connected', 'failed', 'idle']) assert.ok(all.includes(`"value":"${state}"`), state);
  });
});
