/**
 * librdkafka's properties of a producer, each with what it means here: mapped, known without effect, or refused by name
 * with what to use instead (FT-KAF-2). A name that stands in neither of these tables does not exist.
 */
import { kafkaCompressions, kafkaPartitioners } from './kafka-settings.js';
import { refusedKafkaProperties, unusedKafkaProperties } from './kafka-unused-properties.js';

interface Described {
  /** What it does here, for the reference and for findings. */
  readonly note: string;
}

export type KafkaProperty =
  | (Described & {
      readonly kind: 'integer';
      readonly min: number;
      readonly max: number;
      readonly default: number;
      /** As text it may have decimals, and is rounded up. */
      readonly mayBeDecimal: boolean;
    })
  | (Described & { readonly kind: 'flag'; readonly default: boolean })
  | (Described & { readonly kind: 'text'; readonly default: string; readonly isFile?: boolean })
  | (Described & { readonly kind: 'choice'; readonly values: readonly string[]; readonly default: string })
  /** Another name of the property `of`. */
  | (Described & { readonly kind: 'alias'; readonly of: string })
  /** Accepted without effect. */
  | (Described & { readonly kind: 'unused' })
  /** Refused; the note says what to use instead. */
  | (Described & { readonly kind: 'refused' });

const integer = (min: number, max: number, byDefault: number, note: string, mayBeDecimal = false): KafkaProperty => ({
  kind: 'integer',
  min,
  max,
  default: byDefault,
  note,
  mayBeDecimal,
});
const flag = (byDefault: boolean, note: string): KafkaProperty => ({ kind: 'flag', default: byDefault, note });
const text = (note: string, byDefault = ''): KafkaProperty => ({ kind: 'text', default: byDefault, note });
const file = (note: string): KafkaProperty => ({ kind: 'text', default: '', isFile: true, note });
const choice = (values: readonly string[], byDefault: string, note: string): KafkaProperty => ({
  kind: 'choice',
  values,
  default: byDefault,
  note,
});
const alias = (of: string): KafkaProperty => ({ kind: 'alias', of, note: `The same as ${of}.` });

const MOST = 2 ** 31 - 1;

const mapped: Readonly<Record<string, KafkaProperty>> = {
  'bootstrap.servers': text('Brokers to ask first: host:port, separated by commas; without a port 9092.'),
  'metadata.broker.list': alias('bootstrap.servers'),
  'client.id': text('Name of this client in the logs and quotas of the brokers.', 'rdkafka'),
  'security.protocol': choice(
    ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'],
    'plaintext',
    'Whether connections are encrypted and authenticated. Without `ssl` in it no property of TLS has an effect.',
  ),
  'sasl.mechanism': text('PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; for sasl_plaintext and sasl_ssl.', 'GSSAPI'),
  'sasl.mechanisms': alias('sasl.mechanism'),
  'sasl.username': text('User name.'),
  'sasl.password': text('Password; better in fleetchart.kafkaPasswordFile.'),
  'ssl.ca.location': file("PEM file with the CAs to trust instead of the system's."),
  'ssl.ca.pem': text('The same as text.'),
  'ssl.certificate.location': file('PEM file with the client certificate.'),
  'ssl.certificate.pem': text('The same as text.'),
  'ssl.key.location': file('PEM file with its private key.'),
  'ssl.key.pem': text('The same as text.'),
  'ssl.key.password': text('Of the private key; better in fleetchart.kafkaKeyPasswordFile.'),
  'ssl.keystore.location': file('PKCS#12 file with certificate and key, instead of both.'),
  'ssl.keystore.password': text('Of that file; better in fleetchart.kafkaKeyPasswordFile.'),
  'ssl.crl.location': file('PEM file with revoked certificates.'),
  'ssl.cipher.suites': text('Ciphers that are offered, as OpenSSL lists them.'),
  'ssl.curves.list': text('Curves that are offered.'),
  'ssl.sigalgs.list': text('Signature algorithms that are offered.'),
  'enable.ssl.certificate.verification': flag(true, 'Whether the certificate of a broker has to be trusted.'),
  'ssl.endpoint.identification.algorithm': choice(
    ['none', 'https'],
    'https',
    'Whether the certificate of a broker has to name its host.',
  ),
  acks: text('Who has a record before it is confirmed: all (-1), the leader (1) or nobody (0).', 'all'),
  'request.required.acks': alias('acks'),
  'compression.type': choice(
    kafkaCompressions,
    'none',
    'snappy needs the package snappy, lz4 the package lz4-napi, zstd Node.js 22.15 or newer.',
  ),
  'compression.codec': alias('compression.type'),
  'enable.idempotence': flag(
    false,
    'Number batches, so that the brokers drop those that are repeated within one connection. Needs acks of all.',
  ),
  partitioner: choice(
    kafkaPartitioners,
    'consistent_random',
    'How the partition follows from the VIN; `random` gives up the order of the records of a vehicle.',
  ),
  'linger.ms': integer(0, 900_000, 5, 'How long records wait for others to fill a batch, milliseconds.', true),
  'queue.buffering.max.ms': alias('linger.ms'),
  'batch.num.messages': integer(1, 1_000_000, 10_000, 'Most records of a batch; more than 2000 count as 2000.'),
  'batch.size': integer(1, MOST, 1_000_000, 'Most bytes of a batch; a record that is larger goes alone.'),
  'message.max.bytes': integer(
    1_000,
    1_000_000_000,
    1_000_000,
    'A record that is larger with key and headers is refused; batches are no larger. Give topics max.message.bytes to match.',
  ),
  'message.timeout.ms': integer(
    0,
    MOST,
    300_000,
    'How long a topic that denies access is tried before its records are dead letters; 0: for ever. Nothing else ends the tries.',
  ),
  'delivery.timeout.ms': alias('message.timeout.ms'),
  'request.timeout.ms': integer(1, 900_000, 30_000, 'What the brokers may take to replicate a batch, milliseconds.'),
  'socket.timeout.ms': integer(10, 300_000, 60_000, 'For the answer to a request, milliseconds.'),
  'socket.connection.setup.timeout.ms': integer(1_000, MOST, 30_000, 'For one connection, milliseconds.'),
  'topic.metadata.refresh.interval.ms': integer(
    -1,
    3_600_000,
    300_000,
    'How old knowledge of partitions and leaders may be, milliseconds; -1: any age.',
  ),
  'retry.backoff.ms': integer(1, 300_000, 100, 'Before a request is repeated over the same connection, milliseconds.'),
  'retry.backoff.max.ms': integer(1, 300_000, 1_000, 'To which that grows, milliseconds.'),
  'reconnect.backoff.ms': integer(
    0,
    3_600_000,
    100,
    'Before Kafka is tried again that was lost, milliseconds; it doubles.',
  ),
  'reconnect.backoff.max.ms': integer(0, 3_600_000, 10_000, 'To which that grows, milliseconds.'),
  'broker.address.family': choice(['any', 'v4', 'v6'], 'any', 'Addresses of host names to use.'),
};

/** By name. */
export const kafkaProperties: Readonly<Record<string, KafkaProperty>> = {
  ...mapped,
  ...Object.fromEntries(
    Object.entries(unusedKafkaProperties).flatMap(([note, names]) =>
      names.map((name) => [name, { kind: 'unused', note }] as const),
    ),
  ),
  ...Object.fromEntries(
    Object.entries(refusedKafkaProperties).flatMap(([note, names]) =>
      names.map((name) => [name, { kind: 'refused', note }] as const),
    ),
  ),
};
