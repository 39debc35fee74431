import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forViewers, REDACTED, redacted } from '../../src/runtime/redaction.js';

/** Without the missing prototypes, which deepEqual would see. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(redacted(value)));

test('INS-5 secrets go at any depth, in lists and maps, and only when there is one', () => {
  const given = {
    user: 'u',
    password: 'p',
    list: [{ token: 't' }, { headers: { Authorization: 'Bearer abc' } }],
    map: new Map([['secret', { nested: 1 }]]),
    key: 42,
    tokenSet: true,
    secret: null,
  };
  assert.deepEqual(plain(given), {
    user: 'u',
    password: REDACTED,
    list: [{ token: REDACTED }, { headers: { Authorization: REDACTED } }],
    map: { secret: REDACTED },
    key: REDACTED,
    tokenSet: true,
    secret: null,
  });
});

test('INS-5 what a program finds in its environment is a secret, by name and as a list', () => {
  assert.deepEqual(plain({ env: ['A=1'], config: { env: { A: '1' } }, envelope: 1, environment: 'test' }), {
    env: REDACTED,
    config: { env: REDACTED },
    envelope: 1,
    environment: 'test',
  });
});

test('INS-5 of a pair of key and value, the key says whether the value is a secret', () => {
  const pairs = [
    { key: 'image', value: 'map:1' },
    { key: 'env', value: 'API_TOKEN=correct-horse' },
    { value: 'hunter2', key: 'mqttPassword' },
  ];
  assert.deepEqual(plain(pairs), [
    { key: 'image', value: 'map:1' },
    { key: 'env', value: REDACTED },
    { key: 'mqttPassword', value: REDACTED },
  ]);
  assert.deepEqual(plain({ key: 'k', value: 1, more: 2 }), { key: REDACTED, value: 1, more: 2 });
});

test('INS-5 secrets inside text go too: passwords in URLs, bearer tokens, private keys', () => {
  assert.equal(redacted('at mqtt://car:hunter2@broker:1883/x'), `at mqtt://car:${REDACTED}@broker:1883/x`);
  assert.equal(redacted('mail@example.com'), 'mail@example.com');
  assert.equal(redacted('sent Bearer abcdef0123456789 on'), `sent Bearer ${REDACTED} on`);
  assert.equal(redacted('bearer.0123456789abcdef'), `bearer.${REDACTED}`);
  assert.equal(redacted('basic authentication failed'), 'basic authentication failed');
  assert.equal(redacted('-----BEGIN EC PRIVATE KEY-----\nMHc'), REDACTED);
});

test('INS-5 errors become records, bytes their length, and what JSON cannot carry a word', () => {
  const error = new Error('at https://a:b@c/', { cause: { password: 'x' } });
  error.stack = 'S';
  assert.deepEqual(plain({ error }), {
    error: { name: 'Error', message: `at https://a:${REDACTED}@c/`, stack: 'S', cause: { password: REDACTED } },
  });
  assert.deepEqual(plain([Buffer.from('abc'), 10n, () => 1, Symbol('s'), new Date(0), new Date(Number.NaN)]), [
    '[3 bytes]',
    '10',
    '[function]',
    '[symbol]',
    '1970-01-01T00:00:00.000Z',
    null,
  ]);
});

test('INS-5 a value is bounded in depth, members and length', () => {
  const cycle: Record<string, unknown> = {};
  cycle['a'] = cycle;
  cycle['b'] = cycle;
  assert.ok(JSON.stringify(redacted(cycle)).length < 100_000);
  assert.ok(JSON.stringify(redacted(new Array(100_000).fill('x'))).length < 20_000);
  assert.ok(String(redacted('x'.repeat(1_000_000))).length < 20_000);
});

test('INS-5 hostile objects neither throw nor reach a prototype', () => {
  const thrower = {
    get inner(): never {
      throw new Error('no');
    },
  };
  assert.equal(redacted(thrower), '[unreadable]');
  const polluting = redacted(JSON.parse('{"__proto__":{"polluted":1}}'));
  assert.equal(Object.getPrototypeOf(polluting), null);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }), (value) => {
      JSON.stringify(redacted({ value }));
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('INS-5 what people are shown has no secrets, no positions and bounds', () => {
  const cyclic: Record<string, unknown> = { name: 'me' };
  cyclic['self'] = cyclic;
  const shown = forViewers({
    token: 't',
    latitude: 1.5,
    GPS: { lat: 1 },
    text: 'x'.repeat(3_000),
    bytes: new Uint8Array(7),
    big: 5n,
    call: () => {},
    cyclic,
    list: Array.from({ length: 5_000 }, (_, n) => n),
  }) as Record<string, unknown>;
  assert.deepEqual([shown['token'], shown['latitude'], shown['GPS']], ['[redacted]', '[redacted]', '[redacted]']);
  assert.equal((shown['text'] as string).slice(2_000), '… (3000 characters)');
  assert.match(String((shown['list'] as unknown[]).at(-1)), / more\]$/);
  assert.deepEqual([shown['bytes'], shown['big'], shown['call']], ['[7 bytes]', '5', '[function]']);
  assert.ok(JSON.stringify(shown).length < 20_000, 'a circle ends');
});
