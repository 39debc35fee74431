import { brokerUrl } from './broker-url.js';
import { errorReports } from './server-error-reports.js';
import type { Findings, ServerConfigFinding, Suggest } from './server-findings.js';
import { http } from './server-http.js';
import { kafka } from './server-kafka.js';
import { kinesis } from './server-kinesis.js';
import { monitoring, trackedVins } from './server-monitoring.js';
import { pubsub } from './server-pubsub.js';
import { checkRecords, checkReliableAckSources } from './server-records.js';
import { redis } from './server-redis.js';
import {
  type DispatcherName,
  type FileDispatcherSettings,
  type LogLevel,
  type MqttDispatcherSettings,
  type RateLimitSettings,
  type ServerConfig,
  serverDefaults,
  type TelemetrySettings,
  type TlsSettings,
} from './server-settings.js';
import { noteUnusedKeys } from './server-unused-keys.js';
import { lastValues, presence } from './server-vehicles.js';
import { zmq } from './server-zmq.js';

export type ServerConfigResult =
  | { readonly ok: true; readonly value: TelemetrySettings; readonly warnings: readonly ServerConfigFinding[] }
  | {
      readonly ok: false;
      readonly mistakes: readonly ServerConfigFinding[];
      readonly warnings: readonly ServerConfigFinding[];
    };

/** What the file does not say: the process around it. */
export interface ServerSurroundings {
  /** The peer's environment variables: those of 7.1 and the region of AWS. @default {} */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What a word was most likely meant to be. @default nothing is suggested */
  readonly suggest?: Suggest;
}

/**
 * What a server configuration of the right types comes to, or everything that is wrong with it. Keys of features that
 * come later are refused by name rather than silently left out; keys that the reference no longer reads (spec 7.4)
 * and sections that no record uses are noted and ignored.
 */
export function resolveServerConfig(config: ServerConfig, surroundings: ServerSurroundings = {}): ServerConfigResult {
  const findings: Findings = { mistakes: [], warnings: [] };
  const suggest = surroundings.suggest ?? (() => undefined);
  const records = checkRecords(config, findings, suggest);
  const reliableAckSources = checkReliableAckSources(config, findings, suggest);
  const used = new Set([...records.values()].flat());
  const own = config.fleetchart ?? {};
  const value: TelemetrySettings = {
    listen: { host: config.host ?? '', port: config.port ?? 0 },
    tls: tls(config, findings),
    trustedIssuers: own.trustedIssuers ?? {},
    records,
    reliableAckSources,
    ackWhen: own.ackWhen ?? 'spooled',
    spool: { atBound: own.spoolAtBound ?? 'keepUnacked', boundBytes: spoolBounds(config, used) },
    namespace: config.namespace ?? '',
    transmitDecodedRecords: config.transmit_decoded_records ?? false,
    rateLimit: rateLimit(config, findings),
    rateLimitLabels: own.rateLimitLabels,
    limits: limits(config, findings),
    idlePingMs: own.idlePing === 'off' ? undefined : (own.idlePing ?? serverDefaults.idlePingS) * 1000,
    doubleAckUnknownType: own.doubleAckUnknownType ?? false,
    strictSenderId: own.strictSenderId ?? false,
    signalCount: own.signalCount ?? 'every',
    trackedVins: trackedVins(config, findings),
    monitoring: monitoring(config, findings),
    presence: presence(own.presence),
    lastValues: lastValues(own.lastValues),
    log: log(config, surroundings, findings),
    errorReports: errorReports(config, surroundings.environment ?? {}, findings),
    dispatchers: {
      ...(used.has('logger') ? { logger: { verbose: config.logger?.verbose ?? false } } : {}),
      ...(used.has('file') ? { file: file(config, findings) } : {}),
      ...(used.has('kafka') ? { kafka: kafka(config, findings) } : {}),
      ...(used.has('mqtt') ? { mqtt: mqtt(config, findings) } : {}),
      ...(used.has('redis') ? { redis: redis(config, surroundings.environment ?? {}, findings) } : {}),
      ...(used.has('kinesis') ? { kinesis: kinesis(config, surroundings.environment ?? {}, findings) } : {}),
      ...(used.has('pubsub') ? { pubsub: pubsub(config, surroundings.environment ?? {}, findings) } : {}),
      ...(used.has('zmq') ? { zmq: zmq(config, findings) } : {}),
      ...(used.has('http') ? { http: http(config, findings) } : {}),
    },
  };
  noteUnusedKeys(config, findings);
  const { mistakes, warnings } = findings;
  return mistakes.length > 0 ? { ok: false, mistakes, warnings } : { ok: true, value, warnings };
}

function tls(config: ServerConfig, { mistakes, warnings }: Findings): TlsSettings {
  const { server_cert: certFile = '', server_key: keyFile = '', ca_file: caFile = '' } = config.tls ?? {};
  if (config.tls === undefined) {
    const message =
      'tls config is empty - telemetry server is mTLS only, make sure to provide certificates in the config';
    mistakes.push({ code: 'CONFIG_MISSING', pointer: '/tls', message, hint: 'set tls.server_cert and tls.server_key' });
  } else {
    const need = (key: string, what: string) =>
      mistakes.push({ code: 'CONFIG_MISSING', pointer: `/tls/${key}`, message: `missing; expected ${what}` });
    if (certFile === '') need('server_cert', 'the path of the PEM file with the server certificate, leaf first');
    if (keyFile === '') need('server_key', 'the path of the PEM file with the private key of the server certificate');
  }
  const clientCaFiles = [caFile, config.fleetchart?.deviceCa ?? ''].filter((file) => file !== '');
  if (clientCaFiles.length === 0) {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/tls/ca_file',
      message: 'no device CA: the CA certificates of Tesla vehicles are not shipped, so no vehicle could connect',
      hint: "name the PEM file of the CA that signed the vehicles' certificates: tls.ca_file, fleetchart.deviceCa or --device-ca FILE",
      dependsOn: ['/tls', '/fleetchart/deviceCa'],
    });
  }
  if (config.use_default_eng_ca) {
    const message =
      'no CA bundle is shipped, neither the engineering nor the production one; only the named device CA is trusted';
    warnings.push({ code: 'CONFIG_IGNORED', pointer: '/use_default_eng_ca', message });
  }
  return { certFile, keyFile, clientCaFiles };
}

/** FT-RL-1 to FT-RL-4. The undocumented nanosecond key is the only interval that the reference obeys, so it wins. */
function rateLimit(config: ServerConfig, { mistakes, warnings }: Findings): RateLimitSettings | undefined {
  const section = config.rate_limit ?? {};
  const closeAfter = config.fleetchart?.rateLimitCloseAfter ?? 'off';
  if (!section.enabled) {
    if (closeAfter !== 'off') {
      const message = 'without effect: rate_limit is not enabled';
      warnings.push({ code: 'CONFIG_IGNORED', pointer: '/fleetchart/rateLimitCloseAfter', message });
    }
    return undefined;
  }
  const closing = closeAfter === 'off' ? {} : { closeAfterMs: closeAfter * 1000 };
  const limit = section.message_limit ?? 0;
  if (limit < 1) {
    mistakes.push({
      code: 'CONFIG_VALUE',
      pointer: '/rate_limit/message_limit',
      message: `rate_limit is enabled with message_limit ${limit}: every message would be refused`,
      hint: 'set message_limit to the messages that one connection may send in message_interval_time seconds',
      dependsOn: ['/rate_limit/enabled'],
    });
  }
  const nanoseconds = section.MessageIntervalTimeSecond ?? 0;
  if (nanoseconds > 0) {
    const message =
      'taken as nanoseconds, as in the reference; message_interval_time (seconds) says the same more clearly';
    warnings.push({ code: 'CONFIG_VALUE', pointer: '/rate_limit/MessageIntervalTimeSecond', message });
    return { limit, intervalMs: nanoseconds / 1e6, ...closing };
  }
  if (config.fleetchart?.rateLimitInterval === 'ignored') return { limit, intervalMs: 0, ...closing };
  const seconds = section.message_interval_time || serverDefaults.rateLimitIntervalS;
  return { limit, intervalMs: seconds * 1000, ...closing };
}

function limits({ fleetchart = {} }: ServerConfig, { mistakes }: Findings): TelemetrySettings['limits'] {
  const maxMessageBytes = fleetchart.maxMessageBytes ?? serverDefaults.maxMessageBytes;
  const hardClose = fleetchart.hardCloseBytes ?? Math.max(serverDefaults.hardCloseBytes, maxMessageBytes);
  const hardCloseBytes = hardClose === 'off' ? undefined : hardClose;
  if (hardCloseBytes !== undefined && hardCloseBytes < maxMessageBytes) {
    mistakes.push({
      code: 'CONFIG_CONFLICT',
      pointer: '/fleetchart/hardCloseBytes',
      message: `less than maxMessageBytes (${maxMessageBytes}): messages that are allowed would end the connection`,
      hint: 'raise hardCloseBytes or lower maxMessageBytes',
      dependsOn: ['/fleetchart/maxMessageBytes'],
    });
  }
  const maxInFlightBytes = fleetchart.maxInFlightBytes ?? serverDefaults.maxInFlightBytes;
  return { maxMessageBytes, hardCloseBytes, maxInFlightBytes };
}

const logLevels: ReadonlyMap<string, LogLevel> = new Map([
  ['panic', 'fatal'],
  ['fatal', 'fatal'],
  ['error', 'error'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
  ['trace', 'trace'],
]);
const goBooleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);
const suppressVariable = 'SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING';

function log(config: ServerConfig, surroundings: ServerSurroundings, findings: Findings): TelemetrySettings['log'] {
  const level = logLevels.get((config.log_level ?? 'info').toLowerCase());
  if (level === undefined) {
    const message = `invalid_level ${JSON.stringify(config.log_level)}: stays at info`;
    const hint = `known: ${[...logLevels.keys()].join(', ')}`;
    findings.warnings.push({ code: 'CONFIG_VALUE', pointer: '/log_level', message, hint });
  }
  const switchText = surroundings.environment?.[suppressVariable] ?? '';
  const suppress = switchText === '' ? false : goBooleans.get(switchText);
  if (suppress === undefined) {
    const message = `environment ${suppressVariable}: expected true or false, got ${JSON.stringify(switchText)}`;
    findings.mistakes.push({ code: 'CONFIG_VALUE', pointer: '', message });
  }
  return {
    level: level ?? 'info',
    format: config.json_log_enable ? 'json' : 'logfmt',
    lines: config.fleetchart?.logLines,
    suppressTlsHandshakeErrors: suppress ?? false,
  };
}

function file({ fleetchart }: ServerConfig, { mistakes }: Findings): FileDispatcherSettings {
  const { rotateSeconds, ...settings } = { ...serverDefaults.file, ...fleetchart?.file };
  const parts = settings.directory.split(/[\\/]/);
  if (parts[0] === '' || /^[A-Za-z]:/.test(settings.directory) || parts.includes('..') || settings.directory === '.') {
    mistakes.push({
      code: 'CONFIG_VALUE',
      pointer: '/fleetchart/file/directory',
      message: `expected a folder below the data directory, got ${JSON.stringify(settings.directory)}`,
      hint: 'for example records; dataDir says where the data directory is',
    });
  }
  return { ...settings, rotateAgeMs: rotateSeconds * 1000 };
}

/** The section of the `mqtt` dispatcher; 0 means the default, as in the reference. */
function mqtt(config: ServerConfig, { mistakes }: Findings): MqttDispatcherSettings {
  const section = config.mqtt ?? {};
  const defaults = serverDefaults.mqtt;
  const hint = 'for example 127.0.0.1:1883 or mqtts://broker.example:8883';
  if (config.mqtt === undefined) {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/mqtt',
      message: 'expected MQTT to be configured',
      hint: 'add the section mqtt with at least broker, or take mqtt out of records',
    });
  } else if (!section.broker) {
    const message = 'missing; expected the address of the broker';
    mistakes.push({ code: 'CONFIG_MISSING', pointer: '/mqtt/broker', message, hint });
  } else {
    const url = brokerUrl(section.broker);
    if (!url.ok) mistakes.push({ code: 'CONFIG_VALUE', pointer: '/mqtt/broker', message: url.error.detail, hint });
  }
  const reliable = Object.entries(config.reliable_ack_sources ?? {}).find(([, dispatcher]) => dispatcher === 'mqtt');
  const qos = section.qos ?? 0;
  if (config.mqtt !== undefined && reliable && qos === 0) {
    mistakes.push({
      code: 'CONFIG_CONFLICT',
      pointer: '/mqtt/qos',
      message: `mqtt is the reliable source of ${reliable[0]}, but with qos 0 no broker confirms anything`,
      hint: 'set mqtt.qos to 1 or 2',
      dependsOn: ['/reliable_ack_sources'],
    });
  }
  return {
    broker: section.broker ?? '',
    clientId: section.client_id ?? '',
    username: section.username ?? '',
    password: config.fleetchart?.mqttPassword ?? section.password ?? '',
    topicBase: section.topic_base ?? '',
    qos: qos === 1 || qos === 2 ? qos : 0,
    retained: section.retained ?? false,
    connectTimeoutMs: section.connect_timeout_ms || defaults.connectTimeoutMs,
    publishTimeoutMs: section.publish_timeout_ms || defaults.publishTimeoutMs,
    disconnectTimeoutMs: section.disconnect_timeout_ms || defaults.disconnectTimeoutMs,
    connectRetryIntervalMs: section.connect_retry_interval_ms || defaults.connectRetryIntervalMs,
    keepAliveS: section.keep_alive_seconds || defaults.keepAliveS,
    nullForInvalid: config.fleetchart?.mqttNullForInvalid !== 'omit',
  };
}

function spoolBounds({ fleetchart }: ServerConfig, used: ReadonlySet<DispatcherName>): Map<DispatcherName, number> {
  const spool = fleetchart?.spool;
  const common = spool?.boundBytes ?? serverDefaults.spoolBoundBytes;
  return new Map([...used].map((name) => [name, spool?.dispatchers?.[name]?.boundBytes ?? common]));
}
