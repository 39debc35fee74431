import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type } from '@sinclair/typebox';
import { renderMistake } from '../../src/config/mistake.js';
import { suggest } from '../../src/config/suggest.js';
import { validate } from '../../src/config/validate.js';

const own = { additionalProperties: false };
const schema = Type.Object(
  {
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
    ratio: Type.Optional(Type.Number({ maximum: 1 })),
    waitMs: Type.Optional(Type.Integer({ minimum: 1, unit: 'milliseconds' })),
    name: Type.Optional(Type.String({ minLength: 1 })),
    on: Type.Optional(Type.Boolean()),
    list: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    level: Type.Optional(Type.Union([Type.Literal('info'), Type.Literal('debug')])),
    ping: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('off')])),
    hex: Type.Optional(Type.String({ pattern: '^[0-9a-f]+$', expects: 'hexadecimal digits' })),
    token: Type.Optional(Type.Integer()),
    user: Type.Optional(Type.Object({ name: Type.String(), age: Type.Integer() }, own)),
    peer: Type.Optional(Type.Object({ qos: Type.Optional(Type.Integer()) }, { ...own, peer: 'other' })),
  },
  own,
);

function mistakes(value: unknown): string[] {
  return validate(schema, value).mistakes.map((mistake) => `${mistake.code} ${renderMistake(mistake)}`);
}

describe('mistakes in words', () => {
  const cases: readonly (readonly [value: unknown, expected: string])[] = [
    [{ port: '80' }, 'CONFIG_TYPE /port: expected an integer from 0 to 65535, got the string "80"'],
    [{ port: 80.5 }, 'CONFIG_TYPE /port: expected an integer from 0 to 65535, got the number 80.5'],
    [{ port: 70_000 }, 'CONFIG_VALUE /port: expected an integer from 0 to 65535, got the number 70000'],
    [{ ratio: 2 }, 'CONFIG_VALUE /ratio: expected a number of at most 1, got the number 2'],
    [{ waitMs: 0 }, 'CONFIG_VALUE /waitMs: expected an integer of at least 1 (milliseconds), got the number 0'],
    [{ name: '' }, 'CONFIG_VALUE /name: expected a non-empty string, got the string ""'],
    [{ on: 'yes' }, 'CONFIG_TYPE /on: expected true or false, got the string "yes"'],
    [{ list: 'a' }, 'CONFIG_TYPE /list: expected a list, each item a string, got the string "a"'],
    [{ list: [] }, 'CONFIG_VALUE /list: expected a list, each item a string, got an empty list'],
    [{ list: [{}] }, 'CONFIG_TYPE /list/0: expected a string, got an object'],
    [{ level: 'loud' }, 'CONFIG_VALUE /level: expected one of "info", "debug", got the string "loud"'],
    [{ ping: 0 }, 'CONFIG_VALUE /ping: expected an integer of at least 1 or "off", got the number 0'],
    [{ ping: true }, 'CONFIG_VALUE /ping: expected an integer of at least 1 or "off", got true'],
    [{ hex: 'xyz' }, 'CONFIG_VALUE /hex: expected hexadecimal digits, got the string "xyz"'],
    [{ user: ['x'] }, 'CONFIG_TYPE /user: expected an object, got a list'],
    [{ user: { name: 'x' } }, 'CONFIG_MISSING /user/age: missing; expected an integer'],
    [{ prot: 1 }, 'CONFIG_UNKNOWN_KEY /prot: unknown key; did you mean "port"?'],
    [{ 'wait-ms': 1 }, 'CONFIG_UNKNOWN_KEY /wait-ms: unknown key; did you mean "waitMs"?'],
    [
      { user: { name: 'x', age: 1, 'a/b': 1 } },
      'CONFIG_UNKNOWN_KEY /user/a~1b: unknown key\n    known here: name, age',
    ],
    [5, 'CONFIG_TYPE expected an object, got the number 5'],
  ];
  for (const [value, expected] of cases) {
    it(`CFG-3 ${expected.split('\n')[0]}`, () => assert.deepEqual(mistakes(value), [expected]));
  }

  it('CFG-3 all of them at once', () => {
    assert.equal(mistakes({ port: '1', on: 1, list: 2, level: 3, ping: 'x', nope: 1, user: {} }).length, 8);
  });

  it('CFG-4 an unknown key of a peer warns', () => {
    const { mistakes: none, warnings } = validate(schema, { peer: { qso: 1 } });
    assert.deepEqual(none, []);
    assert.deepEqual(warnings.map(renderMistake), ['/peer/qso: unknown key; did you mean "qos"? (ignored)']);
  });

  it('CFG-6 what may be a secret is not shown', () => {
    assert.deepEqual(mistakes({ token: 'hunter2' }), [
      'CONFIG_TYPE /token: expected an integer, got a string (not shown: it may be a secret)',
    ]);
  });

  it('CFG-3 long text is cut', () => {
    assert.ok((mistakes({ port: 'x'.repeat(5000) })[0] ?? '').length < 200);
  });
});

describe('did you mean', () => {
  it('CFG-3 names the nearest key and nothing far-fetched', () => {
    const keys = ['port', 'host', 'tokens', 'rate_limit'];
    assert.equal(suggest('prot', keys), 'port');
    assert.equal(suggest('PORT', keys), 'port');
    assert.equal(suggest('token', keys), 'tokens');
    assert.equal(suggest('rateLimit', keys), 'rate_limit');
    assert.equal(suggest('ratelimt', keys), 'rate_limit');
    assert.equal(suggest('database', keys), undefined);
    assert.equal(suggest('x', keys), undefined);
    assert.equal(suggest('', keys), undefined);
  });
});
