import assert from 'node:assert/strict';
import { test } from 'node:test';
import { managerFlags, readManagerSettings } from '../../../src/actors/update-manager/index.js';
import type { SettingsSources } from '../../../src/actors/update-manager/settings.js';
import { formatGoDuration, parseGoDuration } from '../../../src/protocols/update-agent/index.js';

const read = (sources: Partial<SettingsSources> = {}) =>
  readManagerSettings({ environment: {}, flags: new Map(), version: '1', onStop: 'incomplete', ...sources });
const settings = (sources: Partial<SettingsSources> = {}) => {
  const result = read(sources);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};
const mistakes = (file: unknown) => {
  const result = read({ file });
  assert.ok(!result.ok);
  return result.mistakes.map(({ key, message }) => `${key}: ${message}`);
};

test('10.1 without a file everything has the defaults of the reference', () => {
  assert.deepEqual(settings(), {
    domain: 'device',
    version: '1',
    thingsEnabled: true,
    rebootEnabled: true,
    rebootAfterMs: 30_000,
    reportFeedbackIntervalMs: 60_000,
    currentStateDelayMs: 30_000,
    phaseTimeoutMs: 600_000,
    ownerConsentCommands: [],
    ownerConsentTimeoutMs: 1_800_000,
    agents: { containers: { rebootRequired: false, readTimeoutMs: 60_000, rollbackAck: true } },
    onBusy: 'queue',
    onStop: 'incomplete',
    releaseAgents: false,
    rejectFeedback: false,
    reportUnknownDomains: false,
    connection: {
      broker: 'tcp://localhost:1883',
      keepAliveMs: 20_000,
      disconnectTimeoutMs: 250,
      acknowledgeTimeoutMs: 15_000,
      username: '',
      password: '',
      connectTimeoutMs: 30_000,
      subscribeTimeoutMs: 15_000,
      caCert: '',
      cert: '',
      key: '',
    },
    log: { logFile: '', logLevel: 'INFO', logFileSize: 2, logFileCount: 5, logFileMaxAge: 28 },
  });
});

test("10.1 Leda's file is read, keys in any case", () => {
  const file = {
    log: { logFile: '', loglevel: 'debug' },
    connection: { broker: 'tcp://mosquitto:1883', keepAlive: '20s', username: 'u' },
    Domain: 'vehicle',
    thingsEnabled: false,
    agents: {
      'self-update': { rebootRequired: true, readTimeout: '30s' },
      containers: { name: 'ignored', rebootRequired: false, readTimeout: '30s', rollbackAck: false },
    },
  };
  const { domain, thingsEnabled, agents, log, connection } = settings({ file });
  assert.deepEqual([domain, thingsEnabled, log.logLevel, connection.username], ['vehicle', false, 'DEBUG', 'u']);
  assert.deepEqual(agents, {
    'self-update': { rebootRequired: true, readTimeoutMs: 30_000, rollbackAck: true },
    containers: { rebootRequired: false, readTimeoutMs: 30_000, rollbackAck: false },
  });
  const result = read({ file });
  assert.deepEqual(result.warnings, []);
});

test('10.1 a number where a duration is due is an error that names the key; all mistakes come at once', () => {
  assert.deepEqual(mistakes({ phaseTimeout: 600, connection: { keepAlive: 20 }, agents: { c: { readTimeout: 5 } } }), [
    'phaseTimeout: expected a duration such as "30s", got 600',
    'connection.keepAlive: expected a duration such as "30s", got 20',
    'agents.c.readTimeout: expected a duration such as "30s", got 5',
  ]);
  assert.deepEqual(mistakes({ domain: 7, thingsEnabled: 'yes', log: { logFileSize: 1.5 }, agents: [] }), [
    'domain: expected a string, got 7',
    'thingsEnabled: expected true or false, got "yes"',
    'log.logFileSize: expected an integer, got 1.5',
    'agents: expected an object, got []',
  ]);
  assert.deepEqual(mistakes([]), [': expected an object']);
});

test('10.1 a duration that is none, or negative, is the default, with a warning; empty means what the reference means', () => {
  const file = {
    rebootAfter: '-5s',
    ownerConsentTimeout: 'soon',
    reportFeedbackInterval: '',
    currentStateDelay: '',
    phaseTimeout: '',
  };
  const result = read({ file });
  assert.ok(result.ok);
  const { rebootAfterMs, ownerConsentTimeoutMs, reportFeedbackIntervalMs, currentStateDelayMs, phaseTimeoutMs } =
    result.value;
  assert.deepEqual(
    [rebootAfterMs, ownerConsentTimeoutMs, reportFeedbackIntervalMs, currentStateDelayMs, phaseTimeoutMs],
    [30_000, 1_800_000, 0, 0, 600_000],
  );
  assert.deepEqual(
    result.warnings.map(({ key }) => key),
    ['rebootAfter', 'ownerConsentTimeout'],
  );
  assert.equal(settings({ file: { phaseTimeout: '0s' } }).phaseTimeoutMs, 0);
});

test('10.1 unknown keys are warned of and ignored, unknown levels are ERROR, no agents are no agents', () => {
  const file = { domian: 'x', connection: { retries: 3 }, agents: {}, log: { logLevel: 'loud' } };
  const result = read({ file });
  assert.ok(result.ok);
  assert.deepEqual(
    result.warnings.map(({ key }) => key),
    ['domian', 'connection.retries', 'log.logLevel'],
  );
  assert.deepEqual(result.value.agents, {});
  assert.equal(result.value.log.logLevel, 'ERROR');
});

test('10.1 only the three commands can be asked for, and our choices are ours', () => {
  assert.deepEqual(mistakes({ ownerConsentCommands: ['download'], onBusy: 'wait', onStop: 'no' }), [
    'ownerConsentCommands: expected commands of DOWNLOAD, UPDATE, ACTIVATE, got "download"',
    'onBusy: expected one of queue, reject, supersede, got "wait"',
    'onStop: expected one of incomplete, suspend, got "no"',
  ]);
  const { onBusy, onStop, releaseAgents } = settings({
    file: { onBusy: 'supersede', onStop: 'suspend', releaseAgents: true },
  });
  assert.deepEqual([onBusy, onStop, releaseAgents], ['supersede', 'suspend', true]);
  assert.equal(settings({ onStop: 'suspend' }).onStop, 'suspend');
});

test('10.2 a flag goes over the environment, that over the file, that over the default', () => {
  const file = { domain: 'file', rebootAfter: '1s', agents: { 'self-update': {} } };
  const environment = { DOMAIN: 'env', REBOOT_AFTER: '2s', MQTT_CONN_KEEP_ALIVE: '3s', SELF_UPDATE_READ_TIMEOUT: '4s' };
  const flags = new Map([
    ['domain', 'flag'],
    ['owner-consent-commands', 'download, Update'],
    ['self-update-reboot-required', 'T'],
  ]);
  const value = settings({ file, environment, flags });
  assert.equal(value.domain, 'flag');
  assert.equal(value.rebootAfterMs, 2_000);
  assert.equal(value.connection.keepAliveMs, 3_000);
  assert.deepEqual(value.ownerConsentCommands, ['DOWNLOAD', 'UPDATE']);
  assert.deepEqual(value.agents['self-update'], { rebootRequired: true, readTimeoutMs: 4_000, rollbackAck: true });
});

test('10.2 domains leaves out agents that it does not name, and adds those that the file does not', () => {
  const file = { agents: { a: { readTimeout: '1s' }, b: {} } };
  const { agents } = settings({ file, flags: new Map([['domains', 'a, c']]) });
  assert.deepEqual(
    Object.entries(agents).map(([name, { readTimeoutMs }]) => [name, readTimeoutMs]),
    [
      ['a', 1_000],
      ['c', 60_000],
    ],
  );
});

test('10.2 a variable that cannot be read is passed over', () => {
  const environment = { THINGS_ENABLED: 'perhaps', LOG_FILE_COUNT: 'many', LOG_FILE_SIZE: '7' };
  const result = read({ environment });
  assert.ok(result.ok);
  assert.deepEqual(
    [result.value.thingsEnabled, result.value.log.logFileCount, result.value.log.logFileSize],
    [true, 5, 7],
  );
  assert.deepEqual(result.warnings.map(({ key }) => key).sort(), ['LOG_FILE_COUNT', 'THINGS_ENABLED']);
});

test('10.2 the flags are those of the reference', () => {
  const names = managerFlags(['self-update']).map(({ name }) => name);
  const expected = [
    ...['config-file', 'version', 'domains', 'domain', 'things-enabled', 'reboot-enabled', 'reboot-after'],
    ...['report-feedback-interval', 'current-state-delay', 'phase-timeout', 'owner-consent-commands'],
    ...['owner-consent-timeout', 'mqtt-conn-broker', 'mqtt-conn-keep-alive', 'mqtt-conn-disconnect-timeout'],
    ...['mqtt-conn-username', 'mqtt-conn-password', 'mqtt-conn-connect-timeout', 'mqtt-conn-ack-timeout'],
    ...['mqtt-conn-sub-timeout', 'mqtt-conn-unsub-timeout', 'mqtt-conn-ca-cert', 'mqtt-conn-cert', 'mqtt-conn-key'],
    ...['log-file', 'log-level', 'log-file-size', 'log-file-count', 'log-file-max-age'],
    ...['self-update-reboot-required', 'self-update-read-timeout'],
  ];
  assert.deepEqual(names.toSorted(), expected.toSorted());
});

test('UM-TOP-2 a configuration whose domains would share a prefix is refused', () => {
  assert.deepEqual(mistakes({ domain: 'vehicle', agents: { 'self-update': {}, self: {} } }), [
    'agents: domains self-update and self share topic prefix selfupdate',
  ]);
});

test('UM-CON-7 a secure broker needs the certificate of its authority; certificate and key go together', () => {
  for (const scheme of ['wss', 'ssl', 'tls', 'mqtts', 'mqtt+ssl', 'tcps']) {
    assert.deepEqual(mistakes({ connection: { broker: `${scheme}://localhost:8883` } }), [
      'connection.caCert: connection is secure, but no TLS configuration is provided',
    ]);
  }
  assert.deepEqual(mistakes({ connection: { broker: 'no url', cert: 'x' } }), [
    'connection.broker: expected a URL, got "no url"',
    'connection.cert: failed to load X509 key pair: cert and key go together',
  ]);
});

test('UM-ORC-9 durations are read and printed as Go does', () => {
  const texts = [
    '10m0s',
    '1h0m0s',
    '1.5s',
    '700ms',
    '1s',
    '2m0s',
    '1.5ms',
    '15µs',
    '7ns',
    '0s',
    '1h2m3.004s',
    '100h0m0.5s',
  ];
  for (const text of texts) assert.equal(formatGoDuration(parseGoDuration(text) ?? -1), text);
  assert.equal(parseGoDuration('1h30m'), 5_400_000);
  assert.equal(parseGoDuration('.5s'), 500);
  assert.equal(parseGoDuration('1.s'), 1_000);
  assert.equal(parseGoDuration('-1s'), -1_000);
  assert.equal(parseGoDuration('+0'), 0);
  for (const text of ['', '5', 's', '1 s', '1d', '1s2', '.s', '--1s', '1e3s', '3000000h', '９s']) {
    assert.equal(parseGoDuration(text), undefined, text);
  }
});
