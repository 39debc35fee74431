/** What an error of Kafka means for the records that were sent, and what to do about it. */

export type KafkaVerdict =
  /** Some record of the batch is at fault. */
  | 'record'
  /** The batch as a whole is too large, or a record in it. */
  | 'large'
  /** No broker will ever take a record of this topic. */
  | 'topic'
  /** The user may not write to the topic, or not yet. */
  | 'denied'
  /** It may be taken another time. */
  | 'later';

/** As far as it is known: errors of the library carry more or less of this. */
interface KafkaError extends Error {
  /** Name of the protocol's error, `UNKNOWN_TOPIC_OR_PARTITION`. */
  readonly type?: string;
  /** Of the system, `ECONNREFUSED`. */
  readonly code?: string | number;
  readonly broker?: string;
  readonly cause?: unknown;
}

const VERDICTS: ReadonlyMap<string, KafkaVerdict> = new Map([
  ['MESSAGE_TOO_LARGE', 'large'],
  ['POLICY_VIOLATION', 'record'],
  ['INVALID_TOPIC_EXCEPTION', 'topic'],
  ['TOPIC_AUTHORIZATION_FAILED', 'denied'],
]);

/** By their numbers: larger than a segment of the topic, and a record that the broker does not understand. */
const NUMBERED: ReadonlyMap<unknown, KafkaVerdict> = new Map([
  [18, 'large'],
  [87, 'record'],
]);

export function verdictOf(error: unknown): KafkaVerdict {
  const { type = '', code } = rootOf(error);
  return VERDICTS.get(type) ?? NUMBERED.get(code) ?? 'later';
}

/** What went wrong, where, and what to look at. */
export function explain(error: unknown, topic?: string): string {
  const root = rootOf(error);
  const where = root.broker ? `${root.broker}: ` : '';
  const known = root.type === undefined ? undefined : EXPLANATIONS.get(root.type);
  if (known !== undefined) return known.replace('TOPIC', () => topic ?? 'of these records');
  const { message } = root;
  const text = `${root.code ?? ''} ${message}`;
  if (/ECONNREFUSED/.test(text)) return `${where}nobody listens there; is Kafka running?`;
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) {
    return `${where}the host name is unknown; brokers name themselves by their advertised.listeners`;
  }
  if (root.name === 'KafkaJSSASLAuthenticationError') {
    return /not supported by the server/.test(message)
      ? `${where}the broker does not offer this sasl.mechanism`
      : `${where}the broker refuses the user name or password`;
  }
  if (/wrong version number|packet length too long/i.test(message)) {
    return `${where}the broker does not speak TLS there; see security.protocol`;
  }
  const [, alert] = /:(?:ssl|tls)v[\d.]+ alert ([a-z ]+):/i.exec(message) ?? [];
  if (alert) return `${where}the broker refuses the TLS of this client (${alert}); see ssl.certificate.location`;
  if (/certificate|altnames|issuer/i.test(message))
    return `${where}${message.replace(/^Connection error: /, '')}; see ssl.ca.location`;
  if (/closed connection|closed by the server|ECONNRESET|socket disconnected|hang up/i.test(text)) {
    return `${where}the broker closed the connection; does it ask for TLS or a password (security.protocol)?`;
  }
  if (root.name === 'KafkaJSRequestTimeoutError' || /timeout/i.test(message)) return `${where}no answer in time`;
  return `${where}${message}`;
}

const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  [
    'UNKNOWN_TOPIC_OR_PARTITION',
    'the topic TOPIC does not exist; create it, or let the brokers do so (auto.create.topics.enable)',
  ],
  [
    'TOPIC_AUTHORIZATION_FAILED',
    'the user may not write to the topic TOPIC; give it the operations Write and Describe',
  ],
  [
    'CLUSTER_AUTHORIZATION_FAILED',
    'the user may not number batches; give it IdempotentWrite, or unset enable.idempotence',
  ],
  ['INVALID_TOPIC_EXCEPTION', 'the brokers take no topic called TOPIC'],
  ['MESSAGE_TOO_LARGE', 'larger than the topic TOPIC takes (max.message.bytes)'],
  ['INVALID_TIMESTAMP', 'the clocks of hub and broker differ by more than the topic TOPIC takes'],
  ['NOT_ENOUGH_REPLICAS', 'too few replicas of the topic TOPIC are in sync (min.insync.replicas)'],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'too few replicas of the topic TOPIC are in sync (min.insync.replicas)'],
  ['LEADER_NOT_AVAILABLE', 'a partition of the topic TOPIC has no leader; are all brokers running?'],
  ['NOT_LEADER_FOR_PARTITION', 'the leader of a partition of the topic TOPIC has changed'],
  ['REQUEST_TIMED_OUT', 'the replicas of the topic TOPIC did not follow within request.timeout.ms'],
  ['SASL_AUTHENTICATION_FAILED', 'the broker refuses the user name or password'],
  ['UNSUPPORTED_SASL_MECHANISM', 'the broker does not offer this sasl.mechanism'],
  ['UNSUPPORTED_VERSION', 'the broker speaks no version of the protocol that this client knows'],
]);

/** The error that a library's errors of retries are about. */
function rootOf(error: unknown): KafkaError {
  let root = error instanceof Error ? (error as KafkaError) : (new Error(String(error)) as KafkaError);
  for (let depth = 0; depth < 8; depth++) {
    const { cause } = root;
    if (root.type !== undefined || root.broker !== undefined || !(cause instanceof Error)) return root;
    root = cause as KafkaError;
  }
  return root;
}
