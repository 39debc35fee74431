import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logfmt } from '../../../src/runtime/logging/logfmt.js';

test('logfmt puts time, level and message first and the fields in order', () => {
  const line = logfmt({
    vin: '5YJ3',
    actor: 'a/b',
    msg: 'record stored',
    level: 'info',
    time: '2026-01-01T00:00:00.000Z',
    n: 3,
  });
  assert.equal(line, 'time=2026-01-01T00:00:00.000Z level=info msg="record stored" actor=a/b n=3 vin=5YJ3');
});

test('logfmt quotes what is not plain, flattens what is nested and keeps lists as JSON', () => {
  assert.equal(
    logfmt({ a: '', b: 'x=y', c: '"q"', d: { e: { f: null } }, g: [1, 'a b'], h: true }),
    ['a=""', 'b="x=y"', 'c="\\"q\\""', 'd.e.f=null', 'g="[1,\\"a b\\"]"', 'h=true'].join(' '),
  );
});

test('logfmt a field cannot start a line, a field or a terminal sequence of its own', () => {
  assert.equal(
    logfmt({ x: 'a\nlevel=error', 'b c=d\n': '\u001b[2J\u009b1m' }),
    ['b_c_d_="\\u001b[2J\\u009b1m"', 'x="a\\nlevel=error"'].join(' '),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (record) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
      assert.doesNotMatch(logfmt(record), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }),
    { seed: 1 },
  );
});
