import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainServer } from '../../../src/protocols/fleet-telemetry/server-explanation.js';
import type { ServerConfig } from '../../../src/protocols/fleet-telemetry/server-settings.js';

const explained = (config: ServerConfig, environment: Readonly<Record<string, string>> = {}) =>
  explainServer({ config, environment, mistakes: [], warnings: [] });

const places = (config: ServerConfig, environment?: Readonly<Record<string, string>>): string[] =>
  explained(config, environment).routes.flatMap(({ to }) => to.map(({ where }) => where));

describe('what a server configuration means', () => {
  it('spec 5 where records of a topic go, at each dispatcher', () => {
    const config: ServerConfig = {
      namespace: 'tesla',
      records: { V: ['logger', 'file', 'mqtt', 'redis', 'http', 'kafka', 'kinesis', 'pubsub', 'zmq'] },
      mqtt: { broker: 'mqtt://user:hunter2@h:1', topic_base: 't', qos: 1 },
      redis: { addrs: ['r:1'], publish_vin_topics: true, subscriber_set_prefix: 's' },
      fleetchart: { http: { url: 'https://user:hunter2@x/y' } },
    };
    assert.deepEqual(places(config), [
      'lines record_payload of the log',
      'files of jsonl in records below the data directory',
      't/VIN/v/FIELD at mqtt://h:1, QoS 1',
      'channel tesla_V_{VIN} and the channels in s_tesla_V_{VIN} at r:1',
      'posted to https://x/y',
      'topic tesla_V, key VIN',
      'stream tesla_V, partition key VIN',
      'topic tesla_V',
      'frame tesla_V',
    ]);
    const kinesis: ServerConfig = { records: { V: ['kinesis'] }, kinesis: { streams: { V: 'named' } } };
    assert.match(places(kinesis)[0] ?? '', /^stream named,/);
    assert.match(places(kinesis, { KINESIS_STREAM_V: 'other' })[0] ?? '', /^stream other,/);
    assert.deepEqual(places({ records: { V: ['constructor', 'mqtt'] } }), ['unknown', 'not configured']);
  });

  it('FT-ACK-1 FT-ACK-2 when they are acknowledged', () => {
    const records = { V: ['file'], alerts: ['file'] };
    const acks = (config: ServerConfig) => explained(config).routes.map(({ acknowledged }) => acknowledged);
    assert.deepEqual(acks({ records, reliable_ack_sources: { V: 'file' } }), [
      'when file has confirmed the record',
      'when the record is on disk',
    ]);
    assert.deepEqual(acks({ records, fleetchart: { ackWhen: 'received' } }), ['on receipt', 'on receipt']);
  });

  it('spec 7.2 which keys are used, ignored and refused, and why', () => {
    const { sections } = explainServer({
      config: { port: 4443, kafka: {}, monitoring: {}, rate_limit: { enabled: true, message_limit: 5 } },
      environment: {},
      mistakes: [{ pointer: '/monitoring', message: 'no' }],
      warnings: [{ code: 'CONFIG_IGNORED', pointer: '/kafka', message: 'no record uses it' }],
    });
    assert.deepEqual(sections, [
      { key: 'port', state: 'used', what: 'listens on port 4443' },
      { key: 'kafka', state: 'ignored', what: 'no record uses it' },
      { key: 'monitoring', state: 'refused', what: 'no' },
      { key: 'rate_limit', state: 'used', what: 'drops what a connection sends past 5 messages in 60 s' },
    ]);
  });

  it('spec 7.1 which variables stand over the file, without their values', () => {
    const config: ServerConfig = { records: { V: ['redis'], alerts: ['kinesis'] }, airbrake: {} };
    const { environment } = explained(config, { REDIS_PASSWORD: 'hunter2' });
    assert.deepEqual(
      environment.map(({ name, isSet }) => [name, isSet]),
      [
        ['SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING', false],
        ['REDIS_PASSWORD', true],
        ['AIRBRAKE_PROJECT_KEY', false],
        ['KINESIS_STREAM_ALERTS', false],
      ],
    );
    assert.ok(!JSON.stringify(environment).includes('hunter2'));
  });

  it('spec 12 what differs from the reference, as far as the file is concerned', () => {
    const rules = (config: ServerConfig) => explained(config).differences.map(({ rule }) => rule);
    const records = { V: ['logger'] };
    assert.deepEqual(rules({ records }), ['FT-TLS-4', 'FT-ACK-1', 'FT-WS-6', 'FT-FB-5', 'spec 8.3']);
    const fleetchart = { ackWhen: 'received', idlePing: 'off', doubleAckUnknownType: true } as const;
    assert.deepEqual(rules({ records, fleetchart }), ['FT-TLS-4', 'spec 8.3']);
  });
});
