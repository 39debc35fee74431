import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import kafkajs from 'kafkajs';
import { partitionOf } from '../../src/actors/dispatch/kafka/partition.js';
import { dispatcherSuite } from '../actors/dispatch/abstract-suite.js';
import { numberOf, sampleRecord, sampleRecords } from '../actors/dispatch/sample-records.js';
import { KafkaReader, type ReadMessage } from '../fakes/kafka-reader.js';
import { type KafkaLine, withoutKafka } from '../fakes/kafka-server.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { until } from '../fakes/until.js';
import { type KafkaLab, kafkaActor, kafkaDispatcher, kafkaLab, kafkaOptions, PASSWORD, TLS } from './kafka-setup.js';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const signal = new AbortController().signal;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const numbersOf = (messages: readonly ReadMessage[]): number[] =>
  messages.flatMap(({ headers }) => (headers['txid'] ? [numberOf(headers['txid'])] : []));
const inOrder = (numbers: readonly number[]): number[] => [...new Set(numbers)];

/** What holds of the dispatcher and a broker of one line. */
export function kafkaSuite(line: KafkaLine): void {
  const skip = withoutKafka(line);
  let shared: Promise<KafkaLab> | undefined;
  const endings: (() => unknown)[] = [];
  const lab = (): Promise<KafkaLab> => {
    if (!shared) {
      const t = { after: (end: () => unknown) => void endings.push(end) };
      shared = kafkaLab(t, line, temporaryFolder(t));
    }
    return shared;
  };
  after(async () => {
    for (const end of endings.reverse()) await end();
  });

  /** A topic, and what is in it. */
  const reading = async (t: TestContext, topic: string): Promise<KafkaReader> =>
    KafkaReader.to(t, (await lab()).server, [topic]);

  if (!skip) {
    dispatcherSuite(`kafka and ${line}`, async (t) => {
      const { way, topic: newTopic } = await lab();
      way.open();
      const topic = await newTopic();
      const reader = await reading(t, topic);
      return {
        dispatcher: kafkaDispatcher(t, kafkaOptions([`127.0.0.1:${way.port}`], topic)),
        received: async () => numbersOf(await reader.settled()),
        vanish: async () => way.close(),
        comeBack: async () => way.open(),
      };
    });
  }

  describe(`the kafka dispatcher and ${line}`, { skip }, () => {
    let kafka: KafkaLab;
    before(async () => {
      kafka = await lab();
      kafka.way.open();
    });
    const plain = (): string[] => [kafka.server.broker];

    it('FT-KAF-1 FT-KAF-3 sends key, headers, payload and time to the partition that the key decides', async (t) => {
      const topic = await kafka.topic(7);
      const counts = { produced: 0, acked: 0, bytes: 0, underWay: 0 };
      const dispatcher = kafkaDispatcher(
        t,
        kafkaOptions(plain(), topic, {
          onProduced: () => counts.produced++,
          onAcked: (_, bytes) => {
            counts.acked++;
            counts.bytes += bytes;
          },
          onUnderWay: (change) => {
            counts.underWay += change;
          },
        }),
      );
      await dispatcher.connect(signal);
      const begin = Date.now();
      const records = range(1, 40).map((n) =>
        sampleRecord(n, { vehicle: `VIN${n % 20}`, payload: Buffer.from([n, 0, 255]) }),
      );
      assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 40, refused: [] });
      const end = Date.now();
      assert.deepEqual(counts, { produced: 40, acked: 40, bytes: 120, underWay: 0 });
      const messages = await (await reading(t, topic)).settled();
      assert.equal(messages.length, 40);
      for (const { key, partition, headers, value, timestamp } of messages) {
        const n = numberOf(headers['txid'] ?? '');
        assert.equal(key, `VIN${n % 20}`);
        assert.equal(partition, crc32(key) % 7);
        assert.deepEqual(headers, { vin: 'VIN0001', txid: `tx-${n}` });
        assert.deepEqual([...value], [n, 0, 255]);
        assert.ok(timestamp >= begin && timestamp <= end);
      }
      assert.ok(new Set(messages.map(({ partition }) => partition)).size > 3);
    });

    it('FT-KAF-2 FT-KAF-3 brokers take gzip, numbered batches, each acks and partitioner, and the order is kept', async (t) => {
      for (const options of [
        { compression: 'gzip', idempotent: true },
        { acks: 1, partitioner: 'murmur2_random' },
        { acks: 0, partitioner: 'random', random: () => 0.99 },
      ] as const) {
        const topic = await kafka.topic(4);
        const dispatcher = kafkaDispatcher(t, kafkaOptions(plain(), topic, { ...options, batchRecords: 10 }));
        assert.equal(dispatcher.confirmation, 'acks' in options && options.acks === 0 ? 'sent' : 'stored');
        await dispatcher.connect(signal);
        const records = range(1, 35).map((n) => sampleRecord(n, { vehicle: `VIN${n % 5}` }));
        assert.equal((await dispatcher.deliver(records, signal)).delivered, 35);
        const reader = await reading(t, topic);
        await until(async () => (await reader.settled()).length >= 35, 'all of them');
        const { partitioner } = kafkaOptions([], topic, options);
        const [any] = reader.messages;
        for (const vin of range(0, 4)) {
          const own = reader.messages.filter(({ key }) => key === `VIN${vin}`);
          assert.deepEqual(
            numbersOf(own),
            range(1, 35).filter((n) => n % 5 === vin),
          );
          const expected = partitionOf(partitioner, Buffer.from(`VIN${vin}`), 4);
          assert.deepEqual([...new Set(own.map(({ partition }) => partition))], [expected ?? any?.partition]);
        }
      }
    });

    it('FT-KAF-4 refuses the one record that is larger than message.max.bytes', async (t) => {
      const topic = await kafka.topic();
      const dispatcher = kafkaDispatcher(
        t,
        kafkaOptions(plain(), topic, { maxMessageBytes: 3_000, batchBytes: 3_000 }),
      );
      await dispatcher.connect(signal);
      const records = [sampleRecord(1), sampleRecord(2, { payload: Buffer.alloc(3_000) }), sampleRecord(3)];
      const { delivered, refused, failure } = await dispatcher.deliver(records, signal);
      assert.equal(failure, undefined);
      assert.equal(delivered, 3);
      assert.deepEqual(
        refused?.map(({ index }) => index),
        [1],
      );
      assert.match(
        refused[0]?.reason ?? '',
        /^DISPATCH_KAFKA_REFUSED: \d+ bytes with key and headers, more than message\.max\.bytes \(3000\)$/,
      );
      assert.deepEqual(numbersOf(await (await reading(t, topic)).settled()), [1, 3]);
    });

    it('KFD-3 FT-KAF-4 finds the records that the topic does not take among those that it does', async (t) => {
      const topic = await kafka.topic(2, { 'max.message.bytes': '2000' });
      const dispatcher = kafkaDispatcher(t, kafkaOptions(plain(), topic));
      await dispatcher.connect(signal);
      const records = range(1, 60).map((n) =>
        sampleRecord(n, { vehicle: `VIN${n % 3}`, ...(n % 25 === 0 ? { payload: Buffer.alloc(2_500) } : {}) }),
      );
      const { delivered, refused, failure } = await dispatcher.deliver(records, signal);
      assert.equal(failure, undefined);
      assert.equal(delivered, 60);
      assert.deepEqual(
        refused?.map(({ index }) => index + 1),
        [25, 50],
      );
      const reason = `DISPATCH_KAFKA_REFUSED: larger than the topic ${topic} takes (max.message.bytes)`;
      assert.equal(refused[0]?.reason, reason);
      const messages = await (await reading(t, topic)).settled();
      for (const vin of [0, 1, 2]) {
        const own = inOrder(numbersOf(messages.filter(({ key }) => key === `VIN${vin}`)));
        assert.deepEqual(
          own,
          range(1, 60).filter((n) => n % 3 === vin && n % 25 !== 0),
        );
      }
    });

    it('KFD-4 waits for a topic that does not exist, says so, and delivers once it is there', async (t) => {
      const topic = 'fleet_missing';
      const { append, view, spool } = await kafkaActor(t, kafkaOptions(plain(), topic));
      append(sampleRecords(1, 5));
      const said = `kafka_err the topic ${topic} does not exist; create it, or let the brokers do so (auto.create.topics.enable)`;
      await until(() => view().state === 'broken', 'the failure');
      assert.equal(view().lastError?.message, said);
      assert.equal(view().pendingItems, 5);
      await kafka.server.createTopic(topic);
      await until(() => spool.pending().items === 0, 'the drain');
      assert.deepEqual(inOrder(numbersOf(await (await reading(t, topic)).settled())), range(1, 5));
    });

    it('refuses records of a topic whose name no broker takes', async (t) => {
      const dispatcher = kafkaDispatcher(t, kafkaOptions(plain(), 'no/topic'));
      await dispatcher.connect(signal);
      assert.deepEqual(await dispatcher.deliver([sampleRecord(1)], signal), {
        delivered: 1,
        refused: [{ index: 0, reason: 'DISPATCH_KAFKA_REFUSED: the brokers take no topic called no/topic' }],
      });
    });

    it('FT-KAF-2 speaks TLS and SASL with each mechanism', async (t) => {
      const topic = await kafka.topic();
      const secure = [`localhost:${kafka.server.ports['SECURE']}`];
      const tls = { ...TLS, caFile: kafka.files.ca };
      for (const [index, mechanism] of (['plain', 'scram-sha-256', 'scram-sha-512'] as const).entries()) {
        const sasl = { mechanism, username: 'hub', password: PASSWORD };
        const dispatcher = kafkaDispatcher(t, kafkaOptions(secure, topic, { tls, sasl }));
        await dispatcher.connect(signal);
        assert.equal((await dispatcher.deliver([sampleRecord(index)], signal)).delivered, 1);
        const wrong = { ...sasl, password: 'almostsecret' };
        await assert.rejects(kafkaDispatcher(t, kafkaOptions(secure, topic, { tls, sasl: wrong })).connect(signal), {
          code: 'DISPATCH_KAFKA_UNREACHABLE',
          message: /^kafka_err cannot reach localhost:\d+: .*the broker refuses the user name or password$/,
        });
      }
      const mutual = [`localhost:${kafka.server.ports['MUTUAL']}`];
      const own = { ...tls, certFile: kafka.files.cert, keyFile: kafka.files.key };
      const dispatcher = kafkaDispatcher(t, kafkaOptions(mutual, topic, { tls: own }));
      await dispatcher.connect(signal);
      assert.equal((await dispatcher.deliver([sampleRecord(3)], signal)).delivered, 1);
      assert.deepEqual(numbersOf(await (await reading(t, topic)).settled()), [0, 1, 2, 3]);
    });

    it('FT-KAF-2 says what is wrong with a connection', async (t) => {
      const tls = { ...TLS, caFile: kafka.files.ca };
      const { SECURE, OPEN, MUTUAL } = kafka.server.ports;
      const sasl = { mechanism: 'plain', username: 'hub', password: PASSWORD } as const;
      const cases = [
        [`localhost:${SECURE}`, { tls: TLS, sasl }, /certificate.*; see ssl\.ca\.location$/],
        [`127.0.0.1:${SECURE}`, { tls, sasl }, /does not match certificate's altnames.*see ssl\.ca\.location/],
        [`127.0.0.1:${OPEN}`, { sasl }, /the broker does not offer this sasl\.mechanism/],
        [`127.0.0.1:${OPEN}`, {}, /the broker closed the connection; does it ask for TLS or a password/],
        [`localhost:${SECURE}`, {}, /the broker closed the connection; does it ask for TLS or a password/],
        [kafka.server.broker, { tls }, /the broker (does not speak TLS there|closed the connection)/],
        [
          `localhost:${MUTUAL}`,
          { tls },
          /the broker refuses the TLS of this client \([a-z ]+\); see ssl\.certificate\.location$/,
        ],
        ['nowhere.invalid:9092', {}, /the host name is unknown/],
        ['127.0.0.1:1', {}, /nobody listens there; is Kafka running\?/],
      ] as const;
      for (const [broker, options, message] of cases) {
        const dispatcher = kafkaDispatcher(t, kafkaOptions([broker], 'fleet_x', options));
        // Some brokers end a connection only once something is sent over it.
        const attempt = async (): Promise<unknown> => {
          await dispatcher.connect(signal);
          const { failure } = await dispatcher.deliver([sampleRecord(1)], signal);
          throw failure;
        };
        await assert.rejects(attempt(), ({ message: said }: Error) => {
          assert.match(said, message, broker);
          assert.doesNotMatch(said, /secret/);
          return true;
        });
        await dispatcher.close(0);
      }
    });

    it('FT-KAF-2 a certificate without the name of the host is taken where names are not looked at', async (t) => {
      const topic = await kafka.topic();
      const tls = { ...TLS, caFile: kafka.files.ca, isNameChecked: false };
      const sasl = { mechanism: 'plain', username: 'hub', password: PASSWORD } as const;
      const broker = `127.0.0.1:${kafka.server.ports['SECURE']}`;
      const dispatcher = kafkaDispatcher(t, kafkaOptions([broker], topic, { tls, sasl }));
      await dispatcher.connect(signal);
      assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
    });

    it('KFD-4 holds a topic that denies access, and refuses its records once message.timeout.ms is over', async (t) => {
      const topic = await kafka.topic();
      const admin = await kafka.server.admin();
      const acl = {
        resourceType: AclResourceTypes.TOPIC,
        resourceName: topic,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        principal: 'User:hub',
        host: '*',
        operation: AclOperationTypes.WRITE,
        permissionType: AclPermissionTypes.DENY,
      };
      await admin.createAcls({ acl: [acl] });
      const sasl = { mechanism: 'scram-sha-256', username: 'hub', password: PASSWORD } as const;
      const broker = `127.0.0.1:${kafka.server.ports['OPEN']}`;
      const dispatcher = kafkaDispatcher(t, kafkaOptions([broker], topic, { sasl, refuseAfterMs: 1 }));
      await dispatcher.connect(signal);
      const { failure, delivered } = await dispatcher.deliver([sampleRecord(1)], signal);
      assert.equal(delivered, 0);
      const said = `the user may not write to the topic ${topic}; give it the operations Write and Describe`;
      assert.equal(failure?.message, `kafka_err ${said}`);
      await dispatcher.connect(signal);
      assert.deepEqual(await dispatcher.deliver([sampleRecord(1)], signal), {
        delivered: 1,
        refused: [{ index: 0, reason: `DISPATCH_KAFKA_REFUSED: ${said}` }],
      });
      await admin.deleteAcls({ filters: [acl] });
      await until(async () => {
        const delivery = await dispatcher.deliver([sampleRecord(2)], signal);
        if (delivery.failure) await dispatcher.connect(signal);
        return delivery.refused?.length === 0;
      }, 'access');
      assert.deepEqual(inOrder(numbersOf(await (await reading(t, topic)).settled())), [2]);
    });

    it('FT-KAF-1 waits for a broker that is down at start, loses nothing when it is killed, and keeps the order', async (t) => {
      const topic = await kafka.topic(3);
      await kafka.server.kill();
      const vehicles = ['A', 'B', 'C', 'D', 'E'];
      const records = (from: number, to: number) =>
        range(from, to).map((n) => sampleRecord(n, { vehicle: vehicles[n % 5] as string }));
      const { append, view, spool, confirmed } = await kafkaActor(t, kafkaOptions(plain(), topic));
      append(records(1, 50));
      await until(() => view().state === 'broken', 'the failure');
      assert.match(
        view().lastError?.message ?? '',
        /^kafka_err cannot reach 127\.0\.0\.1:\d+: .*nobody listens there; is Kafka running\?$/,
      );
      await kafka.server.start();
      await until(() => spool.pending().items === 0, 'the drain');
      append(records(51, 3_000));
      await until(() => confirmed.length >= 300, 'some confirmations');
      await kafka.server.kill();
      await until(() => view().state === 'broken', 'the loss');
      const before = confirmed.length;
      assert.ok(before < 3_000);
      await kafka.server.start();
      append(records(3_001, 3_100));
      await until(() => spool.pending().items === 0, 'the drain');
      const messages = await (await reading(t, topic)).settled();
      for (const [index, vehicle] of vehicles.entries()) {
        const own = numbersOf(messages.filter(({ key }) => key === vehicle));
        assert.deepEqual(
          inOrder(own),
          range(1, 3_100).filter((n) => n % 5 === index),
          vehicle,
        );
      }
      t.diagnostic(`${messages.length - 3_100} of 3100 records twice after one kill`);
    });

    it('KFD-4 gives up a broker that does not answer, and sends what it held again', async (t) => {
      const topic = await kafka.topic();
      const dispatcher = kafkaDispatcher(
        t,
        kafkaOptions(plain(), topic, { socketTimeoutMs: 1_000, connectTimeoutMs: 1_000 }),
      );
      await dispatcher.connect(signal);
      assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
      await kafka.server.freeze();
      const { delivered, failure } = await dispatcher.deliver(sampleRecords(2, 4), signal);
      await assert.rejects(dispatcher.connect(signal), { message: /no answer in time/ });
      kafka.server.thaw();
      assert.equal(delivered, 0);
      assert.match(failure?.message ?? '', /^kafka_err .*no answer in time$/);
      await until(
        async () =>
          dispatcher.connect(signal).then(
            () => true,
            () => false,
          ),
        'the connection',
      );
      await until(async () => {
        const delivery = await dispatcher.deliver(sampleRecords(2, 4), signal);
        if (delivery.failure) await dispatcher.connect(signal);
        return delivery.delivered === 3;
      }, 'the delivery');
      assert.deepEqual(inOrder(numbersOf(await (await reading(t, topic)).settled())), range(1, 4));
    });

    it('KFC-4 without confirmations a broker that stands still is noticed, and the rest stays where it is', async (t) => {
      const topic = await kafka.topic();
      const dispatcher = kafkaDispatcher(t, kafkaOptions(plain(), topic, { acks: 0, socketTimeoutMs: 1_000 }));
      await until(async () => {
        await dispatcher.connect(signal);
        return (await dispatcher.deliver([sampleRecord(1)], signal)).delivered === 1;
      }, 'the delivery');
      await kafka.server.freeze();
      t.after(() => kafka.server.thaw());
      const records = range(1, 3_000).map((n) => sampleRecord(n, { payload: Buffer.alloc(20_000) }));
      const { delivered, failure } = await dispatcher.deliver(records, signal);
      assert.ok(delivered < 3_000);
      assert.equal(failure?.message, 'kafka_err the brokers take nothing more');
    });

    it('stops connecting when told to', async (t) => {
      const stop = new AbortController();
      kafka.way.close();
      const connecting = kafkaDispatcher(t, kafkaOptions([`127.0.0.1:${kafka.way.port}`], 'x')).connect(stop.signal);
      stop.abort();
      await assert.rejects(connecting, { code: 'DISPATCH_ABORTED' });
    });
  });
}
