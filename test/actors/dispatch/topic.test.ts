import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { topicFault } from '../../../src/actors/dispatch/mqtt/topic.js';

describe('a topic', () => {
  for (const topic of ['', 'a/+/b', 'a/#', 'a\0b', 'a\nb', 'a\u0085b', 'a\ufffe', '$SYS/x', 'x'.repeat(65_536)]) {
    it(`is refused: ${JSON.stringify(topic).slice(0, 20)}`, () => assert.ok(topicFault(topic)));
  }
  for (const topic of ['telemetry/VIN/v/Speed', '/VIN/v', 'größe/%2F', '$aws/rules/x', 'a b', 'x'.repeat(65_535)]) {
    it(`is allowed: ${JSON.stringify(topic).slice(0, 30)}`, () => assert.equal(topicFault(topic), undefined));
  }
});
