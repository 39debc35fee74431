/** Which partition a key belongs to, as librdkafka's partitioners choose it (FT-KAF-3). */
import { crc32 } from 'node:zlib';
import type { KafkaPartitioner } from '../../../protocols/fleet-telemetry/kafka-settings.js';

/** Undefined where any partition will do. */
export function partitionOf(partitioner: KafkaPartitioner, key: Uint8Array, count: number): number | undefined {
  switch (partitioner) {
    case 'random':
      return undefined;
    case 'consistent_random':
      return key.length === 0 ? undefined : crc32(key) % count;
    case 'consistent':
      return crc32(key) % count;
    // An empty key is a key; records without one do not exist here.
    case 'murmur2':
    case 'murmur2_random':
      return (murmur2(key) & 0x7fffffff) % count;
    case 'fnv1a':
    case 'fnv1a_random':
      return fnv1a(key) % count;
  }
}

const MURMUR_SEED = 0x9747b28c;
const MURMUR_FACTOR = 0x5bd1e995;

/** 32 bits of MurmurHash2, as Java's clients of Kafka compute it. */
export function murmur2(key: Uint8Array): number {
  const { length } = key;
  const byte = (at: number): number => key[at] ?? 0;
  let hash = MURMUR_SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    word = Math.imul(word, MURMUR_FACTOR);
    word = Math.imul(word ^ (word >>> 24), MURMUR_FACTOR);
    hash = Math.imul(hash, MURMUR_FACTOR) ^ word;
  }
  if (at < length) {
    // What is missing of the last word counts as zero.
    hash ^= byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16);
    hash = Math.imul(hash, MURMUR_FACTOR);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MURMUR_FACTOR);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** 32 bits of FNV-1a without their sign, as Sarama takes them. */
export function fnv1a(key: Uint8Array): number {
  let hash = 0x811c9dc5 | 0;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  return Math.abs(hash);
}
