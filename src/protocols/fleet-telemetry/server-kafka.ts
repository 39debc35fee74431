import { KafkaPropertyValues } from './kafka-property-values.js';
import {
  type KafkaDispatcherSettings,
  type KafkaSaslSettings,
  type KafkaTlsSettings,
  kafkaCompressions,
  kafkaPartitioners,
} from './kafka-settings.js';
import { topicName } from './redis-channels.js';
import type { Findings } from './server-findings.js';
import type { ServerConfig } from './server-settings.js';

/** Larger batches cost more to sort into partitions than they save. */
const MOST_BATCH_RECORDS = 2_000;
/** For a knowledge of the cluster that never grows old. */
const A_DAY_MS = 86_400_000;

/** The section of the `kafka` dispatcher: librdkafka's properties (FT-KAF-1, FT-KAF-2). */
export function kafka(config: ServerConfig, findings: Findings): KafkaDispatcherSettings {
  const values = new KafkaPropertyValues(config.kafka ?? {}, findings);
  if (config.kafka === undefined) {
    findings.mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/kafka',
      message: 'expected Kafka to be configured',
      hint: 'add the section kafka with at least bootstrap.servers, or take kafka out of records',
    });
  }
  checkTopics(config, findings);
  const protocol = values.choice('security.protocol');
  const compression = values.choice('compression.type');
  const acks = acksOf(config, values);
  const idempotent = values.flag('enable.idempotence');
  if (idempotent && acks !== -1) {
    values.complain('enable.idempotence', `needs acks of all replicas, not ${acks}`, 'set acks to all');
  }
  const maxMessageBytes = values.integer('message.max.bytes');
  const refresh = values.integer('topic.metadata.refresh.interval.ms');
  return {
    brokers: config.kafka === undefined ? [] : brokersOf(values, protocol),
    clientId: values.text('client.id'),
    tls: tlsOf(config, protocol.endsWith('ssl'), values),
    sasl: protocol.startsWith('sasl') ? saslOf(config, protocol, values) : undefined,
    acks,
    compression: kafkaCompressions.find((each) => each === compression) ?? 'none',
    idempotent,
    partitioner: partitionerOf(values),
    lingerMs: values.integer('linger.ms'),
    batchRecords: Math.min(MOST_BATCH_RECORDS, values.integer('batch.num.messages')),
    batchBytes: Math.min(maxMessageBytes, values.integer('batch.size')),
    maxMessageBytes,
    refuseAfterMs: values.integer('message.timeout.ms'),
    requestTimeoutMs: values.integer('request.timeout.ms'),
    socketTimeoutMs: values.integer('socket.timeout.ms'),
    connectTimeoutMs: values.integer('socket.connection.setup.timeout.ms'),
    metadataMaxAgeMs: refresh < 0 ? A_DAY_MS : refresh,
    retryMs: values.integer('retry.backoff.ms'),
    longestRetryMs: values.integer('retry.backoff.max.ms'),
    reconnectMs: values.integer('reconnect.backoff.ms'),
    longestReconnectMs: values.integer('reconnect.backoff.max.ms'),
    addressFamily: families.get(values.choice('broker.address.family')) ?? 0,
  };
}

const families: ReadonlyMap<string, 4 | 6> = new Map([
  ['v4', 4],
  ['v6', 6],
]);

/** Names that no broker takes would make every record a dead letter. */
function checkTopics({ records = {}, namespace = '' }: ServerConfig, { mistakes }: Findings): void {
  for (const [type, dispatchers] of Object.entries(records)) {
    const topic = topicName(namespace, type);
    if (!dispatchers.includes('kafka') || (/^[\w.-]{1,249}$/.test(topic) && !/^\.{1,2}$/.test(topic))) continue;
    mistakes.push({
      code: 'CONFIG_VALUE',
      pointer: `/records/${type.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: `${JSON.stringify(topic)} cannot be the name of a topic of Kafka`,
      hint: 'names have up to 249 of the characters a-z, A-Z, 0-9, . _ and -',
      dependsOn: ['/namespace'],
    });
  }
}

function brokersOf(values: KafkaPropertyValues, protocol: string): string[] {
  const entries = values
    .text('bootstrap.servers')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const hint = 'for example "bootstrap.servers": "kafka-1.example:9092,kafka-2.example:9092"';
  if (entries.length === 0) values.complain('bootstrap.servers', 'missing; expected the addresses of brokers', hint);
  return entries.flatMap((entry) => {
    const [, scheme = protocol, host = '', port = '9092'] =
      /^(?:(\w+):\/\/)?([^:[\]/@\s]+)(?::(\d{1,5}))?$/.exec(entry) ?? [];
    if (host !== '' && Number(port) > 0 && Number(port) < 65_536) {
      if (scheme.toLowerCase() === protocol) return [`${host}:${port}`];
      values.complain('bootstrap.servers', `${scheme} of an address is not security.protocol, ${protocol}`, hint);
    } else if (/^\[|:.*:/.test(entry)) {
      values.complain('bootstrap.servers', 'an IPv6 address cannot be taken here', 'name the host of the broker');
    } else values.complain('bootstrap.servers', 'expected host:port', hint);
    return [];
  });
}

function acksOf({ reliable_ack_sources = {} }: ServerConfig, values: KafkaPropertyValues): -1 | 0 | 1 {
  const text = values.text('acks').toLowerCase();
  if (text === 'all' || text === '-1') return -1;
  if (text === '1') return 1;
  const reliable = Object.entries(reliable_ack_sources).find(([, dispatcher]) => dispatcher === 'kafka');
  if (text !== '0') {
    values.complain('acks', `expected all (-1), 1 or 0, got ${JSON.stringify(text)}`, 'brokers take no other number');
    return -1;
  }
  const message = `kafka is the reliable source of ${reliable?.[0]}, but with acks 0 no broker confirms anything`;
  if (reliable) values.complain('acks', message, 'set acks to all');
  else values.warn('acks', 'no broker confirms anything: a record may be lost on the way', 'set acks to all');
  return 0;
}

function partitionerOf(values: KafkaPropertyValues): KafkaDispatcherSettings['partitioner'] {
  const wanted = values.choice('partitioner');
  const name = kafkaPartitioners.find((each) => each === wanted) ?? 'consistent_random';
  if (name === 'random') {
    values.warn('partitioner', 'the records of a vehicle go to any partition, which gives up their order');
  }
  return name;
}

const mechanisms: ReadonlyMap<string, KafkaSaslSettings['mechanism']> = new Map([
  ['PLAIN', 'plain'],
  ['SCRAM-SHA-256', 'scram-sha-256'],
  ['SCRAM-SHA-512', 'scram-sha-512'],
]);

function saslOf({ fleetchart }: ServerConfig, protocol: string, values: KafkaPropertyValues): KafkaSaslSettings {
  const name = values.text('sasl.mechanism').toUpperCase();
  const mechanism = mechanisms.get(name);
  if (mechanism === undefined) {
    const given = values.givenAs('sasl.mechanism') === undefined ? `${name}, the default,` : JSON.stringify(name);
    values.complain('sasl.mechanism', `${given} is not supported`, `set it to ${[...mechanisms.keys()].join(', ')}`);
  }
  const username = values.text('sasl.username');
  const password = fleetchart?.kafkaPassword ?? values.text('sasl.password');
  if (username === '') values.complain('sasl.username', `missing; ${protocol} needs it`);
  if (password === '') {
    values.complain(
      'sasl.password',
      `missing; ${protocol} needs it`,
      'or name its file in fleetchart.kafkaPasswordFile',
    );
  }
  if (mechanism === 'plain' && protocol === 'sasl_plaintext') {
    values.warn('sasl.mechanism', 'the password goes over the network as it is', 'set security.protocol to sasl_ssl');
  }
  return { mechanism: mechanism ?? 'plain', username, password };
}

function tlsOf(
  { kafka: section = {}, fleetchart }: ServerConfig,
  isOn: boolean,
  values: KafkaPropertyValues,
): KafkaTlsSettings | undefined {
  if (!isOn) {
    for (const name of Object.keys(section)) {
      if (!name.startsWith('ssl.') && name !== 'enable.ssl.certificate.verification') continue;
      const hint = 'set security.protocol to ssl or sasl_ssl, or remove it';
      values.warn(name, 'without effect: security.protocol says that connections are not encrypted', hint);
    }
    return undefined;
  }
  const text = (name: string): string => values.text(name);
  const [certFile, certPem] = [text('ssl.certificate.location'), text('ssl.certificate.pem')];
  const [keyFile, keyPem] = [text('ssl.key.location'), text('ssl.key.pem')];
  const keystoreFile = text('ssl.keystore.location');
  if ((certFile || certPem ? 1 : 0) !== (keyFile || keyPem ? 1 : 0)) {
    const [missing, given] = certFile || certPem ? ['key', 'certificate'] : ['certificate', 'key'];
    values.complain(`ssl.${missing}.location`, `missing; ssl.${given} is of no use without it`);
  }
  if (!values.flag('enable.ssl.certificate.verification')) {
    values.warn(
      'enable.ssl.certificate.verification',
      'anybody may pass for a broker',
      'name its CA in ssl.ca.location',
    );
  }
  const own = fleetchart?.kafkaKeyPassword;
  return {
    caFile: text('ssl.ca.location'),
    caPem: text('ssl.ca.pem'),
    certFile,
    certPem,
    keyFile,
    keyPem,
    passphrase: own ?? text(keystoreFile === '' ? 'ssl.key.password' : 'ssl.keystore.password'),
    keystoreFile,
    crlFile: text('ssl.crl.location'),
    isVerified: values.flag('enable.ssl.certificate.verification'),
    isNameChecked: values.choice('ssl.endpoint.identification.algorithm') === 'https',
    ciphers: text('ssl.cipher.suites'),
    curves: text('ssl.curves.list'),
    signatures: text('ssl.sigalgs.list'),
  };
}
