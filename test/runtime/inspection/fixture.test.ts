import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFixtureLine, writeFixtureLine } from '../../../src/runtime/inspection/fixture.js';
import { redacted } from '../../../src/runtime/inspection/redact.js';

test('RT-10 a fixture line keeps bytes and big integers, and no secret', () => {
  const event = {
    type: 'X',
    payload: new Uint8Array([0, 255]),
    big: 2n ** 70n,
    deep: [{ apiKey: 'secret', plain: 'shown', count: 3 }],
    none: null,
  };
  const line = writeFixtureLine({ kind: 'event', address: 'a/k', event });
  assert.ok(!line.includes('\n') && !line.includes('secret'));
  const read = readFixtureLine(line) as unknown as { event: typeof event };
  assert.deepEqual([...read.event.payload], [0, 255]);
  assert.equal(read.event.big, 2n ** 70n);
  assert.deepEqual(read.event.deep, [{ apiKey: '[redacted]', plain: 'shown', count: 3 }]);
  assert.equal(read.event.none, null);
});

test('RT-10 what is no fixture line is refused', () => {
  for (const text of ['', '{', 'null', '[]', '{"kind":"event"}', '{"address":"a/k"}']) {
    assert.throws(() => readFixtureLine(text), Error, text);
  }
});

test('INS-5 what people are shown has no secrets, no positions and bounds', () => {
  const cyclic: Record<string, unknown> = { name: 'me' };
  cyclic['self'] = cyclic;
  const shown = redacted({
    token: 't',
    latitude: 1.5,
    GPS: { lat: 1 },
    text: 'x'.repeat(3_000),
    list: Array.from({ length: 200 }, (_, n) => n),
    bytes: new Uint8Array(7),
    big: 5n,
    call: () => {},
    cyclic,
  }) as Record<string, unknown>;
  assert.deepEqual([shown['token'], shown['latitude'], shown['GPS']], ['[redacted]', '[redacted]', '[redacted]']);
  assert.equal((shown['text'] as string).length, 2_001);
  assert.equal((shown['list'] as unknown[]).length, 101);
  assert.deepEqual([shown['bytes'], shown['big'], shown['call']], ['7 bytes', '5', undefined]);
  assert.ok(JSON.stringify(shown).length < 10_000, 'a circle ends');
});
