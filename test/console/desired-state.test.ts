import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkDesiredState,
  exampleOf,
  LONGEST_BYTES,
  placeWords,
  withActivity,
} from '../../src/console/desired-state.js';
import { jsonMistake } from '../../src/console/json-mistake.js';
import { decodeEnvelope, readDesiredState } from '../../src/protocols/update-agent/index.js';

const stateOf = (domain: unknown): string => JSON.stringify({ activityId: 'a', payload: { domains: [domain] } });

function detailOf(text: string): string {
  const checked = checkDesiredState(text);
  assert.ok(!checked.ok, text);
  return checked.detail;
}

test('UM-MSG-2 the example can be sent as it is, whatever domains there are', () => {
  for (const domains of [[], ['containers', 'self-update'], ['self-update'], ['other']]) {
    const text = exampleOf('a-1', domains);
    const checked = checkDesiredState(text);
    assert.ok(checked.ok && checked.activityId === 'a-1', text);
    assert.ok(decodeEnvelope(Buffer.from(text), readDesiredState).ok);
    assert.match(text, /^ +\{ "key": "image", "value": "[^"]+" \},?$/m);
  }
  assert.deepEqual(checkDesiredState(exampleOf('a-1', ['self-update'])), {
    ok: true,
    activityId: 'a-1',
    domains: ['self-update'],
  });
});

test('the same text goes under another activity, and nothing else in it changes', () => {
  const text = exampleOf('a "1"', ['containers']);
  assert.equal(withActivity(text, 'b\\"$&'), exampleOf('b\\"$&', ['containers']));
});

test('what is wrong with a desired state is said where it is', () => {
  assert.match(detailOf('  '), /example is a start/);
  assert.match(detailOf('[]'), /object with activityId and payload/);
  assert.match(detailOf('{"payload":{}}'), /activityId/);
  assert.match(detailOf('{"activityId":"a","payload":[]}'), /payload must be an object/);
  assert.match(detailOf('{"activityId":"a","payload":{"domains":[]}}'), /at least one domain/);
  assert.match(detailOf(stateOf({ id: '' })), /^payload\.domains\[0\]\.id /);
  assert.match(detailOf(stateOf({ id: 'd', components: {} })), /^payload\.domains\[0\]\.components /);
  assert.match(
    detailOf(stateOf({ id: 'd', components: [{ id: 'c', version: 1 }] })),
    /components\[0\]\.version .*quotes/,
  );
  const config = [
    { key: 'image', value: 'i' },
    { key: 'port', value: 80 },
  ];
  assert.match(detailOf(stateOf({ id: 'd', components: [{ id: 'c', config }] })), /config\[1\]\.value .*quotes/);
  assert.match(detailOf(JSON.stringify({ activityId: 'a'.repeat(LONGEST_BYTES) })), /larger than 1 MiB/);
});

test('what is no JSON is pointed at by line and column', () => {
  const text = '{"activityId": "x",\n "payload": {"domains": [ }';
  assert.deepEqual(checkDesiredState(text), {
    ok: false,
    detail: 'This is no JSON at line 2, column 27: a value or ] is expected.',
    at: 46,
  });
  assert.equal(placeWords('a\nbc', 4), 'line 2, column 3');
});

test('a mistake is found in exactly the texts that are no JSON', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '"',
    '1',
    '-1.5e3',
    '01',
    'true',
    'nul',
    ' ',
    '\n',
  );
  const made = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
  const broken = fc.tuple(fc.json(), fc.nat(), pieces).map(([json, nat, piece]) => {
    const at = nat % (json.length + 1);
    return json.slice(0, at) + piece + json.slice(at);
  });
  fc.assert(
    fc.property(fc.oneof(made, broken, fc.json()), (text) => {
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      const mistake = jsonMistake(text);
      assert.equal(mistake === undefined, isJson, JSON.stringify(text));
      assert.ok(mistake === undefined || (mistake.at >= 0 && mistake.at <= text.length));
    }),
    { numRuns: 3_000 },
  );
});
