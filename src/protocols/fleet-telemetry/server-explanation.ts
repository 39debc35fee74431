import { destinationOf } from './server-destinations.js';
import { differencesOf, type ServerDifference } from './server-differences.js';
import type { ServerConfigFinding } from './server-findings.js';
import { type ServerConfig, serverDefaults } from './server-settings.js';

/** What a server configuration means, for the person who runs it. It holds no secret. */
export interface ServerExplanation {
  /** Where records of each topic go. */
  readonly routes: readonly ServerRoute[];
  /** The keys of the file at its top, and what becomes of them. */
  readonly sections: readonly ServerSection[];
  /** Variables of the environment that stand over the file. */
  readonly environment: readonly ServerVariable[];
  /** What is not as in the reference, as far as this file is concerned. */
  readonly differences: readonly ServerDifference[];
}

export interface ServerRoute {
  readonly topic: string;
  readonly to: readonly { readonly dispatcher: string; readonly where: string }[];
  /** When; undefined for what the server makes itself, of which no vehicle waits for anything. */
  readonly acknowledged: string | undefined;
}

export interface ServerSection {
  readonly key: string;
  readonly state: 'used' | 'ignored' | 'refused';
  /** What it does, or why it does nothing. */
  readonly what: string;
}

export interface ServerVariable {
  readonly name: string;
  readonly isSet: boolean;
  readonly what: string;
}

export interface ServerExplanationInput {
  /** As it stands in the file, with the reference's names of keys. */
  readonly config: ServerConfig;
  readonly mistakes: readonly Pick<ServerConfigFinding, 'pointer' | 'message'>[];
  readonly warnings: readonly Pick<ServerConfigFinding, 'code' | 'pointer' | 'message'>[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Explains a configuration, sound or not. */
export function explainServer(input: ServerExplanationInput): ServerExplanation {
  const { config, environment } = input;
  return {
    routes: routesOf(config, environment),
    sections: sectionsOf(input),
    environment: variablesOf(config, environment),
    differences: differencesOf(config),
  };
}

function routesOf(config: ServerConfig, environment: ServerExplanationInput['environment']): ServerRoute[] {
  return Object.entries(config.records ?? {}).map(([topic, dispatchers]) => ({
    topic,
    to: dispatchers.map((dispatcher) => ({
      dispatcher,
      where: destinationOf(dispatcher, topic, config, environment),
    })),
    acknowledged: acknowledgementOf(topic, config),
  }));
}

function acknowledgementOf(
  topic: string,
  { reliable_ack_sources: sources = {}, fleetchart }: ServerConfig,
): string | undefined {
  const source = sources[topic];
  if (source !== undefined) return `when ${source} has confirmed the record`;
  if (topic === 'connectivity') return undefined;
  return fleetchart?.ackWhen === 'received' ? 'on receipt' : 'when the record is on disk';
}

/** What each key does; in the order of the reference's documentation. */
const WHAT: Readonly<Record<string, (config: ServerConfig) => string>> = {
  host: ({ host }) => (host ? `listens on ${host}` : 'listens on all interfaces'),
  port: ({ port }) => (port ? `listens on port ${port}` : 'listens on a port that is free'),
  status_port: ({ status_port: port }) => (port ? `answers /status on port ${port}` : 'off'),
  tls: () => 'certificate of the listener, and the CAs that vehicles are known by',
  use_default_eng_ca: () => 'which of the built-in CAs to trust',
  rate_limit: ({ rate_limit: limit = {}, fleetchart }) => {
    if (!limit.enabled) return 'off: messages over 100 a minute are counted only';
    if (fleetchart?.rateLimitInterval === 'ignored') return 'limits nothing, as in the reference';
    const seconds = limit.message_interval_time || serverDefaults.rateLimitIntervalS;
    const interval = limit.MessageIntervalTimeSecond ? `${limit.MessageIntervalTimeSecond / 1e9}` : `${seconds}`;
    return `drops what a connection sends past ${limit.message_limit ?? 0} messages in ${interval} s`;
  },
  reliable_ack_sources: () => 'whose confirmation is the acknowledgement',
  records: () => 'where the records of each topic go',
  transmit_decoded_records: ({ transmit_decoded_records: isOn }) => (isOn ? 'records go out as JSON' : 'off'),
  namespace: ({ namespace }) => `names of topics begin with ${JSON.stringify(`${namespace ?? ''}_`)}`,
  vins_signal_tracking_enabled: ({ vins_signal_tracking_enabled: vins = [] }) =>
    `counts signals of ${vins.length} VINs`,
  log_level: ({ log_level: level }) => `lines of level ${level ?? 'info'} and above`,
  json_log_enable: ({ json_log_enable: isOn }) => (isOn ? 'lines are JSON' : 'lines are key=value'),
  logger: ({ logger }) => (logger?.verbose ? 'lines of records name the type of each value' : 'the default'),
  monitoring: () => 'metrics and profiles',
  airbrake: ({ airbrake }) => `errors go to ${airbrake?.host || 'https://api.airbrake.io'}`,
  fleetchart: ({ fleetchart = {} }) =>
    `ours, which the reference ignores: ${Object.keys(fleetchart).join(', ') || 'empty'}`,
  reliable_ack: () => 'old',
  reliable_ack_workers: () => 'old',
};

function sectionsOf({ config, mistakes, warnings }: ServerExplanationInput): ServerSection[] {
  return Object.keys(config).map((key) => {
    const pointer = `/${key}`;
    const isAt = (finding: { readonly pointer: string }): boolean => finding.pointer === pointer;
    const isBelow = (finding: { readonly pointer: string }): boolean =>
      isAt(finding) || finding.pointer.startsWith(`${pointer}/`);
    const refused = mistakes.find(isBelow);
    if (refused) return { key, state: 'refused', what: refused.message };
    const ignored = warnings.find(
      (warning) =>
        isAt(warning) && (warning.code === 'CONFIG_IGNORED' || String(warning.code) === 'CONFIG_UNKNOWN_KEY'),
    );
    if (ignored) return { key, state: 'ignored', what: ignored.message };
    return { key, state: 'used', what: WHAT[key]?.(config) ?? `the dispatcher ${key}` };
  });
}

function variablesOf(config: ServerConfig, environment: ServerExplanationInput['environment']): ServerVariable[] {
  const uses = (dispatcher: string): string[] =>
    Object.entries(config.records ?? {}).flatMap(([topic, names]) => (names.includes(dispatcher) ? [topic] : []));
  const variable = (name: string, what: string): ServerVariable => ({
    name,
    isSet: environment[name] !== undefined,
    what,
  });
  return [
    variable('SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING', 'true: no lines about TLS handshakes that fail'),
    ...(uses('redis').length > 0 ? [variable('REDIS_PASSWORD', 'stands over redis.password')] : []),
    ...(config.airbrake ? [variable('AIRBRAKE_PROJECT_KEY', 'stands over airbrake.project_key')] : []),
    ...uses('kinesis').map((topic) =>
      variable(`KINESIS_STREAM_${topic.toUpperCase()}`, `stands over kinesis.streams.${topic}`),
    ),
    ...(uses('pubsub').length > 0
      ? [
          variable('PUBSUB_EMULATOR_HOST', 'an emulator instead of the service'),
          variable('GOOGLE_APPLICATION_CREDENTIALS', 'credentials for Pub/Sub'),
        ]
      : []),
  ];
}
