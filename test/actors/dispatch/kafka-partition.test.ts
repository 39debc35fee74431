import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fnv1a, murmur2, partitionOf } from '../../../src/actors/dispatch/kafka/partition.js';
import { type KafkaPartitioner, kafkaPartitioners } from '../../../src/protocols/fleet-telemetry/kafka-settings.js';

const LONG = 'PreAmbleWillBeRemoved,ThePrePartThatIs';
/** Of librdkafka's own tests. */
const KEYS = [
  'kafka',
  'giberish123456789',
  '1234',
  '234',
  '34',
  '4',
  LONG,
  LONG.slice(1),
  LONG.slice(2),
  LONG.slice(3),
  '',
];
const MURMUR2 = [
  0xd067cf64, 0x8f552b0c, 0x9fc97b14, 0xe7c009ca, 0x873930da, 0x5a4b5ca1, 0x78424f1c, 0x4a62b377, 0xe0e4e09e,
  0x62b8b43f, 0x106e08d9,
];
const FNV1A = [
  0x0d33c4e1, 0x77a58295, 0x023bdd03, 0x2dea3cd2, 0x740fa83e, 0x310ca263, 0x65cbd69c, 0x6e49c79a, 0x69eed356,
  0x6abcc023, 0x7ee3623b,
];

const TEXTS = ['', '23456', 'this is another string with more length to it perhaps', 'hejsan'];
const CRC = [0, 0xb1b451d7, 0xb0150df7, 0xd077037e];
const MURMUR = [0x106e08d9, 0x058d780f, 0x4f7703da, 0x5ec19395];
const FNV = [0x7ee3623b, 0x27e6f469, 0x155e3e5f, 0x17b1e27a];

describe('FT-KAF-3 partitions as librdkafka chooses them', () => {
  it('FT-KAF-3 the hashes are those of its tests', () => {
    assert.deepEqual(
      KEYS.map((key) => murmur2(Buffer.from(key))),
      MURMUR2,
    );
    assert.deepEqual(
      KEYS.map((key) => fnv1a(Buffer.from(key))),
      FNV1A,
    );
  });

  for (const count of [7, 17]) {
    it(`FT-KAF-3 so are the partitions, of ${count}`, () => {
      const of = (partitioner: KafkaPartitioner) =>
        TEXTS.map((text) => partitionOf(partitioner, Buffer.from(text), count));
      const crc = CRC.map((hash) => hash % count);
      const murmur = MURMUR.map((hash) => hash % count);
      const fnv = FNV.map((hash) => hash % count);
      const expected: Record<KafkaPartitioner, (number | undefined)[]> = {
        consistent: crc,
        consistent_random: [undefined, ...crc.slice(1)],
        murmur2: murmur,
        murmur2_random: murmur,
        fnv1a: fnv,
        fnv1a_random: fnv,
        random: [undefined, undefined, undefined, undefined],
      };
      for (const name of kafkaPartitioners) assert.deepEqual(of(name), expected[name], name);
    });
  }
});
