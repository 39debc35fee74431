import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import kafkajs from 'kafkajs';
import { eventually, startIngestHub } from '../fakes/ingest-hub.js';
import { KafkaReader } from '../fakes/kafka-reader.js';
import { KafkaServer, withoutKafka } from '../fakes/kafka-server.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { speed, type Vehicle } from '../fakes/vehicle.js';

const { ConfigResourceTypes } = kafkajs;
const LINE = 'kafka-4';
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function sendRange(car: Vehicle, from: number, to: number): string[] {
  return range(from, to).map((number) => car.send({ txid: `${car.vin}-${number}`, payload: speed(car.vin, number) }));
}

const config = (server: KafkaServer, kafka: Readonly<Record<string, unknown>> = {}) => ({
  records: { V: ['kafka'], alerts: ['kafka'] },
  reliable_ack_sources: { V: 'kafka' },
  namespace: 'tesla',
  kafka: { 'bootstrap.servers': server.broker, 'reconnect.backoff.max.ms': 500, ...kafka },
});

describe('ingest with Kafka as the reliable source', { skip: withoutKafka(LINE) }, () => {
  let server: KafkaServer;
  const endings: (() => unknown)[] = [];
  before(async () => {
    const t = { after: (end: () => unknown) => void endings.push(end) };
    server = await KafkaServer.prepare(t, LINE, {
      listeners: { OPEN: { protocol: 'SASL_PLAINTEXT' } },
      users: { hub: 'topsecret' },
      properties: {
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'listener.name.open.scram-sha-512.sasl.jaas.config':
          'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      },
    });
  });
  after(async () => {
    for (const end of endings) await end();
  });

  it('FT-KAF-1 FT-FAIL-13 the hub starts although Kafka is away, acks what is only spooled, and the rest when Kafka is there', async (t) => {
    const hub = await startIngestHub(t, config(server));
    const line = await hub.logged('dispatcher_failed', { dispatcher: 'kafka' });
    assert.match(JSON.stringify(line['err']), /kafka_err cannot reach 127\.0\.0\.1:\d+: .*nobody listens there/);
    const car = await hub.vehicle('CAR');
    sendRange(car, 1, 20);
    assert.equal((await car.ask({ topic: 'alerts', txid: 'other topic', payload: new Uint8Array() })).kind, 'ack');
    assert.deepEqual(car.acked, ['other topic']);
    assert.equal(await hub.metric('kafka_produce_queue_size', { type: 'total' }), 21);
    await server.start();
    await car.until(() => new Set(car.acked).size === 21, 'all acks');
  });

  it('FT-ACK-2 FT-KAF-1 FT-KAF-5 acks a record when Kafka has it, in a topic that the broker made, and counts it', async (t) => {
    const hub = await startIngestHub(t, { ...config(server), namespace: 'fleet' });
    const car = await hub.vehicle('CAR');
    const sent = sendRange(car, 1, 100);
    await car.until(() => car.acked.length === 100, 'all acks');
    assert.deepEqual([...car.acked].sort(), [...sent].sort());
    const messages = await (await KafkaReader.to(t, server, ['fleet_V'])).settled();
    const bodies = new Set(messages.map(({ value }) => value.toString('hex')));
    assert.deepEqual(bodies, new Set(range(1, 100).map((number) => Buffer.from(speed('CAR', number)).toString('hex'))));
    const [first] = messages;
    assert.equal(first?.key, 'CAR');
    assert.deepEqual(Object.keys(first.headers).sort(), [
      'device_client_version',
      'receivedat',
      'timestamp',
      'txid',
      'txtype',
      'version',
      'vin',
    ]);
    assert.ok(first.timestamp >= Number(first.headers['receivedat']));
    const labels = { record_type: 'V' };
    assert.equal(await hub.metric('reliable_ack', { ...labels, dispatcher: 'kafka' }), 100);
    assert.equal(await hub.metric('kafka_produce_ack_total', labels), 100);
    assert.ok((await hub.metric('kafka_produce_total', labels)) >= 100);
    const bytes = range(1, 100).reduce((sum, number) => sum + speed('CAR', number).length, 0);
    assert.equal(await hub.metric('kafka_produce_ack_total_bytes', labels), bytes);
    for (const type of ['total', 'buffer', 'events']) {
      assert.equal(await hub.metric('kafka_produce_queue_size', { type }), 0, type);
    }
  });

  it('FT-KAF-4 a record that is too large becomes a dead letter with its reason, and is never acked', async (t) => {
    const hub = await startIngestHub(t, {
      ...config(server, { 'message.max.bytes': 5_000 }),
      records: { R: ['kafka'] },
      reliable_ack_sources: { R: 'kafka' },
    });
    const car = await hub.vehicle('CAR');
    for (const [number, bytes] of [10, 10_000, 20].entries()) {
      car.send({ topic: 'R', txid: `CAR-${number}`, payload: Buffer.alloc(bytes) });
    }
    await car.until(() => car.acked.length === 2, 'the acks of the others');
    assert.deepEqual(car.acked, ['CAR-0', 'CAR-2']);
    await eventually(() => hub.hub.system.deadLetters.list().length === 1, 'the dead letter');
    const [letter] = hub.hub.system.deadLetters.list();
    assert.match(
      JSON.stringify(letter),
      /DISPATCH_KAFKA_REFUSED: \d+ bytes with key and headers, more than message\.max\.bytes \(5000\)/,
    );
  });

  it('FT-KAF-4 SUP-7 a record that was too large goes to Kafka once the limits are raised and it is replayed', async (t) => {
    const topic = 'raised_R';
    await server.createTopic(topic, 1, { 'max.message.bytes': '50000' });
    const folder = temporaryFolder(t);
    const start = (most: number) => {
      const own = { ...config(server, { 'message.max.bytes': most }), namespace: 'raised', records: { R: ['kafka'] } };
      return startIngestHub(t, { ...own, reliable_ack_sources: {} }, { folder });
    };
    const payload = Buffer.alloc(200_000, 7);
    const first = await start(900_000);
    await (await first.vehicle('CAR')).ask({ topic: 'R', txid: 'large', payload });
    await eventually(() => first.hub.system.deadLetters.kept === 1, 'the dead letter');
    await first.stop();

    const admin = await server.admin();
    const configEntries = [{ name: 'max.message.bytes', value: '900000' }];
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
    });
    const second = await start(900_000);
    const { system } = second.hub;
    // The broker takes the change in a moment of its own: until then the letter comes back.
    const isThere = async (): Promise<boolean> => {
      await system.replay.some({ address: 'dispatcher/kafka', limit: 10 });
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.some(({ high }) => Number(high) > 0);
    };
    await eventually(isThere, 'it arrives');
    const [message] = await (await KafkaReader.to(t, server, [topic])).settled();
    assert.deepEqual([message?.key, message?.headers['txid'], message?.value], ['CAR', 'large', payload]);
    assert.equal(system.deadLetters.kept, 0);
  });

  it('FT-KAF-2 speaks SASL with the password of a file, which is shown nowhere', async (t) => {
    const kafkaPasswordFile = join(temporaryFolder(t), 'password');
    writeFileSync(kafkaPasswordFile, 'topsecret\n', { mode: 0o600 });
    const hub = await startIngestHub(t, {
      ...config(server, {
        'bootstrap.servers': `127.0.0.1:${server.ports['OPEN']}`,
        'security.protocol': 'sasl_plaintext',
        'sasl.mechanism': 'SCRAM-SHA-512',
        'sasl.username': 'hub',
      }),
      fleetchart: { kafkaPasswordFile },
    });
    const car = await hub.vehicle('CAR');
    assert.equal((await car.ask({ payload: speed('CAR', 1) })).kind, 'ack');
    const shown = [hub.log, hub.hub.system.peek('dispatcher/kafka')].map((each) => JSON.stringify(each)).join('');
    assert.ok(!shown.includes('topsecret'));
  });
});
