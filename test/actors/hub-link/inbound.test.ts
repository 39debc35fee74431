import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hubSubscriptions, localSubscriptions } from '../../../src/actors/hub-link/inbound.js';
import type { Subscription } from '../../../src/actors/mqtt-link/index.js';
import { filterTakes } from '../../../src/protocols/mqtt/index.js';

const IDENTITY = { namespace: 'ns', deviceId: 'car7', tenantId: 't1' };

function reader(
  subscriptionsOf: (refusals: { refuse(peer: string, reason: string): void }) => readonly Subscription[],
) {
  const refused: string[] = [];
  const subscriptions = subscriptionsOf({ refuse: (_peer, reason) => refused.push(reason) });
  const read = (topic: string, retain = false): number => {
    const found = subscriptions.find(({ filter }) => filterTakes(filter, topic));
    return found?.read({ topic, payload: Buffer.from('{}'), retain })?.length ?? 0;
  };
  return { read, refused };
}

describe('what the two brokers bring to a cloud connector', () => {
  it('HL-3 a command that the hub has retained is none of now: it would come again with each connection', () => {
    const { read, refused } = reader((refusals) => hubSubscriptions(IDENTITY, refusals));
    assert.equal(read('command//ns:car7/req/1/apply'), 1);
    assert.equal(read('command//ns:car7:edge:containers/req/1/create'), 1);
    assert.equal(read('command//ns:car7/req/1/apply', true), 0);
    assert.equal(read('command//ns:car7:edge:containers/req/1/create', true), 0);
    assert.deepEqual(refused, ['retained', 'retained']);
  });

  it('THG-4 nothing of another vehicle passes, in either direction', () => {
    const hub = reader((refusals) => hubSubscriptions(IDENTITY, refusals));
    for (const thing of ['ns:car8', 'ns:car77', 'other:car7', '']) {
      assert.equal(hub.read(`command//${thing}/req/1/apply`), 0, thing);
    }
    const local = reader((refusals) => localSubscriptions(IDENTITY, true, refusals));
    for (const topic of [
      'e/t1/ns:car8',
      'e/t1/ns:car77',
      'e/t2/ns:car7',
      'e/t1/ns:car7/x',
      'command//ns:car8/res/1/200',
    ]) {
      assert.equal(local.read(topic), 0, topic);
    }
    assert.equal(local.refused.length, 5);
    for (const topic of ['e', 'e/t1/ns:car7', 'e/t1/ns:car7:edge:containers', 'command///res/1/200']) {
      assert.equal(local.read(topic), 1, topic);
    }
  });
});
