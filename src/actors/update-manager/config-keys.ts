/** The keys of the reference's config.json with its defaults, flags and environment (spec 10), and ours. */

export type KeyKind = 'text' | 'flag' | 'duration' | 'count' | 'commands';

export interface ManagerKey {
  /** `connection.keepAlive` */
  readonly path: string;
  readonly kind: KeyKind;
  /** As it would stand in the file. */
  readonly default: string | boolean | number | readonly string[];
  /** Of a duration: what `""` means, where it means something. */
  readonly whenEmpty?: string;
  readonly flag?: string;
  readonly environment?: string;
  readonly choices?: readonly string[];
  readonly isSecret?: boolean;
  readonly description: string;
}

type Row = Omit<ManagerKey, 'path' | 'kind' | 'default'>;

const key = (path: string, kind: KeyKind, byDefault: ManagerKey['default'], row: Row): ManagerKey => {
  const environment = row.flag?.toUpperCase().replaceAll('-', '_');
  return { path, kind, default: byDefault, ...(environment === undefined ? {} : { environment }), ...row };
};

const connection = (
  name: string,
  flag: string,
  kind: KeyKind,
  byDefault: string,
  description: string,
  row: Partial<Row> = {},
) => key(`connection.${name}`, kind, byDefault, { flag: `mqtt-conn-${flag}`, description, ...row });

const choice = (path: string, choices: readonly string[], description: string): ManagerKey =>
  key(path, 'text', '', { choices, description });
const own = (path: string, description: string): ManagerKey => key(path, 'flag', false, { description });

export const MANAGER_KEYS: readonly ManagerKey[] = [
  key('domain', 'text', 'device', { flag: 'domain', description: 'Names the manager; its topics begin with it.' }),
  key('thingsEnabled', 'flag', true, {
    flag: 'things-enabled',
    description: 'Speak to the backend as a feature of a thing instead of by plain topics.',
  }),
  key('rebootEnabled', 'flag', true, {
    flag: 'reboot-enabled',
    description: 'Reboot after an update of a domain that requires it.',
  }),
  key('rebootAfter', 'duration', '30s', {
    flag: 'reboot-after',
    description: 'From the report of the current state to the reboot.',
  }),
  key('reportFeedbackInterval', 'duration', '1m', {
    whenEmpty: '0s',
    flag: 'report-feedback-interval',
    description: 'Least time between two RUNNING; 0: none is published.',
  }),
  key('currentStateDelay', 'duration', '30s', {
    whenEmpty: '0s',
    flag: 'current-state-delay',
    description: 'How long changes are gathered before they are reported.',
  }),
  key('phaseTimeout', 'duration', '10m', {
    whenEmpty: '10m',
    flag: 'phase-timeout',
    description: 'What the domains have for each phase of an update.',
  }),
  {
    path: 'ownerConsentCommands',
    kind: 'commands',
    default: [],
    flag: 'owner-consent-commands',
    description: 'Commands before which the owner is asked: DOWNLOAD, UPDATE, ACTIVATE.',
  },
  key('ownerConsentTimeout', 'duration', '30m', {
    flag: 'owner-consent-timeout',
    description: 'How long the owner may take to answer.',
  }),
  connection(
    'broker',
    'broker',
    'text',
    'tcp://localhost:1883',
    'URL of the MQTT broker. In a vehicle it is used where it is given; `mqtt.broker`, or else the embedded broker, stands in for the default.',
  ),
  connection('keepAlive', 'keep-alive', 'duration', '20s', 'MQTT keep-alive.'),
  connection(
    'disconnectTimeout',
    'disconnect-timeout',
    'duration',
    '250ms',
    'On stop: for publications under way, and for leaving the broker.',
  ),
  connection('username', 'username', 'text', '', 'Name at the broker.'),
  connection('password', 'password', 'text', '', 'Password at the broker.', { isSecret: true }),
  connection('connectTimeout', 'connect-timeout', 'duration', '30s', 'For the broker to accept the client.'),
  connection(
    'acknowledgeTimeout',
    'ack-timeout',
    'duration',
    '15s',
    'For the broker to acknowledge a publication; past it the link connects anew, and sends it again.',
  ),
  connection('subscribeTimeout', 'sub-timeout', 'duration', '15s', 'For the broker to confirm subscriptions.'),
  connection('unsubscribeTimeout', 'unsub-timeout', 'duration', '5s', 'Accepted; nothing is unsubscribed.'),
  connection('caCert', 'ca-cert', 'text', '', 'PEM file of the CA of the broker; a must with TLS.'),
  connection('cert', 'cert', 'text', '', 'PEM file of the certificate to show to the broker.'),
  connection('key', 'key', 'text', '', 'PEM file of its key.', { isSecret: false }),
  key('log.logFile', 'text', '', { flag: 'log-file', description: 'Where to log; empty: standard error.' }),
  key('log.logLevel', 'text', 'INFO', {
    flag: 'log-level',
    description: 'ERROR, WARN, INFO, DEBUG or TRACE; anything else is ERROR.',
  }),
  key('log.logFileSize', 'count', 2, { flag: 'log-file-size', description: 'Megabytes at which the file is rotated.' }),
  key('log.logFileCount', 'count', 5, { flag: 'log-file-count', description: 'Old files that are kept.' }),
  key('log.logFileMaxAge', 'count', 28, { flag: 'log-file-max-age', description: 'Days that they are kept.' }),
  choice(
    'onBusy',
    ['queue', 'reject', 'supersede'],
    'What becomes of a desired state that comes during an update: it waits (default), is refused, or ends the running one.',
  ),
  choice(
    'onStop',
    ['incomplete', 'suspend'],
    'What becomes of an update when the process stops: it ends INCOMPLETE, or goes on with the next process.',
  ),
  own('releaseAgents', 'Send ROLLBACK to agents that an update leaves in the middle.'),
  own('rejectFeedback', 'Answer a desired state that cannot be read with IDENTIFICATION_FAILED.'),
  own('reportUnknownDomains', 'Name domains without an agent in the message of IDENTIFIED.'),
];

/** Keys of each agent; flags and variables begin with its name. */
export const AGENT_KEYS: readonly ManagerKey[] = [
  {
    path: 'rebootRequired',
    kind: 'flag',
    default: false,
    flag: 'reboot-required',
    description: 'An update of this domain asks for a reboot.',
  },
  {
    path: 'readTimeout',
    kind: 'duration',
    default: '1m',
    flag: 'read-timeout',
    description: 'How long its answer about the current state is waited for.',
  },
  {
    path: 'rollbackAck',
    kind: 'flag',
    default: true,
    description: 'Whether the agent answers ROLLBACK; false for those that do not.',
  },
];
