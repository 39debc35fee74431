import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../../../src/protocols/update-agent/index.js';

test('what is no JSON is refused without a part of it, which may be a secret', () => {
  for (const text of [
    'pass-word',
    '{"env": pass-word}',
    '{"env":"a" pass-word',
    `{"a":"${'x'.repeat(100)}",pass-word`,
  ]) {
    const { ok, error } = parseJson(Buffer.from(text)) as { ok: boolean; error?: { detail: string } };
    assert.equal(ok, false);
    assert.match(error?.detail ?? '', /^(Unexpected|Expected)/);
    assert.doesNotMatch(error?.detail ?? '', /pass|word|xx/);
  }
});
