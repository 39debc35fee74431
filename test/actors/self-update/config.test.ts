import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Static } from '@sinclair/typebox';
import { resolveSelfUpdate, SelfUpdateSchema } from '../../../src/actors/self-update/config.js';
import { DEFAULT_SETTINGS } from '../../../src/actors/self-update/index.js';
import { load } from '../../../src/config/load.js';
import { composeSchema } from '../../../src/config/schema.js';
import { resolveSection } from '../../../src/config/section.js';

/** The section as a vehicle's configuration would hold it, given by `selfUpdate.KEY=VALUE`. */
function resolved(...sets: readonly string[]) {
  const loaded = load({ schema: composeSchema('test', { selfUpdate: SelfUpdateSchema }), sets });
  const { value, mistakes } = resolveSection(loaded, ['selfUpdate'], (section: Static<typeof SelfUpdateSchema>) =>
    resolveSelfUpdate(section),
  );
  return { value, mistakes: [...loaded.mistakes, ...mistakes].map(({ code, pointer }) => `${code} ${pointer}`) };
}

it('spec 9 a section that says nothing is the reference with its defaults', () => {
  assert.deepEqual(resolved('selfUpdate.mode=download'), { value: DEFAULT_SETTINGS, mistakes: [] });
});

it('spec 9 what a section cannot say', () => {
  const wrong = {
    mode: 'rauc',
    server: 'mosquitto',
    prefix: 'a/#',
    feedbackIntervalS: '-1',
  };
  for (const [key, text] of Object.entries(wrong)) {
    const { mistakes } = resolved(`selfUpdate.${key}=${text}`);
    assert.equal(mistakes.length, 1, key);
    assert.match(mistakes[0] ?? '', new RegExp(`^CONFIG_\\w+ /selfUpdate/${key}$`));
  }
});
