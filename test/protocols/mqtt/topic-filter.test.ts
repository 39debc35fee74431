import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filterTakes } from '../../../src/protocols/mqtt/index.js';

const FITS = [
  ['a/b', 'a/b'],
  ['a/b', 'a/+'],
  ['a/b', '+/+'],
  ['a/b', '#'],
  ['a', 'a/#'],
  ['/a', '+/+'],
  ['a//b', 'a/+/b'],
  ['$a/b', '$a/#'],
] as const;

const FITS_NOT = [
  ['a/b', 'a'],
  ['a', 'a/b'],
  ['a', 'a/+'],
  ['a/b/c', 'a/+'],
  ['ab', 'a'],
  ['$a/b', '#'],
  ['$a/b', '+/b'],
] as const;

describe('topic filters', () => {
  it('MQTT-4.7 tells which topics fit', () => {
    for (const [topic, filter] of FITS) assert.ok(filterTakes(filter, topic), `${topic} ${filter}`);
    for (const [topic, filter] of FITS_NOT) assert.ok(!filterTakes(filter, topic), `${topic} ${filter}`);
  });
});
