import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveServerConfig } from '../../../src/protocols/fleet-telemetry/server-config.js';
import { mistakesOf, settingsOf, warningsOf } from './server-configs.js';

const described = (findings: ReturnType<typeof mistakesOf>) =>
  findings.map(({ pointer, message }) => `${pointer}: ${message}`);

describe('records', () => {
  it('spec 7.2 an empty list fails in the words of the reference', () => {
    assert.deepEqual(described(mistakesOf({ records: { 'a/b': [] } })), [
      '/records/a~1b: unknown_dispatch_rule record: a/b, dispatchRule:[]',
    ]);
  });

  it('spec 7.2 an unknown dispatcher is refused at start', () => {
    const [mistake] = mistakesOf({ records: { V: ['logger', 'kafak'] } });
    assert.equal(mistake?.code, 'CONFIG_VALUE');
    assert.equal(mistake?.pointer, '/records/V/1');
    assert.match(mistake?.message ?? '', /unknown dispatcher "kafak"/);
    assert.match(mistake?.hint ?? '', /logger, file, kafka, mqtt, redis, kinesis, pubsub, zmq, http/);
  });

  it('spec 7.2 a section that no record uses is not opened, with a note', () => {
    for (const name of ['kafka', 'kinesis', 'pubsub', 'zmq', 'redis', 'mqtt']) {
      assert.deepEqual(described(warningsOf({ [name]: {} })), [`/${name}: no record uses it: not opened`]);
    }
    assert.equal(settingsOf({ mqtt: { broker: 'b' } }).dispatchers.mqtt, undefined);
  });

  it('spec 7.2 the order of the file is kept and a name counts once', () => {
    const records = { V: ['mqtt', 'file', 'logger', 'file'] };
    assert.deepEqual(settingsOf({ records, mqtt: { broker: 'b' } }).records.get('V'), ['mqtt', 'file', 'logger']);
    assert.deepEqual(described(warningsOf({ records, mqtt: { broker: 'b' } })), ['/records/V/3: file is listed twice']);
  });

  it('notes a namespace that has no effect', () => {
    const [warning, ...others] = described(warningsOf({ namespace: 'tesla' }));
    assert.equal(
      warning,
      '/namespace: of the dispatchers only kafka, redis, kinesis, pubsub, zmq use it: other topics have no prefix',
    );
    const redis = { addrs: ['r:1'], publish_vin_topics: true };
    assert.deepEqual(warningsOf({ records: { V: ['redis'] }, redis, namespace: 'tesla' }), []);
    assert.deepEqual([others, described(warningsOf({ namespace: '' }))], [[], []]);
  });

  it('spec 7.2 no records at all is allowed and noted', () => {
    assert.deepEqual(described(warningsOf({ records: {} })), [
      '/records: no records are routed: whatever vehicles send is acknowledged and dropped',
    ]);
  });
});

describe('the mqtt section', () => {
  const records = { V: ['mqtt'] };

  it('spec 7.2 one that is used but missing fails in the words of the reference', () => {
    assert.deepEqual(described(mistakesOf({ records })), ['/mqtt: expected MQTT to be configured']);
    assert.deepEqual(described(mistakesOf({ records, mqtt: {} })), [
      '/mqtt/broker: missing; expected the address of the broker',
    ]);
  });

  it('spec 7.2 absent keys and 0 mean the defaults of the reference', () => {
    const defaults = {
      broker: 'b:1883',
      clientId: '',
      username: '',
      password: '',
      topicBase: '',
      qos: 0,
      retained: false,
      connectTimeoutMs: 30_000,
      publishTimeoutMs: 2_500,
      disconnectTimeoutMs: 250,
      connectRetryIntervalMs: 10_000,
      keepAliveS: 30,
      nullForInvalid: true,
    };
    assert.deepEqual(settingsOf({ records, mqtt: { broker: 'b:1883' } }).dispatchers.mqtt, defaults);
    const zeros = { broker: 'b:1883', connect_timeout_ms: 0, publish_timeout_ms: 0, keep_alive_seconds: 0 };
    assert.deepEqual(settingsOf({ records, mqtt: zeros }).dispatchers.mqtt, defaults);
  });

  it('spec 7.2 every key arrives; our own password stands over the one in the section', () => {
    const mqtt = {
      broker: 'b',
      client_id: 'c',
      username: 'u',
      password: 'p',
      topic_base: 't',
      qos: 2,
      retained: true,
      connect_timeout_ms: 1,
      publish_timeout_ms: 2,
      disconnect_timeout_ms: 3,
      connect_retry_interval_ms: 4,
      keep_alive_seconds: 5,
    };
    const settings = settingsOf({ records, mqtt, fleetchart: { mqttNullForInvalid: 'omit', mqttPassword: 'own' } });
    assert.deepEqual(settings.dispatchers.mqtt, {
      broker: 'b',
      clientId: 'c',
      username: 'u',
      password: 'own',
      topicBase: 't',
      qos: 2,
      retained: true,
      connectTimeoutMs: 1,
      publishTimeoutMs: 2,
      disconnectTimeoutMs: 3,
      connectRetryIntervalMs: 4,
      keepAliveS: 5,
      nullForInvalid: false,
    });
  });
});

describe('the log', () => {
  it('spec 7.2 levels of the reference, in any case', () => {
    const levels = ['panic', 'fatal', 'ERROR', 'warn', 'Warning', 'info', 'debug', 'trace'];
    assert.deepEqual(
      levels.map((log_level) => settingsOf({ log_level }).log.level),
      ['fatal', 'fatal', 'error', 'warn', 'warn', 'info', 'debug', 'trace'],
    );
    assert.equal(settingsOf({ json_log_enable: true }).log.format, 'json');
    assert.equal(settingsOf().log.format, 'logfmt');
  });

  it('spec 7.2 an invalid level stays at info, with a note', () => {
    assert.equal(settingsOf({ log_level: 'loud' }).log.level, 'info');
    assert.deepEqual(described(warningsOf({ log_level: 'loud' })), ['/log_level: invalid_level "loud": stays at info']);
  });

  it('spec 7.1 the environment switch is a boolean as Go reads it, or the start fails', () => {
    const suppress = (text: string) => settingsOf({}, { environment: { SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING: text } });
    assert.deepEqual(
      ['1', 't', 'TRUE', '0', 'False', ''].map((text) => suppress(text).log.suppressTlsHandshakeErrors),
      [true, true, true, false, false, false],
    );
    assert.throws(() => suppress('yes'), /SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING: expected true or false, got "yes"/);
  });
});

describe('the airbrake section', () => {
  const airbrake = (section: object, environment = {}) =>
    settingsOf({ airbrake: { project_id: 1, project_key: 'k', ...section } }, { environment }).errorReports.airbrake;

  it('8.4 its keys arrive; without a host it is the service itself', () => {
    const tls = { ca_file: 'a', server_cert: 'b', server_key: 'c' };
    assert.deepEqual(airbrake({ host: 'https://errbit.example/', environment: 'e', tls }), {
      host: 'https://errbit.example',
      projectId: 1,
      projectKey: 'k',
      keySource: 'config_file',
      environment: 'e',
      tls: { caFile: 'a', certFile: 'b', keyFile: 'c' },
    });
    assert.equal(airbrake({})?.host, 'https://api.airbrake.io');
    assert.equal(airbrake({ host: 'errbit.example:443' })?.host, 'https://errbit.example:443');
  });

  it('8.4 AIRBRAKE_PROJECT_KEY wins, even empty', () => {
    for (const key of ['env', '']) {
      const settings = airbrake({}, { AIRBRAKE_PROJECT_KEY: key });
      assert.deepEqual([settings?.projectKey, settings?.keySource], [key, 'environment_variable']);
    }
  });

  it('8.4 what notices would fail at is told', () => {
    const section = (more: object) => ({ airbrake: { project_id: 1, project_key: 'k', ...more } });
    assert.deepEqual(described(mistakesOf(section({ host: 'ftp://x' }))), [
      '/airbrake/host: expected an http or https URL',
    ]);
    assert.deepEqual(described(mistakesOf(section({ tls: { server_cert: 'a' } }))), [
      '/airbrake/tls/server_key: missing; server_cert is of no use without it',
    ]);
    assert.deepEqual(
      warningsOf({ airbrake: { host: 'http://errbit.example' } }).map(({ pointer }) => pointer),
      ['/airbrake/host', '/airbrake/project_key', '/airbrake/project_id'],
    );
    assert.deepEqual(warningsOf(section({ host: 'http://127.0.0.1:1' })), []);
  });
});

describe('old keys', () => {
  it('spec 7.4 old keys are noted', () => {
    const config = {
      reliable_ack: true,
      reliable_ack_workers: 15,
      monitoring: { statsd: { host: 'a:1', sample_rate: 5 } },
    };
    assert.deepEqual(
      warningsOf(config).map(({ pointer }) => pointer),
      ['/monitoring/statsd/sample_rate', '/reliable_ack', '/reliable_ack_workers'],
    );
  });
});

describe('our own switches', () => {
  it('spec 12 their defaults', () => {
    const settings = settingsOf();
    assert.equal(settings.ackWhen, 'spooled');
    assert.deepEqual(settings.spool, { atBound: 'keepUnacked', boundBytes: new Map([['logger', 1024 ** 3]]) });
    assert.equal(settings.doubleAckUnknownType, false);
    assert.equal(settings.strictSenderId, false);
    assert.equal(settings.signalCount, 'every');
    assert.deepEqual(settings.limits, {
      maxMessageBytes: 1_000_000,
      hardCloseBytes: 4 * 1024 * 1024,
      maxInFlightBytes: 32 * 1024 * 1024,
    });
    assert.equal(settings.idlePingMs, 30_000);
    assert.deepEqual(settings.trustedIssuers, {});
  });

  it('spec 12 their other values', () => {
    const trustedIssuers = {
      issuers: { 'My CA': 'vehicle_device' },
      oidIssuers: ['My OID CA'],
      oids: { '1.2.3': 'x' },
    };
    const settings = settingsOf({
      records: { V: ['file', 'logger'] },
      fleetchart: {
        ackWhen: 'received',
        spoolAtBound: 'dropOldest',
        spool: { boundBytes: 1000, dispatchers: { file: { boundBytes: 2000 } } },
        doubleAckUnknownType: true,
        strictSenderId: true,
        signalCount: 'reference',
        maxMessageBytes: 8_000_000,
        maxInFlightBytes: 1_000_000,
        hardCloseBytes: 'off',
        idlePing: 'off',
        trustedIssuers,
        file: { directory: 'out/records', format: 'protobuf', rotateSeconds: 60 },
      },
    });
    assert.equal(settings.ackWhen, 'received');
    assert.equal(settings.spool.atBound, 'dropOldest');
    assert.deepEqual(
      [...settings.spool.boundBytes],
      [
        ['file', 2000],
        ['logger', 1000],
      ],
    );
    assert.equal(settings.doubleAckUnknownType, true);
    assert.equal(settings.strictSenderId, true);
    assert.equal(settings.signalCount, 'reference');
    assert.deepEqual(settings.limits, {
      maxMessageBytes: 8_000_000,
      hardCloseBytes: undefined,
      maxInFlightBytes: 1_000_000,
    });
    assert.equal(settings.idlePingMs, undefined);
    assert.equal(settings.trustedIssuers, trustedIssuers);
    assert.deepEqual(settings.dispatchers.file, {
      directory: 'out/records',
      format: 'protobuf',
      rotateBytes: 64 * 1024 * 1024,
      rotateAgeMs: 60_000,
      keepFiles: 100,
    });
  });

  it('spec 12 the hard limit rises with the soft one, and stated below it is refused', () => {
    assert.equal(settingsOf({ fleetchart: { maxMessageBytes: 8_000_000 } }).limits.hardCloseBytes, 8_000_000);
    assert.deepEqual(
      mistakesOf({ fleetchart: { maxMessageBytes: 5000, hardCloseBytes: 4000 } }).map(({ pointer }) => pointer),
      ['/fleetchart/hardCloseBytes'],
    );
  });

  it('spec 12 files stay below the data directory', () => {
    for (const directory of ['/var/log', '../x', 'a/../../b', '.', 'C:\\x', '..\\x']) {
      assert.deepEqual(
        mistakesOf({ records: { V: ['file'] }, fleetchart: { file: { directory } } }).map(({ pointer }) => pointer),
        ['/fleetchart/file/directory'],
        directory,
      );
    }
  });
});

describe('all mistakes at once', () => {
  it('spec 7.1 nothing hides behind the first', () => {
    const result = resolveServerConfig({
      rate_limit: { enabled: true },
      records: { V: ['kafak'], alerts: [], errors: ['mqtt'] },
      reliable_ack_sources: { X: 'file', connectivity: 'file' },
      airbrake: { host: 'ftp://x' },
      fleetchart: { maxMessageBytes: 5000, hardCloseBytes: 4000 },
    });
    assert.ok(!result.ok);
    assert.deepEqual(result.mistakes.map(({ pointer }) => pointer).sort(), [
      '/airbrake/host',
      '/fleetchart/hardCloseBytes',
      '/mqtt',
      '/rate_limit/message_limit',
      '/records/V/0',
      '/records/alerts',
      '/reliable_ack_sources/X',
      '/reliable_ack_sources/connectivity',
      '/tls',
      '/tls/ca_file',
    ]);
  });
});
