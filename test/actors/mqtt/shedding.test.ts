import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shedUnacked } from '../../../src/actors/mqtt/shedding.js';

test('MBX-5 only what an open client publishes at QoS 0 is shed, and nothing that is retained', () => {
  const published: string[] = [];
  const done: string[] = [];
  const broker = { publish: ({ topic }: { topic: string }) => void published.push(topic) };
  let isShedding = false;
  shedUnacked(broker as never, () => isShedding);
  const publish = broker.publish as (packet: object, client: object | null, done: () => void) => void;
  const open = { closed: false };
  const all = (): void => {
    publish({ topic: 'unacked', qos: 0, retain: false }, open, () => done.push('unacked'));
    publish({ topic: 'retained', qos: 0, retain: true }, open, () => {});
    publish({ topic: 'acked', qos: 1, retain: false }, open, () => {});
    publish({ topic: 'once', qos: 2, retain: false }, open, () => {});
    publish({ topic: 'will', qos: 0, retain: false }, { closed: true }, () => {});
    publish({ topic: '$SYS/x', qos: 0, retain: false }, null, () => {});
  };
  all();
  assert.deepEqual(published.splice(0), ['unacked', 'retained', 'acked', 'once', 'will', '$SYS/x']);
  isShedding = true;
  all();
  assert.deepEqual(published, ['retained', 'acked', 'once', 'will', '$SYS/x']);
  assert.deepEqual(done, ['unacked'], 'its client goes on');
});
