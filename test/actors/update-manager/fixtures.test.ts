import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { updateManagerTypes } from '../../../src/actors/update-manager/index.js';
import { RecordedFixtures } from '../recorded-fixtures.js';
import { flows } from './recorded-flows.js';

const fixtures = new RecordedFixtures('update-manager', updateManagerTypes);

describe('fixtures of update-manager', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`UM ${name} is recorded as it was, and replays`, async (t) => {
      fixtures.checkFlow(name, await flow(t));
    });
  }

  it('there is one of each flow, and fleetchart replay takes them', () => fixtures.checkFolder(flows));

  it('they reach every state of an activity that waits', () => {
    const all = fixtures.all();
    for (const state of ['identifying', 'download', 'update', 'activate', 'rollingBack', 'cleaning']) {
      assert.ok(all.includes(`"running":{"${state}"`), state);
    }
    for (const state of ['reporting', 'rebooting']) assert.ok(all.includes(`"value":{"${state}":`), state);
  });
});
