import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { KafkaConfig, Message, PartitionMetadata, ProducerBatch, ProducerConfig, RecordMetadata } from 'kafkajs';
import kafkajs from 'kafkajs';
import {
  createKafkaDispatcher,
  type KafkaDispatcherOptions,
  kafkaBatching,
} from '../../../src/actors/dispatch/kafka/kafka-dispatcher.js';
import type { Library } from '../../../src/actors/dispatch/kafka/library.js';
import { partitionOf } from '../../../src/actors/dispatch/kafka/partition.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { until } from '../../fakes/until.js';
import { kafkaOptions } from '../../interop/kafka-setup.js';
import { numberOf, sampleRecord } from './sample-records.js';

const signal = new AbortController().signal;

/** What the library asks for the partition of a message, of so many. */
type Choose = (message: Message, count: number) => number;
type SendBatch = (messages: readonly Message[], choose: Choose, topic: string) => number[] | Promise<number[]>;

/** A library whose producer answers for the partitions that `sendBatch` says. */
function scripted(sendBatch: SendBatch) {
  const configs: KafkaConfig[] = [];
  const producers: ProducerConfig[] = [];
  const batches: ProducerBatch[] = [];
  class Kafka {
    constructor(config: KafkaConfig) {
      configs.push(config);
    }

    producer(config: ProducerConfig) {
      const { createPartitioner } = config;
      producers.push(config);
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
        sendBatch: async (batch: ProducerBatch): Promise<RecordMetadata[]> => {
          batches.push(batch);
          const [{ topic, messages } = { topic: '', messages: [] }] = batch.topicMessages ?? [];
          const partitions = await sendBatch(messages, choose, topic);
          return partitions.map((partition) => ({ topicName: 't', partition, errorCode: 0 }));
        },
      };
    }
  }
  const load = async () => ({ ...kafkajs, Kafka }) as unknown as Library;
  return { configs, producers, batches, load };
}

async function connected(sendBatch: SendBatch, options: Partial<KafkaDispatcherOptions> = {}) {
  const { load, ...seen } = scripted(sendBatch);
  const dispatcher = createKafkaDispatcher(kafkaOptions(['h:1'], 't', { load, ...options }));
  await dispatcher.connect(signal);
  return { dispatcher, ...seen };
}

/** A request that is answered when the test says so. */
interface Asked {
  readonly topic: string;
  readonly numbers: readonly number[];
  readonly answer: () => void;
}

/** A library whose requests wait for their answers. */
function asking() {
  const asked: Asked[] = [];
  const sendBatch: SendBatch = (messages, choose, topic) => {
    const numbers = messages.map(({ headers }) => numberOf(String(headers?.['txid'])));
    const partitions = messages.map((message) => choose(message, 4));
    return new Promise((resolve) => asked.push({ topic, numbers, answer: () => resolve(partitions) }));
  };
  return { asked, sendBatch };
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

  it('KFC-4 without confirmations a batch is sent when the system has taken it, and fails if it does not in time', async (t) => {
    const server = createServer({ pauseOnConnect: true });
    const peers: Socket[] = [];
    server.on('connection', (peer) => peers.push(peer.on('error', () => {})));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clock = new ManualClock();
    let socket: Socket | undefined;
    const { dispatcher, configs } = await connected(
      (messages) => {
        socket?.write(messages[0]?.value as Buffer);
        return [];
      },
      { acks: 0, clock, maxMessageBytes: 1e9, batchBytes: 1e9 },
    );
    t.after(async () => {
      await dispatcher.close(0);
      for (const peer of peers) peer.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const open = async (): Promise<void> => {
      let isConnected = false;
      const onConnect = (): void => {
        isConnected = true;
      };
      const ssl = undefined as unknown as ConnectionOptions;
      socket = configs.at(-1)?.socketFactory?.({ host: '127.0.0.1', port, ssl, onConnect }) as Socket;
      socket.on('error', () => {});
      await until(() => isConnected && peers.length === configs.length, 'the connection');
    };
    await open();
    // More than the system keeps.
    const large = [sampleRecord(1, { payload: Buffer.alloc(64_000_000) })];
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);

    const drained = dispatcher.deliver(large, signal);
    await until(() => clock.pending === 1, 'the wait');
    peers[0]?.resume();
    assert.equal((await drained).delivered, 1);

    peers[0]?.pause();
    const late = dispatcher.deliver(large, signal);
    await until(() => clock.pending === 1, 'the wait');
    await clock.advance(60_000);
    const { delivered, failure } = await late;
    assert.deepEqual([delivered, failure?.message], [0, 'kafka_err the brokers take nothing more']);

    await dispatcher.connect(signal);
    await open();
    const cut = dispatcher.deliver(large, signal);
    await until(() => clock.pending === 1, 'the wait');
    peers[1]?.resetAndDestroy();
    assert.match((await cut).failure?.message ?? '', /the broker closed the connection/);
  });

  it('KFD-1 a record is confirmed when the broker has answered for it, and not before', async () => {
    const { asked, sendBatch } = asking();
    const acked: string[] = [];
    const progress: number[] = [];
    const { dispatcher } = await connected(sendBatch, { batchRecords: 2, onAcked: (type) => acked.push(type) });
    const delivery = dispatcher.deliver(records, signal, ({ delivered }) => progress.push(delivered));
    await until(() => asked.length === 1, 'the first batch');
    assert.deepEqual([acked, progress], [[], []]);
    asked[0]?.answer();
    await until(() => asked.length === 2, 'the second batch');
    assert.deepEqual([acked.length, progress.at(-1)], [2, 2]);
    asked[1]?.answer();
    assert.deepEqual(await delivery, { delivered: 4, refused: [] });
    assert.equal(acked.length, 4);
  });

  it('KFD-2 the batches of a topic follow each other, while those of another are under way', async () => {
    const { asked, sendBatch } = asking();
    const { formats } = kafkaOptions([], '');
    const topic: typeof formats.topic = ({ type, payload }) => ({ ok: true, value: { topic: type, body: payload } });
    const { dispatcher } = await connected(sendBatch, { batchRecords: 2, formats: { ...formats, topic } });
    const mixed = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => sampleRecord(n, { type: n % 2 === 0 ? 'even' : 'odd' }));
    const delivery = dispatcher.deliver(mixed, signal);
    await until(() => asked.length === 2, 'the first batches');
    const seen = () => asked.map(({ topic: name, numbers }) => `${name} ${numbers.join(' ')}`);
    assert.deepEqual(seen(), ['odd 1 3', 'even 2 4']);
    asked[1]?.answer();
    await until(() => asked.length === 3, 'the next batch');
    assert.deepEqual(seen().slice(2), ['even 6 8']);
    asked[2]?.answer();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(asked.length, 3);
    asked[0]?.answer();
    await until(() => asked.length === 4, 'the last batch');
    assert.deepEqual(seen().slice(3), ['odd 5 7']);
    asked[3]?.answer();
    assert.equal((await delivery).delivered, 8);
  });

  it('FT-KAF-2 FT-KAF-3 the library is asked for the acks, codec, numbering and partitions of the properties', async () => {
    const { GZIP, None } = kafkajs.CompressionTypes;
    const cases = [
      [
        { compression: 'gzip', idempotent: true },
        { acks: -1, compression: GZIP, idempotent: true, retries: 5 },
      ],
      [
        { acks: 1, partitioner: 'murmur2_random', requestTimeoutMs: 5 },
        { acks: 1, compression: None, idempotent: false, retries: 2 },
      ],
      [
        { acks: 0, partitioner: 'fnv1a' },
        { acks: 0, compression: None, idempotent: false, retries: 2 },
      ],
    ] as const;
    for (const [options, { idempotent, retries, ...expected }] of cases) {
      const partitions: number[] = [];
      const { dispatcher, producers, batches } = await connected((messages, choose) => {
        partitions.push(...messages.map((message) => choose(message, 7)));
        return partitions;
      }, options);
      const { partitioner, requestTimeoutMs } = kafkaOptions([], 't', options);
      assert.equal(dispatcher.confirmation, expected.acks === 0 ? 'sent' : 'stored');
      assert.equal((await dispatcher.deliver(records, signal)).delivered, 4);
      assert.deepEqual([producers[0]?.idempotent, producers[0]?.retry?.retries], [idempotent, retries]);
      const [{ topicMessages, ...batch } = { topicMessages: [] }] = batches;
      assert.deepEqual(batch, { ...expected, timeout: requestTimeoutMs });
      assert.deepEqual(
        topicMessages?.map(({ topic, messages }) => [topic, messages.map(({ key }) => String(key))]),
        [['t', records.map(({ vehicle }) => vehicle)]],
      );
      assert.deepEqual(
        partitions,
        records.map(({ vehicle }) => partitionOf(partitioner, Buffer.from(vehicle), 7)),
      );
      assert.ok(new Set(partitions).size > 1);
    }
  });

  it('an attempt to connect begins behind the broker at which the last one ended', async () => {
    const { configs, load } = scripted(() => []);
    const asked = (): unknown[] => configs.splice(0).map(({ brokers }) => brokers);
    const failing = new Set(['a:1']);
    const { Kafka, ...library } = await load();
    class Failing extends Kafka {
      readonly broker: string;
      constructor(config: KafkaConfig) {
        super(config);
        this.broker = String(config.brokers);
      }

      override producer(config: ProducerConfig) {
        const connect = (): Promise<void> =>
          failing.has(this.broker)
            ? Promise.reject(new Error('silent'))
            : this.broker === 'c:1'
              ? new Promise(() => {})
              : Promise.resolve();
        return { ...super.producer(config), connect };
      }
    }
    const failingLoad = async () => ({ ...library, Kafka: Failing }) as unknown as Library;
    const dispatcher = createKafkaDispatcher(kafkaOptions(['a:1', 'b:1', 'c:1'], 't', { load: failingLoad }));
    await dispatcher.connect(signal);
    assert.deepEqual(asked(), [['a:1'], ['b:1']]);
    await dispatcher.connect(signal);
    assert.deepEqual(asked(), [['b:1']]);
    failing.add('b:1');
    const deadline = new AbortController();
    const cutOff = dispatcher.connect(deadline.signal);
    await until(() => configs.length === 2, 'the silent broker');
    deadline.abort();
    await assert.rejects(cutOff, { code: 'DISPATCH_ABORTED' });
    assert.deepEqual(asked(), [['b:1'], ['c:1']]);
    failing.clear();
    await dispatcher.connect(signal);
    assert.deepEqual(asked(), [['a:1']]);
  });

  it('its deadlines are longer than what they bound takes by itself', () => {
    const settings = kafkaOptions(['a:1', 'b:1'], 't');
    for (const [idempotent, requests] of [
      [false, 3],
      [true, 6],
    ] as const) {
      const { deliverTimeoutMs = 0, timing } = kafkaBatching({ ...settings, idempotent });
      assert.ok(deliverTimeoutMs > requests * (60_000 + 30_000));
      assert.ok((timing.connectTimeoutMs ?? 0) > 2 * (60_000 + 30_000));
    }
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

  it('KFD-3 refuses the one record at fault, and all of a topic that no broker takes, with one request', async () => {
    const failing = (type: string, isAtFault: (numbers: readonly number[]) => boolean) => {
      const requests: number[][] = [];
      const sendBatch: SendBatch = (messages, choose) => {
        const numbers = messages.map(({ headers }) => numberOf(String(headers?.['txid'])));
        requests.push(numbers);
        if (isAtFault(numbers)) throw Object.assign(new Error(type), { type });
        return messages.map((message) => choose(message, 1));
      };
      return { requests, sendBatch };
    };
    const one = failing('POLICY_VIOLATION', (numbers) => numbers.includes(2));
    const { dispatcher } = await connected(one.sendBatch);
    const refusal = 'DISPATCH_KAFKA_REFUSED: POLICY_VIOLATION';
    assert.deepEqual(await dispatcher.deliver(records, signal), {
      delivered: 4,
      refused: [{ index: 1, reason: refusal }],
    });
    assert.deepEqual(
      one.requests.filter((numbers) => !numbers.includes(2)),
      [[1], [3], [4]],
    );
    const all = failing('INVALID_TOPIC_EXCEPTION', () => true);
    const other = (await connected(all.sendBatch)).dispatcher;
    const { delivered, refused } = await other.deliver(records, signal);
    assert.deepEqual([delivered, refused?.length, all.requests.length], [4, 4, 1]);
    assert.equal(refused?.[0]?.reason, 'DISPATCH_KAFKA_REFUSED: the brokers take no topic called t');
  });
});
