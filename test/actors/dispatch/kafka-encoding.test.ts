import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { crc32c } from '../../../src/actors/dispatch/kafka/crc32c.js';
import { loadLibrary, REQUEST } from '../../../src/actors/dispatch/kafka/library.js';
import { KafkaMessage } from '../../../src/actors/dispatch/kafka/message.js';
import type { Produce } from '../../../src/actors/dispatch/kafka/produce-request.js';

type ToRequest = (produce: Produce) => { readonly encode: () => Promise<{ readonly buffer: Buffer }> };

const require = createRequire(import.meta.url);
/** The library's own, before it is loaded by the dispatcher. */
const theirs = require(REQUEST) as ToRequest;
const encoded = async (toRequest: ToRequest, produce: Produce): Promise<Buffer> =>
  (await toRequest(produce).encode()).buffer;

/** The same numbers each time, below `most`. */
function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(state / 1_000) % most;
  };
}

const pick = dice(4);
const ALPHABETS = ['a-Z.0', 'aüß', '车辆x', '\u{1f697}b', '\ud83da'];
const text = (most: number): string => {
  const alphabet = ALPHABETS[pick(8)] ?? 'V';
  return Array.from({ length: pick(most) }, () => alphabet[pick(alphabet.length)]).join('');
};

function message(index: number): KafkaMessage {
  const pairs = pick(20) === 0 ? 60 + pick(10) : pick(8);
  const headers = Object.fromEntries(Array.from({ length: pairs }, (_, n) => [`${n} ${text(70)}`, text(70)]));
  const value = Buffer.alloc(pick(5) === 0 ? pick(40_000) : pick(300), index);
  return new KafkaMessage(index, 'V', Buffer.from(text(20)), value, headers, '1700000000123');
}

const produceOf = (part: Partial<Produce>): Produce => ({
  acks: -1,
  timeout: 30_000,
  compression: 0,
  producerId: -1,
  producerEpoch: 0,
  topicData: Array.from({ length: 1 + pick(2) }, (_, n) => ({
    topic: `fleet_${n}`,
    partitions: Array.from({ length: 1 + pick(4) }, (_, partition) => ({
      partition,
      firstSequence: pick(2) * 70_000,
      messages: Array.from({ length: 1 + pick(30) }, (_, index) => message(index)),
    })),
  })),
  ...part,
});

describe('requests with records of the kafka dispatcher', () => {
  it('KFL-1 are made here, of the same bytes that the library makes', async () => {
    const { CompressionTypes } = (await import('kafkajs')).default;
    await loadLibrary();
    const ours = require(REQUEST) as ToRequest;
    assert.notEqual(ours, theirs);
    for (let round = 0; round < 200; round++) {
      const numbered = { producerId: '9007199254740993', producerEpoch: pick(30_000) };
      const produce = produceOf({
        acks: pick(3) - 1,
        compression: pick(4) === 0 ? CompressionTypes.GZIP : 0,
        ...(pick(2) === 0 ? numbered : {}),
      });
      const [own, other] = [await encoded(ours, produce), await encoded(theirs, produce)];
      assert.ok(own.equals(other), `round ${round}`);
    }
    const many = Array.from({ length: 2_000 }, (_, index) => message(index));
    const whole = produceOf({
      topicData: [{ topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages: many }] }],
    });
    assert.ok((await encoded(ours, whole)).equals(await encoded(theirs, whole)));
  });

  it('KFL-1 the library makes those of others itself', async () => {
    await loadLibrary();
    const messages = [
      { key: null, value: 'text', timestamp: '5' },
      { key: 'k', value: Buffer.from('b'), timestamp: '9' },
    ];
    const produce = produceOf({
      topicData: [{ topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages }] }],
    });
    const own = await encoded(require(REQUEST) as ToRequest, produce);
    assert.ok(own.equals(await encoded(theirs, produce)));
  });

  it('KFL-1 the checksum is that of RFC 3720, however the bytes are divided', () => {
    const rising = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
    for (const [bytes, sum] of [
      [Buffer.alloc(32), 0x8a9136aa],
      [Buffer.alloc(32, 0xff), 0x62a8ab43],
      [rising, 0x46dd794e],
      [Buffer.from(rising).reverse(), 0x113fdb5c],
      [Buffer.alloc(0), 0],
    ] as const) {
      for (let at = 0; at <= bytes.length; at++) {
        assert.equal(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at))), sum);
      }
    }
  });
});
