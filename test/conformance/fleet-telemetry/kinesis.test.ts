import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServerConfig } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import { mistakesOf, settingsOf, warningsOf } from '../../protocols/fleet-telemetry/server-configs.js';

const records = { V: ['kinesis'], alerts: ['file', 'kinesis'], errors: ['file'] };
const settings = (config: ServerConfig, environment: Record<string, string> = {}) =>
  settingsOf({ records, kinesis: {}, ...config }, { environment }).dispatchers.kinesis;
const said = (config: ServerConfig, environment: Record<string, string> = {}) =>
  mistakesOf({ records, ...config }, { environment }).map(({ pointer, message }) => `${pointer}: ${message}`);

describe('spec 5.4: the kinesis section', () => {
  it('spec 7.2 has to be there, and may be empty', () => {
    assert.deepEqual(said({}), ['/kinesis: expected Kinesis to be configured']);
    assert.deepEqual(settings({ namespace: 'tesla' }), {
      streams: new Map([
        ['V', 'tesla_V'],
        ['alerts', 'tesla_alerts'],
      ]),
      endpoint: '',
      region: '',
      maxRetries: 1,
    });
  });

  it('spec 5.4 the stream is that of the environment, of the file, or namespace and topic, in this order', () => {
    const config = { namespace: 'tesla', kinesis: { streams: { V: 'file_V', errors: 'unused' } } };
    const streams = (environment?: Record<string, string>) => settings(config, environment)?.streams;
    assert.deepEqual(
      [...(streams() ?? [])],
      [
        ['V', 'file_V'],
        ['alerts', 'tesla_alerts'],
      ],
    );
    assert.deepEqual(
      [...(streams({ KINESIS_STREAM_V: 'env_V', KINESIS_STREAM_ALERTS: 'env_alerts' }) ?? [])],
      [
        ['V', 'env_V'],
        ['alerts', 'env_alerts'],
      ],
    );
    assert.equal(streams({ KINESIS_STREAM_V: '' })?.get('V'), 'file_V');
    assert.equal(settings({ kinesis: { streams: { V: '' } } })?.streams.get('V'), '_V');
  });

  it('spec 5.4 refuses what is no name of a stream', () => {
    assert.deepEqual(said({ kinesis: { streams: { V: 'a b' } } }), [
      '/kinesis/streams/V: "a b" is no name of a stream: 1 to 128 of a-z, A-Z, 0-9, _, . and -',
    ]);
    assert.deepEqual(said({ kinesis: {} }, { KINESIS_STREAM_ALERTS: 'ä' }), [
      ': environment KINESIS_STREAM_ALERTS: "ä" is no name of a stream: 1 to 128 of a-z, A-Z, 0-9, _, . and -',
    ]);
  });

  it('spec 5.4 override_host is a URL; without a scheme https is meant', () => {
    assert.equal(settings({ kinesis: { override_host: 'http://127.0.0.1:4567' } })?.endpoint, 'http://127.0.0.1:4567');
    assert.equal(settings({ kinesis: { override_host: 'k.example' } })?.endpoint, 'https://k.example');
    for (const override_host of ['ftp://x', 'http://', 'https://user:topsecret@x']) {
      assert.deepEqual(said({ kinesis: { override_host } }), ['/kinesis/override_host: expected an http or https URL']);
    }
    assert.deepEqual(
      warningsOf({ records, kinesis: { override_host: 'http://k.example' } }).map(({ message }) => message),
      ['records go unencrypted to another machine'],
    );
  });

  it('spec 7.2 max_retries is 1 unless it is given; the region may come from either variable', () => {
    assert.equal(settings({ kinesis: { max_retries: 0 } })?.maxRetries, 0);
    assert.equal(settings({}, { AWS_DEFAULT_REGION: 'a' })?.region, 'a');
    assert.equal(settings({}, { AWS_DEFAULT_REGION: 'a', AWS_REGION: 'b' })?.region, 'b');
  });

  it('FT-ACK-5 may be a reliable source', () => {
    const config = { records, kinesis: {}, reliable_ack_sources: { V: 'kinesis' } };
    assert.deepEqual([...settingsOf(config).reliableAckSources], [['V', 'kinesis']]);
  });

  it('spec 7.2 is not opened where no record uses it', () => {
    const found = warningsOf({ kinesis: {} }).map(({ pointer, message }) => `${pointer}: ${message}`);
    assert.deepEqual(found, ['/kinesis: no record uses it: not opened']);
  });
});
