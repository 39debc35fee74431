import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { telemetryFormats } from '../../../src/actors/telemetry/record-formats.js';
import { encodeVehicleData } from '../../../src/protocols/fleet-telemetry/index.js';
import { kafkaProperties } from '../../../src/protocols/fleet-telemetry/kafka-properties.js';
import type { KafkaSection } from '../../../src/protocols/fleet-telemetry/kafka-settings.js';
import type { ServerConfig } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import { mistakesOf, settingsOf, warningsOf } from '../../protocols/fleet-telemetry/server-configs.js';

const records = { V: ['kafka'] };
const servers = { 'bootstrap.servers': 'kafka:9092' };
const settings = (section: KafkaSection = {}, more: ServerConfig = {}) => {
  const { kafka } = settingsOf({ records, kafka: { ...servers, ...section }, ...more }).dispatchers;
  assert.ok(kafka);
  return kafka;
};
const said = (section?: KafkaSection, more: ServerConfig = {}) =>
  mistakesOf({ records, ...(section ? { kafka: { ...servers, ...section } } : {}), ...more }).map(
    ({ pointer, message }) => `${pointer}: ${message}`,
  );
const warned = (section: KafkaSection) =>
  warningsOf({ records, kafka: { ...servers, ...section } }).map(({ pointer, message }) => `${pointer}: ${message}`);

const record = {
  type: 'V',
  vehicle: '5YJ0000000000000A',
  at: 0,
  receivedAt: 1_700_000_000_123,
  metadata: { txid: 'tx-1', device_client_version: '1.2.0' },
  payload: encodeVehicleData({ data: [], createdAtMs: 0, vin: '5YJ0000000000000A' }),
};

describe('FT-KAF: what goes to Kafka', () => {
  it('FT-KAF-1 spec 5 the topic has the namespace, headers are the metadata, the body the payload', () => {
    const formats = telemetryFormats(settingsOf({ records, kafka: servers, namespace: 'tesla' }));
    const [form, headers] = [formats.topic(record), formats.attributes(record)];
    assert.ok(form.ok && headers.ok);
    const { topic, body } = form.value;
    assert.equal(topic, 'tesla_V');
    assert.deepEqual(headers.value, {
      vin: '5YJ0000000000000A',
      receivedat: '1700000000123',
      timestamp: '0',
      txid: 'tx-1',
      txtype: 'V',
      version: '0',
      device_client_version: '1.2.0',
    });
    assert.ok(Buffer.from(body).equals(Buffer.from(record.payload)));
    const plain = telemetryFormats(settingsOf({ records, kafka: servers })).topic(record);
    assert.equal(plain.ok && plain.value.topic, '_V');
  });

  it('FT-KAF-1 FT-TX-6 under transmit_decoded_records the body is JSON', () => {
    const formats = telemetryFormats(settingsOf({ records, kafka: servers, transmit_decoded_records: true }));
    const form = formats.topic(record);
    assert.ok(form.ok);
    assert.equal((JSON.parse(Buffer.from(form.value.body).toString()) as { vin: string }).vin, record.vehicle);
  });
});

describe('FT-KAF: the kafka section', () => {
  it('FT-KAF-1 refuses a start without it, in the words of the reference, and without brokers', () => {
    assert.deepEqual(said(), ['/kafka: expected Kafka to be configured']);
    assert.deepEqual(said({ 'bootstrap.servers': '' }), [
      '/kafka/bootstrap.servers: missing; expected the addresses of brokers',
    ]);
  });

  it('FT-KAF-1 numbers lose what is behind the point, texts stand for numbers and switches', () => {
    assert.equal(settings({ 'linger.ms': 0.5 }).lingerMs, 0);
    assert.equal(settings({ 'linger.ms': '20' }).lingerMs, 20);
    assert.equal(settings({ 'linger.ms': -0.5 }).lingerMs, 0);
    for (const [text, ms] of [
      ['0.5', 1],
      ['.5', 1],
      ['20.', 20],
      ['0.0', 0],
    ] as const) {
      assert.equal(settings({ 'linger.ms': text }).lingerMs, ms);
    }
    assert.equal(said({ 'linger.ms': '-0.5' }).length, 1);
    assert.equal(said({ 'request.timeout.ms': '0.5' }).length, 1);
    for (const on of [true, 'true', 'T', 1, '1']) assert.equal(settings({ 'enable.idempotence': on }).idempotent, true);
    assert.equal(settings({ acks: 1 }).acks, 1);
    for (const all of ['all', 'ALL', -1, '-1']) assert.equal(settings({ 'request.required.acks': all }).acks, -1);
  });

  it('FT-KAF-2 the defaults are those of librdkafka', () => {
    assert.deepEqual(settings(), {
      brokers: ['kafka:9092'],
      clientId: 'rdkafka',
      tls: undefined,
      sasl: undefined,
      acks: -1,
      compression: 'none',
      idempotent: false,
      partitioner: 'consistent_random',
      lingerMs: 5,
      batchRecords: 2_000,
      batchBytes: 1_000_000,
      maxMessageBytes: 1_000_000,
      refuseAfterMs: 300_000,
      requestTimeoutMs: 30_000,
      socketTimeoutMs: 60_000,
      connectTimeoutMs: 30_000,
      metadataMaxAgeMs: 300_000,
      retryMs: 100,
      longestRetryMs: 1_000,
      reconnectMs: 100,
      longestReconnectMs: 10_000,
      addressFamily: 0,
    });
  });

  it('FT-KAF-2 brokers have a port or the usual one, and a scheme that fits', () => {
    const brokers = (list: string, section: KafkaSection = {}) =>
      settings({ ...section, 'bootstrap.servers': list }).brokers;
    assert.deepEqual(brokers('a:1, b ,c:9093'), ['a:1', 'b:9092', 'c:9093']);
    assert.deepEqual(brokers('SSL://a:1', { 'security.protocol': 'SSL' }), ['a:1']);
    const { 'bootstrap.servers': list } = servers;
    assert.deepEqual(settingsOf({ records, kafka: { 'metadata.broker.list': list } }).dispatchers.kafka?.brokers, [
      list,
    ]);
    const refused = (text: string) => said({ 'bootstrap.servers': text })[0];
    assert.equal(
      refused('SSL://a:1'),
      '/kafka/bootstrap.servers: SSL of an address is not security.protocol, plaintext',
    );
    for (const text of ['a:0', 'a:70000', 'user:topsecret@a:1', 'http://a:1/']) {
      assert.match(refused(text) ?? '', /^\/kafka\/bootstrap\.servers: /);
      assert.doesNotMatch(refused(text) ?? '', /topsecret/);
    }
    assert.equal(refused('[::1]:9092'), '/kafka/bootstrap.servers: an IPv6 address cannot be taken here');
  });

  it('FT-KAF-2 values out of range are mistakes, by the name that is given', () => {
    assert.deepEqual(said({ 'linger.ms': -1 }), ['/kafka/linger.ms: expected a number from 0 to 900000, got -1']);
    assert.deepEqual(said({ 'queue.buffering.max.ms': 'soon' }), [
      '/kafka/queue.buffering.max.ms: expected a number from 0 to 900000, got "soon"',
    ]);
    assert.deepEqual(said({ acks: 2 }), ['/kafka/acks: expected all (-1), 1 or 0, got "2"']);
    assert.deepEqual(said({ 'enable.idempotence': 'maybe' }), [
      '/kafka/enable.idempotence: expected true or false, got "maybe"',
    ]);
    assert.deepEqual(said({ 'enable.idempotence': true, acks: 1 }), [
      '/kafka/enable.idempotence: needs acks of all replicas, not 1',
    ]);
    assert.deepEqual(said({ partitioner: 'round_robin' }), [
      `/kafka/partitioner: expected one of consistent_random, consistent, murmur2_random, murmur2, fnv1a_random, fnv1a, random, got "round_robin"`,
    ]);
    assert.deepEqual(said({ 'linger.ms': 5, 'queue.buffering.max.ms': 5 }), []);
    assert.deepEqual(said({ 'linger.ms': 5, 'queue.buffering.max.ms': 6 }), [
      '/kafka/queue.buffering.max.ms: given together with linger.ms, which is another name of the same',
    ]);
  });

  it('FT-KAF-2 batches are compressed with what either name says', () => {
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      assert.equal(settings({ 'compression.codec': codec }).compression, codec);
      assert.equal(settings({ 'compression.type': codec.toUpperCase() }).compression, codec);
    }
    assert.deepEqual(said({ 'compression.type': 'lzo' }), [
      '/kafka/compression.type: expected one of none, gzip, snappy, lz4, zstd, got "lzo"',
    ]);
  });

  it('FT-KAF-2 what has no effect is noted, and what cannot be is refused by name', () => {
    for (const [name, property] of Object.entries(kafkaProperties)) {
      if (property.kind === 'unused')
        assert.match(warned({ [name]: 'x' }).join(), new RegExp(`^/kafka/${name}: without effect: `));
      if (property.kind !== 'refused') continue;
      const [mistake, ...others] = mistakesOf({ records, kafka: { ...servers, [name]: 'x' } });
      assert.deepEqual([mistake?.code, mistake?.pointer, others], ['CONFIG_UNSUPPORTED', `/kafka/${name}`, []]);
      assert.ok(mistake?.hint, name);
    }
    assert.match(warned({ 'allow.auto.create.topics': false }).join(), /auto\.create\.topics\.enable/);
    assert.deepEqual(warned({ partitioner: 'random' }), [
      '/kafka/partitioner: the records of a vehicle go to any partition, which gives up their order',
    ]);
  });

  it('FT-KAF-2 authentication needs a mechanism, a name and a password, which may come from a file', () => {
    const secured = { 'security.protocol': 'sasl_ssl' };
    assert.deepEqual(said(secured), [
      '/kafka/sasl.mechanism: GSSAPI, the default, is not supported',
      '/kafka/sasl.username: missing; sasl_ssl needs it',
      '/kafka/sasl.password: missing; sasl_ssl needs it',
    ]);
    const login = { ...secured, 'sasl.mechanisms': 'SCRAM-SHA-512', 'sasl.username': 'u' };
    const whole = settings({ ...login, 'sasl.password': 'p' });
    assert.deepEqual(whole.sasl, { mechanism: 'scram-sha-512', username: 'u', password: 'p' });
    assert.equal(
      settings({ ...login, 'sasl.password': 'p' }, { fleetchart: { kafkaPassword: 'own' } }).sasl?.password,
      'own',
    );
    assert.deepEqual(
      warned({ ...login, 'sasl.mechanisms': 'PLAIN', 'sasl.password': 'p', 'security.protocol': 'sasl_plaintext' }),
      ['/kafka/sasl.mechanisms: the password goes over the network as it is'],
    );
    assert.deepEqual(settings({ 'sasl.username': 'u' }).sasl, undefined);
  });

  it('FT-KAF-2 properties of TLS count where security.protocol asks for it', () => {
    const files = {
      'ssl.ca.location': 'ca',
      'ssl.certificate.location': 'crt',
      'ssl.key.location': 'key',
      'ssl.key.password': 'pw',
    };
    const { tls } = settings({ ...files, 'security.protocol': 'ssl' });
    assert.ok(tls);
    assert.deepEqual([tls.caFile, tls.certFile, tls.keyFile, tls.passphrase], ['ca', 'crt', 'key', 'pw']);
    assert.deepEqual([tls.isVerified, tls.isNameChecked], [true, true]);
    const loose = settings({
      'security.protocol': 'ssl',
      'enable.ssl.certificate.verification': false,
      'ssl.endpoint.identification.algorithm': 'none',
    }).tls;
    assert.deepEqual([loose?.isVerified, loose?.isNameChecked], [false, false]);
    assert.equal(settings(files).tls, undefined);
    assert.deepEqual(
      warned(files),
      Object.keys(files).map(
        (name) => `/kafka/${name}: without effect: security.protocol says that connections are not encrypted`,
      ),
    );
    assert.deepEqual(said({ 'security.protocol': 'ssl', 'ssl.key.location': 'key' }), [
      '/kafka/ssl.certificate.location: missing; ssl.key is of no use without it',
    ]);
  });

  it('FT-ACK-5 FT-KAF-2 may be a reliable source, unless no broker confirms anything', () => {
    const reliable_ack_sources = { V: 'kafka' };
    assert.deepEqual(
      [...settingsOf({ records, kafka: servers, reliable_ack_sources }).reliableAckSources],
      [['V', 'kafka']],
    );
    assert.deepEqual(said({ acks: 0 }, { reliable_ack_sources }), [
      '/kafka/acks: kafka is the reliable source of V, but with acks 0 no broker confirms anything',
    ]);
    assert.deepEqual(warned({ acks: 0 }), [
      '/kafka/acks: no broker confirms anything: a record may be lost on the way',
    ]);
  });

  it('FT-KAF-1 a type of record that cannot be the name of a topic is refused', () => {
    const [mistake] = mistakesOf({ records: { 'a/b': ['kafka'] }, kafka: servers });
    assert.deepEqual(
      [mistake?.pointer, mistake?.message],
      ['/records/a~1b', '"_a/b" cannot be the name of a topic of Kafka'],
    );
  });
});
