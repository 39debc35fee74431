import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveServerConfig } from '../../../src/protocols/fleet-telemetry/server-config.js';
import { mistakesOf, plainConfig, settingsOf, warningsOf } from '../../protocols/fleet-telemetry/server-configs.js';

test('FT-TLS-1 without a port the system chooses one, without a host it is all interfaces', () => {
  assert.deepEqual(settingsOf().listen, { host: '', port: 0 });
  assert.deepEqual(settingsOf({ host: '10.0.0.1', port: 443 }).listen, { host: '10.0.0.1', port: 443 });
});

test('FT-TLS-2 without tls the start fails in the words of the reference', () => {
  const result = resolveServerConfig({ records: { V: ['logger'] }, fleetchart: { deviceCa: 'ca.crt' } });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.mistakes.map(({ message }) => message),
    ['tls config is empty - telemetry server is mTLS only, make sure to provide certificates in the config'],
  );
});

test('FT-TLS-2 certificate and key are both needed', () => {
  const pointers = mistakesOf({ tls: { ca_file: 'ca.crt' } }).map(({ pointer }) => pointer);
  assert.deepEqual(pointers, ['/tls/server_cert', '/tls/server_key']);
});

test('FT-TLS-4 the device CA is tls.ca_file, or fleetchart.deviceCa, or both', () => {
  const tls = { server_cert: 'a', server_key: 'b' };
  assert.deepEqual(settingsOf({ tls: { ...tls, ca_file: 'c' } }).tls.clientCaFiles, ['c']);
  assert.deepEqual(settingsOf({ tls, fleetchart: { deviceCa: 'd' } }).tls.clientCaFiles, ['d']);
  assert.deepEqual(settingsOf({ tls: { ...tls, ca_file: 'c' }, fleetchart: { deviceCa: 'd' } }).tls.clientCaFiles, [
    'c',
    'd',
  ]);
});

test('FT-TLS-4 without any device CA the refusal says what to do, for no bundle is shipped', () => {
  const [mistake, ...others] = mistakesOf({ tls: { server_cert: 'a', server_key: 'b' }, use_default_eng_ca: true });
  assert.deepEqual(others, []);
  assert.equal(mistake?.code, 'CONFIG_MISSING');
  for (const way of ['tls.ca_file', 'fleetchart.deviceCa', '--device-ca']) assert.ok(mistake?.hint?.includes(way), way);
  assert.deepEqual(
    warningsOf({ use_default_eng_ca: true }).map(({ pointer }) => pointer),
    ['/use_default_eng_ca'],
  );
});

test('FT-ACK-5 each refusal is in the words of the reference', () => {
  const records = { V: ['file', 'logger', 'mqtt'], alerts: ['logger'], errors: ['file'], connectivity: ['file'] };
  const refusal = (topic: string, dispatcher: string) =>
    mistakesOf({ records, mqtt: { broker: 'b', qos: 1 }, reliable_ack_sources: { [topic]: dispatcher } }).map(
      ({ message }) => message,
    );
  assert.deepEqual(refusal('connectivity', 'file'), ['reliable ack not needed for txType: connectivity']);
  assert.deepEqual(refusal('V', 'logger'), ['logger cannot be configured as reliable ack for record: V']);
  assert.deepEqual(refusal('X', 'file'), [
    'file cannot be configured as reliable ack for record: X since no record mapping exists',
  ]);
  assert.deepEqual(refusal('V', 'kafka'), [
    'kafka cannot be configured as reliable ack for record: V. Valid datastores configured [file mqtt]',
  ]);
  assert.deepEqual(refusal('alerts', 'mqtt'), [
    'mqtt cannot be configured as reliable ack for record: alerts. Valid datastores configured []',
  ]);
  assert.deepEqual(refusal('V', 'mqtt'), []);
  assert.deepEqual(refusal('errors', 'file'), []);
});

test('FT-ACK-8 the old boolean reliable_ack is accepted, without effect but with a note', () => {
  for (const reliable_ack of [true, false]) {
    assert.equal(settingsOf({ reliable_ack }).reliableAckSources.size, 0);
    assert.deepEqual(
      warningsOf({ reliable_ack }).map(({ code, pointer }) => [code, pointer]),
      [['CONFIG_IGNORED', '/reliable_ack']],
    );
  }
});

test('FT-RL-2 message_interval_time counts, in seconds, 60 when absent', () => {
  const interval = (section: object, own = {}) =>
    settingsOf({ rate_limit: { enabled: true, message_limit: 5, ...section }, fleetchart: own }).rateLimit;
  assert.deepEqual(interval({ message_interval_time: 30 }), { limit: 5, intervalMs: 30_000 });
  assert.deepEqual(interval({}), { limit: 5, intervalMs: 60_000 });
  assert.deepEqual(interval({ message_interval_time: 30 }, { rateLimitInterval: 'ignored' }), {
    limit: 5,
    intervalMs: 0,
  });
});

test('FT-RL-2 the undocumented MessageIntervalTimeSecond is nanoseconds and wins, as in the reference', () => {
  const rate_limit = { enabled: true, message_limit: 5, message_interval_time: 30, MessageIntervalTimeSecond: 2e9 };
  assert.deepEqual(settingsOf({ rate_limit }).rateLimit, { limit: 5, intervalMs: 2000 });
  const ignored = settingsOf({ rate_limit, fleetchart: { rateLimitInterval: 'ignored' } });
  assert.equal(ignored.rateLimit?.intervalMs, 2000);
  assert.equal(warningsOf({ rate_limit })[0]?.pointer, '/rate_limit/MessageIntervalTimeSecond');
});

test('FT-RL-3 a limit of nothing is refused', () => {
  for (const message_limit of [undefined, 0]) {
    const rate_limit = { enabled: true, ...(message_limit === undefined ? {} : { message_limit }) };
    assert.deepEqual(
      mistakesOf({ rate_limit }).map(({ pointer }) => pointer),
      ['/rate_limit/message_limit'],
    );
  }
});

test('FT-RL-4 without an enabled limit none is enforced', () => {
  assert.equal(settingsOf().rateLimit, undefined);
  assert.equal(settingsOf({ rate_limit: { message_limit: 0 } }).rateLimit, undefined);
});

test('FT-MQ-11 mqtt is a reliable source only with a confirmation: qos 1 or 2', () => {
  const config = (qos: number) => ({
    records: { V: ['mqtt'] },
    reliable_ack_sources: { V: 'mqtt' },
    mqtt: { broker: 'b', qos },
  });
  assert.deepEqual(
    mistakesOf(config(0)).map(({ pointer }) => pointer),
    ['/mqtt/qos'],
  );
  assert.equal(settingsOf(config(1)).reliableAckSources.get('V'), 'mqtt');
  assert.deepEqual(mistakesOf({ ...config(0), reliable_ack_sources: {} }), []);
});

test('FT-TX-6 decoded records and the other plain keys arrive as they are', () => {
  const settings = settingsOf({ transmit_decoded_records: true, namespace: 'tesla', logger: { verbose: true } });
  assert.equal(settings.transmitDecodedRecords, true);
  assert.equal(settings.namespace, 'tesla');
  assert.deepEqual(settings.dispatchers, { logger: { verbose: true } });
});

test('FT-AUTH-3 topics are looked up in a map, in which constructor is no topic', () => {
  const { records } = settingsOf({ records: { ...plainConfig.records, 'a/b': ['file'] } });
  assert.deepEqual([...records.keys()], ['V', 'a/b']);
  assert.equal(records.get('constructor'), undefined);
});
