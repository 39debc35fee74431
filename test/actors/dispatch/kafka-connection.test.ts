import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KafkaConfig, Message, PartitionMetadata, ProducerBatch, ProducerConfig, RecordMetadata } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { Library } from '../../../src/actors/dispatch/kafka/client.js';
import {
  createKafkaDispatcher,
  type KafkaDispatcherOptions,
} from '../../../src/actors/dispatch/kafka/kafka-dispatcher.js';
import { kafkaOptions } from '../../interop/kafka-setup.js';
import { sampleRecord } from './sample-records.js';

const signal = new AbortController().signal;

/** What the library asks for the partition of a message, of so many. */
type Choose = (message: Message, count: number) => number;
type SendBatch = (messages: readonly Message[], choose: Choose) => number[] | Promise<number[]>;

/** A library whose producer answers for the partitions that `sendBatch` says. */
function scripted(sendBatch: SendBatch) {
  const configs: KafkaConfig[] = [];
  class Kafka {
    constructor(config: KafkaConfig) {
      configs.push(config);
    }

    producer({ createPartitioner }: ProducerConfig) {
      const partitioner = createPartitioner?.();
      const choose: Choose = (message, count) => {
        const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1 }));
        return (
          partitioner?.({ topic: 't', message, partitionMetadata: partitionMetadata as PartitionMetadata[] }) ?? -1
        );
      };
      return {
        connect: async () => {},
        disconnect: async () => {},
        sendBatch: async ({ topicMessages = [] }: ProducerBatch): Promise<RecordMetadata[]> => {
          const partitions = await sendBatch(topicMessages[0]?.messages ?? [], choose);
          return partitions.map((partition) => ({ topicName: 't', partition, errorCode: 0 }));
        },
      };
    }
  }
  const load = async () => ({ ...kafkajs, Kafka }) as unknown as Library;
  return { configs, load };
}

async function connected(sendBatch: SendBatch, options: Partial<KafkaDispatcherOptions> = {}) {
  const { load, configs } = scripted(sendBatch);
  const dispatcher = createKafkaDispatcher(kafkaOptions(['h:1'], 't', { load, ...options }));
  await dispatcher.connect(signal);
  return { dispatcher, configs };
}

const records = [1, 2, 3, 4].map((number) => sampleRecord(number, { vehicle: `VIN${number}` }));

class TooLarge extends Error {
  readonly type = 'MESSAGE_TOO_LARGE';
}

describe('the kafka dispatcher and what its library does', () => {
  it('KFC-1 a partition that was passed over is no confirmation', async () => {
    const { dispatcher } = await connected((messages, choose) => {
      const [first = -1, ...others] = new Set(messages.map((message) => choose(message, 8)));
      assert.ok(others.length > 0);
      return [first];
    });
    const { delivered, failure } = await dispatcher.deliver(records, signal);
    assert.equal(delivered, 0);
    assert.match(failure?.message ?? '', /^kafka_err partition \d has not confirmed its part$/);
    assert.equal((await dispatcher.deliver(records, signal)).failure?.code, 'DISPATCH_NOT_CONNECTED');
  });

  it('KFC-2 a message keeps its partition when it is asked for again and there are more, or any will do', async () => {
    for (const partitioner of ['consistent_random', 'random'] as const) {
      let random = 0;
      const chosen: number[][] = [];
      const { dispatcher } = await connected(
        (messages, choose) => {
          for (const count of [4, 9]) chosen.push(messages.map((message) => choose(message, count)));
          return chosen[0] ?? [];
        },
        { partitioner, random: () => (random = (random + 0.3) % 1) },
      );
      assert.equal((await dispatcher.deliver(records, signal)).delivered, 4);
      assert.deepEqual(chosen[1], chosen[0]);
    }
  });

  it('KFC-3 a connection that was given up opens no more sockets', async () => {
    const { dispatcher, configs } = await connected(() => []);
    await dispatcher.close(0);
    const open = (): unknown =>
      configs[0]?.socketFactory?.({ host: '127.0.0.1', port: 1, ssl: {}, onConnect: () => assert.fail() });
    assert.throws(open, { code: 'DISPATCH_ABORTED' });
  });

  it('KFD-3 batches that are too large as a whole are smaller from then on', async () => {
    const sizes: number[] = [];
    const { dispatcher } = await connected((messages, choose) => {
      sizes.push(messages.length);
      if (messages.length > 2) throw new TooLarge('too large');
      return messages.map((message) => choose(message, 1));
    });
    assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 4, refused: [] });
    assert.deepEqual(sizes.splice(0), [4, 2, 2]);
    assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 4, refused: [] });
    assert.ok(Math.max(...sizes) <= 2, sizes.join());
  });
});
