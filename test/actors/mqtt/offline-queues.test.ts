import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OfflineQueues, type OutgoingPacket, withOwnPayload } from '../../../src/actors/mqtt/offline-queues.js';

const WIDE = { messages: 1_000_000, bytes: 1_000_000_000, totalBytes: 1_000_000_000 };

const message = (number: number, payload: Uint8Array = Buffer.from(`message ${number}`)): OutgoingPacket => ({
  cmd: 'publish',
  topic: 't',
  payload,
  brokerId: 'broker',
  brokerCounter: number,
});

const countersOf = (packets: readonly OutgoingPacket[]) => packets.map(({ brokerCounter }) => brokerCounter);

function filled(numbers: readonly number[], limits: Partial<typeof WIDE> = {}): OfflineQueues {
  const queues = new OfflineQueues({ ...WIDE, ...limits });
  for (const number of numbers) queues.enqueue(['a'], message(number));
  return queues;
}

describe('what the broker keeps for clients that are away', () => {
  it('keeps messages in order until they are acknowledged under the id they were sent with', () => {
    const queues = filled([1, 2, 3]);
    assert.ok(queues.update('a', { ...message(2), messageId: 7 }));
    assert.equal(queues.acknowledge('a', 7)?.brokerCounter, 2);
    assert.equal(queues.acknowledge('a', 7), undefined);
    assert.deepEqual(countersOf(queues.waiting('a')), [1, 3]);
    assert.equal(queues.update('a', { ...message(99), messageId: 8 }), false);
    assert.equal(queues.update('nobody', message(1)), false);
  });

  it('OQ-1 drops the oldest past the number of messages, and counts', () => {
    const queues = filled([1, 2, 3, 4, 5], { messages: 3 });
    assert.deepEqual(countersOf(queues.waiting('a')), [3, 4, 5]);
    assert.equal(queues.dropped, 2);
  });

  it('OQ-1 drops the oldest past the bytes, and a message that is too large altogether', () => {
    const queues = new OfflineQueues({ ...WIDE, bytes: 2_000 });
    for (let number = 1; number <= 3; number++) queues.enqueue(['a'], message(number, Buffer.alloc(900)));
    assert.deepEqual(countersOf(queues.waiting('a')), [2, 3]);
    queues.enqueue(['a'], message(4, Buffer.alloc(3_000)));
    assert.deepEqual(queues.waiting('a'), []);
    assert.equal(queues.size.bytes, 0);
    assert.equal(queues.dropped, 4);
  });

  it('OQ-1 bounds all clients together by dropping of the one that grows', () => {
    const queues = new OfflineQueues({ ...WIDE, totalBytes: 3_000 });
    queues.enqueue(['a', 'b'], message(1, Buffer.alloc(900)));
    queues.enqueue(['b'], message(2, Buffer.alloc(900)));
    queues.enqueue(['b'], message(3, Buffer.alloc(900)));
    assert.deepEqual(countersOf(queues.waiting('a')), [1]);
    assert.deepEqual(countersOf(queues.waiting('b')), [2, 3]);
  });

  it('OQ-1 keeps its account over acknowledgements, PUBRELs and sessions that end', () => {
    const queues = filled([1, 2, 3]);
    queues.update('a', { ...message(1), messageId: 1 });
    queues.update('a', { cmd: 'pubrel', messageId: 1 });
    assert.equal(queues.waiting('a')[0]?.cmd, 'pubrel');
    queues.acknowledge('a', 1);
    queues.enqueue(['b'], message(4));
    queues.discard('a');
    queues.discard('a');
    assert.deepEqual(queues.size, { messages: 1, bytes: 64 + 1 + 'message 4'.length });
    queues.discard('b');
    assert.deepEqual(queues.size, { messages: 0, bytes: 0 });
  });

  it('OQ-2 marks what was sent before as a repetition', () => {
    const queues = filled([1, 2]);
    queues.update('a', { ...message(1), messageId: 5 });
    assert.deepEqual(
      queues.waiting('a').map(({ dup }) => dup ?? false),
      [true, false],
    );
  });

  it('OQ-3 does not keep a socket chunk alive for a small payload', () => {
    const chunk = Buffer.alloc(65_536, 1);
    const kept = withOwnPayload({ payload: chunk.subarray(10, 20) }).payload as Buffer;
    assert.deepEqual(kept, chunk.subarray(10, 20));
    assert.notEqual(kept.buffer, chunk.buffer);
    const large = { payload: chunk.subarray(0, 60_000) };
    assert.equal(withOwnPayload(large), large);
  });
});
