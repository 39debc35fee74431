import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goJson } from '../../../src/protocols/fleet-telemetry/go-json.js';

test('8.3 goJson writes members by their names, and what Go escapes', () => {
  assert.equal(
    goJson({ b: [1, null, { y: true, x: 'ü' }], a: '<a href="x">&\u2028', c: {} }),
    '{"a":"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028","b":[1,null,{"x":"ü","y":true}],"c":{}}',
  );
  assert.equal(goJson({ 'a<b': 1, left: undefined }), '{"a\\u003cb":1}');
});

test('8.3 goJson writes numbers as Go does; what is none is null', () => {
  const numbers = [0, -0, 1.5, 1e20, 1e21, 1e-7, 2n ** 60n, Number.NaN, Number.POSITIVE_INFINITY];
  assert.equal(goJson(numbers), '[0,-0,1.5,100000000000000000000,1e+21,1e-7,1152921504606846976,null,null]');
});
