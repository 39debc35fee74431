import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readManagerSettings } from '../src/actors/update-manager/index.js';
import { managerLink } from '../src/manager-link.js';

function linkOf(connection: object) {
  const sources = { environment: {}, flags: new Map(), version: '1', onStop: 'incomplete' } as const;
  const read = readManagerSettings({ file: { connection }, ...sources });
  assert.ok(read.ok);
  return managerLink(read.value);
}

it('UM-CON-8 the time for leaving the broker and that for an acknowledgement are those of the file', () => {
  const link = linkOf({ disconnectTimeout: '3s', acknowledgeTimeout: '20s' });
  assert.deepEqual([link.closeMs, link.acknowledgeTimeoutMs], [3_000, 20_000]);
  const byDefault = linkOf({});
  assert.deepEqual([byDefault.closeMs, byDefault.acknowledgeTimeoutMs], [250, 15_000]);
});

it('UM-RES-2 no time at all for an acknowledgement leaves the link its own', () => {
  assert.equal(linkOf({ acknowledgeTimeout: '0s' }).acknowledgeTimeoutMs, undefined);
});
