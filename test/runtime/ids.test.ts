import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededIds, systemIds } from '../../src/runtime/ids.js';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('RT-10 the same seed gives the same ids, another seed others', () => {
  const draw = (seed: number | string) => {
    const ids = seededIds(seed);
    return [ids.uniform(), ids.uuid(), ids.uniform(), ids.uuid()];
  };
  assert.deepEqual(draw(7), draw(7));
  assert.deepEqual(draw('fixture'), draw('fixture'));
  assert.notDeepEqual(draw(7), draw(8));
});

test('RT-10 uuids have the shape of version 4 and do not repeat', () => {
  for (const ids of [seededIds(0), systemIds]) {
    const seen = new Set<string>();
    for (let n = 0; n < 5_000; n++) {
      const uuid = ids.uuid();
      assert.match(uuid, UUID_V4);
      seen.add(uuid);
    }
    assert.equal(seen.size, 5_000);
  }
});

test('RT-10 draws are spread evenly over [0, 1)', () => {
  for (const ids of [seededIds(1), seededIds(2), systemIds]) {
    const buckets = new Array<number>(10).fill(0);
    for (let n = 0; n < 20_000; n++) {
      const u = ids.uniform();
      assert.ok(u >= 0 && u < 1);
      const bucket = Math.floor(u * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) assert.ok(count > 1_700 && count < 2_300, `${buckets}`);
  }
});
