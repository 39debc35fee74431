import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { thingsTypes } from '../../../src/actors/things/index.js';
import { outputsOf, RecordedFixtures } from '../recorded-fixtures.js';
import { flows } from './recorded-flows.js';

const fixtures = new RecordedFixtures('things', thingsTypes);

describe('fixtures of things', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`THG-6 ${name} is recorded as it was, and replays`, async (t) => {
      const { recorded } = await flow(t);
      fixtures.checkFlow(name, recorded, byActor);
      assert.ok(!recorded.some((line) => line.includes('TOKEN=secret')), 'a fixture can be shared');
    });
  }

  it('there is one of each flow, and fleetchart replay takes them', () => fixtures.checkFolder(flows));
});

/** What the three actors gave, each in its order, without the port of the descriptors. */
function byActor(text: string): string {
  return outputsOf(text)
    .split('\n')
    .map((line) => line.replaceAll(/127\.0\.0\.1:\d+/g, ''))
    .sort((a, b) => addressOf(a).localeCompare(addressOf(b)))
    .join('\n');
}

const addressOf = (line: string): string => /"address":"([^"]*)"/.exec(line)?.[1] ?? '';
