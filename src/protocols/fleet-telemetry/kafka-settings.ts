/** How the partition of a record is chosen, by librdkafka's names (FT-KAF-3). */
export const kafkaPartitioners = [
  'consistent_random',
  'consistent',
  'murmur2_random',
  'murmur2',
  'fnv1a_random',
  'fnv1a',
  'random',
] as const;
export type KafkaPartitioner = (typeof kafkaPartitioners)[number];

/** What batches are compressed with, by librdkafka's names. */
export const kafkaCompressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type KafkaCompression = (typeof kafkaCompressions)[number];

/** What the section `kafka` may hold: librdkafka's properties (FT-KAF-1). */
export type KafkaSection = Readonly<Record<string, string | number | boolean | undefined>>;

/** The `kafka` dispatcher (FT-KAF-2). */
export interface KafkaDispatcherSettings {
  /** `host:port` each; at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Undefined: no TLS. */
  readonly tls: KafkaTlsSettings | undefined;
  /** Undefined: no authentication. */
  readonly sasl: KafkaSaslSettings | undefined;
  /** Who has to have a record before it is confirmed: all replicas in sync, the leader, nobody. */
  readonly acks: -1 | 0 | 1;
  readonly compression: KafkaCompression;
  readonly idempotent: boolean;
  readonly partitioner: KafkaPartitioner;
  /** How long records wait for others to fill a batch. */
  readonly lingerMs: number;
  readonly batchRecords: number;
  readonly batchBytes: number;
  /** A record that is larger with its key and headers is refused (FT-KAF-4). */
  readonly maxMessageBytes: number;
  /** How long a topic may refuse what the user may not do before its records are dead letters; 0: for ever. */
  readonly refuseAfterMs: number;
  /** What the brokers may take to replicate a batch. */
  readonly requestTimeoutMs: number;
  /** For the answer to one request. */
  readonly socketTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly metadataMaxAgeMs: number;
  /** Before a request is repeated on the same connection, which doubles up to the longest. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** Before Kafka is tried again that was lost, which doubles up to the longest. */
  readonly reconnectMs: number;
  readonly longestReconnectMs: number;
  /** 0: any; otherwise of the addresses that a host name has. */
  readonly addressFamily: 0 | 4 | 6;
}

export interface KafkaSaslSettings {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** Paths and texts are empty where there is none. A text in PEM stands for the file beside it. */
export interface KafkaTlsSettings {
  readonly caFile: string;
  readonly caPem: string;
  readonly certFile: string;
  readonly certPem: string;
  readonly keyFile: string;
  readonly keyPem: string;
  /** Of the key, or of the key store. */
  readonly passphrase: string;
  /** PKCS#12, instead of certificate and key. */
  readonly keystoreFile: string;
  readonly crlFile: string;
  /** Whether the broker's certificate has to be signed by an authority that is trusted. */
  readonly isVerified: boolean;
  /** Whether it has to name the broker's host. */
  readonly isNameChecked: boolean;
  readonly ciphers: string;
  readonly curves: string;
  readonly signatures: string;
}
