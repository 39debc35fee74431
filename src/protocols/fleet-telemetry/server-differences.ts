import type { ServerConfig } from './server-settings.js';

/** Something that is not as in the reference. */
export interface ServerDifference {
  /** Of the rules in docs/compat/fleet-telemetry.md. */
  readonly rule: string;
  readonly what: string;
  /** What in `fleetchart` makes it as in the reference. */
  readonly asReference?: string;
}

interface Candidate extends ServerDifference {
  /** Whether the file is concerned. */
  readonly concerns: (config: ServerConfig) => boolean;
}

const uses = ({ records = {} }: ServerConfig, dispatcher: string): boolean =>
  Object.values(records).some((names) => names.includes(dispatcher));
const always = (): boolean => true;

const CANDIDATES: readonly Candidate[] = [
  {
    rule: 'FT-TLS-4',
    what: "the CA certificates of Tesla's vehicles are not built in: tls.ca_file names them",
    concerns: always,
  },
  {
    rule: 'FT-ACK-1',
    what: 'a record is acknowledged when it is on disk, not whatever its dispatchers say',
    asReference: 'ackWhen: received',
    concerns: ({ records = {}, reliable_ack_sources: sources = {}, fleetchart }) =>
      fleetchart?.ackWhen !== 'received' && Object.keys(records).some((topic) => sources[topic] === undefined),
  },
  {
    rule: 'FT-FAIL-12',
    what: 'what a dispatcher cannot deliver waits on disk instead of being lost, and a start does not need it',
    concerns: ({ records = {} }) =>
      Object.values(records)
        .flat()
        .some((name) => name !== 'logger'),
  },
  {
    rule: 'FT-RL-2',
    what: 'rate_limit.message_interval_time counts; the reference ignores it, so that nothing is limited there',
    asReference: 'rateLimitInterval: ignored',
    concerns: ({ rate_limit: limit, fleetchart }) =>
      limit?.enabled === true && fleetchart?.rateLimitInterval !== 'ignored',
  },
  {
    rule: 'FT-WS-6',
    what: 'vehicles are pinged, and silent ones disconnected',
    asReference: 'idlePing: off',
    concerns: ({ fleetchart }) => fleetchart?.idlePing !== 'off',
  },
  {
    rule: 'FT-FB-5',
    what: 'messages of an unknown type are acknowledged once, not twice',
    asReference: 'doubleAckUnknownType: true',
    concerns: ({ fleetchart }) => fleetchart?.doubleAckUnknownType !== true,
  },
  {
    rule: 'FT-TX-6',
    what: 'with transmit_decoded_records, records without a protobuf message keep their bytes instead of becoming {}',
    concerns: ({ transmit_decoded_records: isOn }) => isOn === true,
  },
  {
    rule: 'FT-MQ-9',
    what: 'names of alerts and errors are percent-encoded in MQTT topics',
    concerns: (config) => uses(config, 'mqtt'),
  },
  {
    rule: 'FT-RED-6',
    what: 'one connection to each node of Redis: of redis.pool only read_timeout counts',
    concerns: (config) => uses(config, 'redis') && config.redis?.pool !== undefined,
  },
  {
    rule: 'spec 8.3',
    what: 'what one peer does over and over is logged once a minute, with how often',
    concerns: always,
  },
];

/** Those that concern this file. */
export function differencesOf(config: ServerConfig): ServerDifference[] {
  return CANDIDATES.filter(({ concerns }) => concerns(config)).map(({ concerns: _, ...difference }) => difference);
}
