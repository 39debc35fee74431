import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SlotInstaller } from '../../src/actors/self-update/index.js';
import { offerBundle } from '../../src/cli/demo-bundle.js';
import { temporaryFolder } from '../fakes/runtime.js';

const digestOf = async (url: string): Promise<string> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  assert.equal(response.status, 200);
  return createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('hex');
};

test('the bundle of the demo is one that its vehicle takes, and the same with each start', async (t) => {
  const folder = temporaryFolder(t);
  const first = await offerBundle(folder, 0);
  const digest = await digestOf(first.url);
  first.close();
  const second = await offerBundle(folder, 0);
  t.after(() => second.close());
  assert.equal(await digestOf(second.url), digest);
  const slots = new SlotInstaller({ folder: temporaryFolder(t), compatible: 'fleetchart' });
  await slots.boot();
  t.after(() => slots.shutDown());
  const inspected = await slots.inspect(`${folder}/os-1.1.tar`, AbortSignal.timeout(60_000));
  assert.equal(inspected.version, second.version);
});
