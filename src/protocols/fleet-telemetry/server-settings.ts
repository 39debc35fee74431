/**
 * The reference server's configuration file (`server_config.json`), key for key, plus our own keys in `fleetchart`;
 * and what both come to. Values only: nothing here opens a file.
 */

import type { AirbrakeSection, ErrorReportSettings, ErrorWebhookSection } from './error-report-settings.js';
import type { HttpDispatcherSettings, HttpSection } from './http-settings.js';
import type { KafkaDispatcherSettings, KafkaSection } from './kafka-settings.js';
import type { KinesisDispatcherSettings, KinesisSection } from './kinesis-settings.js';
import type { MonitoringSection, MonitoringSettings } from './monitoring-settings.js';
import type { PubsubDispatcherSettings, PubsubSection } from './pubsub-settings.js';
import type { RedisDispatcherSettings, RedisSection } from './redis-settings.js';
import type { LastValuesSection, LastValuesSettings, PresenceSection, PresenceSettings } from './vehicles-settings.js';
import type { OwnZmqSection, ZmqDispatcherSettings, ZmqSection } from './zmq-settings.js';

/** Dispatchers that `records` may name: the reference's, and `file` and `http`, which are ours. */
export const dispatcherNames = [
  'logger',
  'file',
  'kafka',
  'mqtt',
  'redis',
  'kinesis',
  'pubsub',
  'zmq',
  'http',
] as const;
export type DispatcherName = (typeof dispatcherNames)[number];

/** The reference's defaults (spec 7.2), and ours for `fleetchart` (spec 12); the only place where they stand. */
export const serverDefaults = {
  rateLimitIntervalS: 60,
  mqtt: {
    connectTimeoutMs: 30_000,
    publishTimeoutMs: 2_500,
    disconnectTimeoutMs: 250,
    connectRetryIntervalMs: 10_000,
    keepAliveS: 30,
  },
  redis: { publishTimeoutMs: 5_000 },
  kinesis: { maxRetries: 1 },
  /** The high water mark is ZeroMQ's own; subscribers try again after 0.1 s by default. */
  zmq: { highWaterMark: 1_000, slowSubscriber: 'wait', nobodyListens: 'drop', joinMs: 1_000 },
  http: {
    format: 'jsonl',
    gzip: false,
    maxBatchRecords: 500,
    maxBatchBytes: 1024 * 1024,
    maxBatchDelayMs: 1_000,
    maxInFlight: 4,
    timeoutMs: 30_000,
    // A wrong key, path or proxy: every record would be refused for what an operator has to put right.
    holdStatuses: [401, 403, 404, 407],
  },
  maxMessageBytes: 1_000_000,
  /** Less than what the spool takes unflushed, so that a slow disk slows vehicles down rather than refuse them. */
  maxInFlightBytes: 32 * 1024 * 1024,
  hardCloseBytes: 4 * 1024 * 1024,
  idlePingS: 30,
  spoolBoundBytes: 1024 * 1024 * 1024,
  statsd: { port: 8125, flushPeriodMs: 100 },
  mostTrackedVins: 20,
  presence: { offlineAfterS: 30, restartGraceS: 120, silentAfterMin: 10 },
  lastValues: { maxVehicles: 200_000, maxTextBytes: 256, maxGaps: 50, maxNotices: 50, boundBytes: 64 * 1024 * 1024 },
  file: { directory: 'records', format: 'jsonl', rotateBytes: 64 * 1024 * 1024, rotateSeconds: 3600, keepFiles: 100 },
} as const;

/** The reference's keys that are understood, and the ones that are refused or ignored by name. */
export interface ServerConfig {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: { readonly server_cert?: string; readonly server_key?: string; readonly ca_file?: string };
  readonly use_default_eng_ca?: boolean;
  readonly rate_limit?: {
    readonly enabled?: boolean;
    readonly message_limit?: number;
    /** Seconds. */
    readonly message_interval_time?: number;
    /** Nanoseconds, whatever it is called; the only interval that the reference obeys (FT-RL-2). */
    readonly MessageIntervalTimeSecond?: number;
  };
  readonly reliable_ack_sources?: Readonly<Record<string, string>>;
  readonly records?: Readonly<Record<string, readonly string[]>>;
  readonly transmit_decoded_records?: boolean;
  readonly namespace?: string;
  readonly log_level?: string;
  readonly json_log_enable?: boolean;
  readonly logger?: { readonly verbose?: boolean };
  readonly mqtt?: {
    readonly broker?: string;
    readonly client_id?: string;
    readonly username?: string;
    readonly password?: string;
    readonly topic_base?: string;
    readonly qos?: number;
    readonly retained?: boolean;
    readonly connect_timeout_ms?: number;
    readonly publish_timeout_ms?: number;
    readonly disconnect_timeout_ms?: number;
    readonly connect_retry_interval_ms?: number;
    readonly keep_alive_seconds?: number;
  };
  readonly fleetchart?: OwnServerConfig;
  readonly status_port?: number;
  readonly vins_signal_tracking_enabled?: readonly string[];
  readonly monitoring?: MonitoringSection;
  readonly airbrake?: AirbrakeSection;
  readonly kafka?: KafkaSection;
  readonly kinesis?: KinesisSection;
  readonly pubsub?: PubsubSection;
  readonly zmq?: ZmqSection;
  readonly redis?: RedisSection;
  readonly reliable_ack?: unknown;
  readonly reliable_ack_workers?: unknown;
}

/** Our own keys, in the object `fleetchart` of the reference's file: the switches of spec 12 and what it has no key for. */
export interface OwnServerConfig {
  readonly deviceCa?: string;
  readonly trustedIssuers?: TrustedIssuers;
  readonly ackWhen?: AckWhen;
  readonly spoolAtBound?: SpoolAtBound;
  readonly spool?: {
    readonly boundBytes?: number;
    readonly dispatchers?: { readonly [N in DispatcherName]?: { readonly boundBytes: number } };
  };
  readonly doubleAckUnknownType?: boolean;
  readonly rateLimitInterval?: 'honoured' | 'ignored';
  /** Seconds. */
  readonly rateLimitCloseAfter?: number | 'off';
  readonly rateLimitLabels?: RateLimitLabels;
  readonly statusHost?: string;
  readonly strictSenderId?: boolean;
  readonly signalCount?: 'every' | 'reference';
  readonly maxMessageBytes?: number;
  readonly maxInFlightBytes?: number;
  readonly hardCloseBytes?: number | 'off';
  readonly idlePing?: number | 'off';
  readonly logLines?: LogLines;
  readonly errorWebhook?: ErrorWebhookSection;
  readonly airbrakeProjectKey?: string;
  readonly mqttNullForInvalid?: 'null' | 'omit';
  readonly mqttPassword?: string;
  readonly redisPassword?: string;
  readonly kafkaPassword?: string;
  readonly kafkaKeyPassword?: string;
  readonly presence?: PresenceSection;
  readonly lastValues?: LastValuesSection;
  readonly http?: HttpSection;
  readonly zmq?: OwnZmqSection;
  readonly file?: {
    readonly directory?: string;
    readonly format?: 'jsonl' | 'protobuf';
    readonly rotateBytes?: number;
    readonly rotateSeconds?: number;
    readonly keepFiles?: number;
  };
}

/** When a record is acknowledged whose topic has no reliable source. */
export type AckWhen = 'spooled' | 'received';
/** What happens to records of a dispatcher whose part of the spool is full. */
export type SpoolAtBound = 'keepUnacked' | 'dropOldest';
/** What `rate_limit_exceeded_total` is counted by (FT-RL-5). */
export type RateLimitLabels = 'record_type' | 'reference';
/** Whose names the lines of ingest and dispatch have, and in whose form a process of its own writes them. */
export type LogLines = 'own' | 'reference';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Issuers and OIDs beside Tesla's (FT-ID-2, FT-ID-4); a client type is for example `vehicle_device`. */
export interface TrustedIssuers {
  /** Issuer CN → client type, like table A. */
  readonly issuers?: Readonly<Record<string, string>>;
  /** Issuer CNs whose leaves say their type by an OID, like table B. */
  readonly oidIssuers?: readonly string[];
  /** Dotted OID → client type. */
  readonly oids?: Readonly<Record<string, string>>;
  /** Dotted OIDs of leaves that serve another purpose and are refused. */
  readonly excludedOids?: readonly string[];
}

/** What a telemetry server does. Maps, not objects, wherever a vehicle chooses the key. */
export interface TelemetrySettings {
  /** An empty host means all interfaces, port 0 one that the system chooses (FT-TLS-1). */
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: TlsSettings;
  readonly trustedIssuers: TrustedIssuers;
  /** Topic → its dispatchers in the order of the file, each once. */
  readonly records: ReadonlyMap<string, readonly DispatcherName[]>;
  /** Topic → the dispatcher whose confirmation is the acknowledgement (FT-ACK-2). */
  readonly reliableAckSources: ReadonlyMap<string, DispatcherName>;
  readonly ackWhen: AckWhen;
  readonly spool: {
    readonly atBound: SpoolAtBound;
    /** For each dispatcher that some topic names. */
    readonly boundBytes: ReadonlyMap<DispatcherName, number>;
  };
  readonly namespace: string;
  readonly transmitDecodedRecords: boolean;
  /** What drops the messages over it (FT-RL-1); undefined: none, and a shadow limit only counts (FT-RL-4). */
  readonly rateLimit: RateLimitSettings | undefined;
  /** Undefined: as the process that runs it prefers. */
  readonly rateLimitLabels: RateLimitLabels | undefined;
  readonly limits: {
    /** Longer messages are answered with an error (FT-WS-5). */
    readonly maxMessageBytes: number;
    /** Longer messages end the connection with 1009; undefined: none does. */
    readonly hardCloseBytes: number | undefined;
    /** Received and not yet answered, of all connections together: past it sockets are not read. */
    readonly maxInFlightBytes: number;
  };
  /** Our own WebSocket pings (FT-WS-6); undefined: none. */
  readonly idlePingMs: number | undefined;
  readonly doubleAckUnknownType: boolean;
  readonly strictSenderId: boolean;
  /** Whether `signal_count` counts every accepted record or, like the reference, the limited ones only (FT-MET-1). */
  readonly signalCount: 'every' | 'reference';
  /** Vehicles whose signals are counted one by one, 20 at most. */
  readonly trackedVins: ReadonlySet<string>;
  readonly monitoring: MonitoringSettings;
  readonly presence: PresenceSettings;
  /** Undefined: nothing is kept. */
  readonly lastValues: LastValuesSettings | undefined;
  readonly log: {
    readonly level: LogLevel;
    readonly format: 'json' | 'logfmt';
    /** Undefined: as the process that runs it prefers. */
    readonly lines: LogLines | undefined;
    readonly suppressTlsHandshakeErrors: boolean;
  };
  /** Where errors are reported beside the log. */
  readonly errorReports: ErrorReportSettings;
  readonly dispatchers: {
    readonly logger?: { readonly verbose: boolean };
    readonly file?: FileDispatcherSettings;
    readonly kafka?: KafkaDispatcherSettings;
    readonly mqtt?: MqttDispatcherSettings;
    readonly redis?: RedisDispatcherSettings;
    readonly kinesis?: KinesisDispatcherSettings;
    readonly pubsub?: PubsubDispatcherSettings;
    readonly zmq?: ZmqDispatcherSettings;
    readonly http?: HttpDispatcherSettings;
  };
}

/** Paths of PEM files. The client CAs are trust anchors each on its own (FT-TLS-4, FT-TLS-5). */
export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFiles: readonly string[];
}

/** Messages that one connection may send in which time; interval 0 never limits. */
export interface RateLimitSettings {
  readonly limit: number;
  readonly intervalMs: number;
  /** So long over the limit, a connection ends (FT-RL-6). @default none does */
  readonly closeAfterMs?: number;
}

/** The `file` dispatcher; its directory lies below the data directory. */
export interface FileDispatcherSettings {
  readonly directory: string;
  readonly format: 'jsonl' | 'protobuf';
  readonly rotateBytes: number;
  readonly rotateAgeMs: number;
  readonly keepFiles: number;
}

/** The `mqtt` dispatcher (FT-MQ-1); `broker` as it stands in the file. */
export interface MqttDispatcherSettings {
  readonly broker: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly topicBase: string;
  readonly qos: 0 | 1 | 2;
  readonly retained: boolean;
  readonly connectTimeoutMs: number;
  readonly publishTimeoutMs: number;
  readonly disconnectTimeoutMs: number;
  readonly connectRetryIntervalMs: number;
  readonly keepAliveS: number;
  /** An invalid value is published as `null`; otherwise not at all. */
  readonly nullForInvalid: boolean;
}
