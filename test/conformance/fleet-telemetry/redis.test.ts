import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { telemetryFormats } from '../../../src/actors/telemetry/record-formats.js';
import { encodeVehicleData } from '../../../src/protocols/fleet-telemetry/index.js';
import type { RedisSection } from '../../../src/protocols/fleet-telemetry/redis-settings.js';
import { mistakesOf, settingsOf, warningsOf } from '../../protocols/fleet-telemetry/server-configs.js';

const records = { V: ['redis'] };
const redis = { addrs: ['127.0.0.1:6379'], publish_vin_topics: true };
const settings = (section: RedisSection, environment?: Record<string, string>) =>
  settingsOf({ records, redis: { ...redis, ...section } }, environment ? { environment } : undefined).dispatchers.redis;
const said = (section?: RedisSection) =>
  mistakesOf({ records, ...(section ? { redis: section } : {}) }).map(
    ({ pointer, message }) => `${pointer}: ${message}`,
  );
const warned = (section: RedisSection) =>
  warningsOf({ records, redis: { ...redis, ...section } }).map(({ pointer, message }) => `${pointer}: ${message}`);

const record = {
  type: 'V',
  vehicle: '5YJ0000000000000A',
  at: 0,
  receivedAt: 0,
  metadata: {},
  payload: encodeVehicleData({ data: [], createdAtMs: 0, vin: '5YJ0000000000000A' }),
};

describe('FT-RED: what goes to Redis', () => {
  it('FT-RED-1 the channel has the namespace, the topic and the VIN in literal braces', () => {
    const { redis: form } = telemetryFormats(settingsOf({ records, redis, namespace: 'tesla' }));
    const message = form(record);
    assert.ok(message.ok);
    assert.equal(message.value.channel, 'tesla_V_{5YJ0000000000000A}');
    const plain = telemetryFormats(settingsOf({ records, redis })).redis(record);
    assert.equal(plain.ok && plain.value.channel, '_V_{5YJ0000000000000A}');
  });

  it('FT-RED-2 the key of its subscribers is prefix and channel', () => {
    const section = { ...redis, subscriber_set_prefix: 'wanted' };
    const message = telemetryFormats(settingsOf({ records, redis: section, namespace: 'tesla' })).redis(record);
    assert.equal(message.ok && message.value.subscribers, 'wanted_tesla_V_{5YJ0000000000000A}');
  });

  it('FT-RED-1 the body is the payload, or its JSON under transmit_decoded_records', () => {
    const bytes = telemetryFormats(settingsOf({ records, redis })).redis(record);
    assert.ok(bytes.ok && Buffer.from(bytes.value.body).equals(Buffer.from(record.payload)));
    const json = telemetryFormats(settingsOf({ records, redis, transmit_decoded_records: true })).redis(record);
    assert.ok(json.ok);
    assert.equal((JSON.parse(Buffer.from(json.value.body).toString()) as { vin: string }).vin, record.vehicle);
  });
});

describe('FT-RED: the redis section', () => {
  it('FT-RED-4 refuses what would publish nothing, in the words of the reference', () => {
    assert.deepEqual(said({ addrs: ['r:1'] }), [
      '/redis: redis requires publish_vin_topics or subscriber_set_prefix to be set, otherwise no records are published',
    ]);
    assert.deepEqual(said({ publish_vin_topics: true }), ['/redis/addrs: redis addrs cannot be empty']);
    assert.deepEqual(said({ addrs: [], subscriber_set_prefix: 'p' }), ['/redis/addrs: redis addrs cannot be empty']);
    assert.deepEqual(said(), ['/redis: expected Redis to be configured']);
  });

  it('FT-RED-4 refuses an address that is none, without showing it', () => {
    for (const address of ['redis', 'u:topsecret@h:1', 'h:0', 'h:70000', 'redis://h:1', '']) {
      assert.deepEqual(said({ ...redis, addrs: [address] }), ['/redis/addrs/0: expected host:port']);
    }
  });

  it('FT-RED-6 one address is a node, several or cluster_mode a cluster', () => {
    assert.equal(settings({})?.isCluster, false);
    assert.equal(settings({ cluster_mode: true })?.isCluster, true);
    const several = settings({ addrs: ['a:1', ':2', '[::1]:3'] });
    assert.equal(several?.isCluster, true);
    assert.deepEqual(several?.addresses, [
      { host: 'a', port: 1 },
      { host: '127.0.0.1', port: 2 },
      { host: '::1', port: 3 },
    ]);
    assert.deepEqual(warned({ cluster_mode: true, db: 3 }), ['/redis/db: a cluster has the database 0 only']);
    assert.equal(settings({ db: 3 })?.db, 3);
  });

  it('FT-RED-6 timeouts are nanoseconds; 0 and absent mean the default, too little is noted', () => {
    assert.equal(settings({})?.publishTimeoutMs, 5_000);
    assert.equal(settings({ publish_timeout: 0 })?.publishTimeoutMs, 5_000);
    assert.equal(settings({ publish_timeout: 2_500_000_000 })?.publishTimeoutMs, 2_500);
    assert.equal(settings({ publish_timeout: 5_000 })?.publishTimeoutMs, 1);
    assert.equal(settings({ publish_timeout: 2 ** 60 })?.publishTimeoutMs, 3_600_000);
    assert.deepEqual(warned({ publish_timeout: 5_000 }), [
      '/redis/publish_timeout: 5000 nanoseconds is less than any answer takes; 1 ms is taken',
    ]);
    assert.equal(settings({ pool: { read_timeout: 1_000_000_000 } })?.publishTimeoutMs, 1_000);
    assert.equal(settings({ pool: { read_timeout: -1 } })?.publishTimeoutMs, 5_000);
    assert.deepEqual(warned({ pool: { pool_size: 10 } }), [
      '/redis/pool/pool_size: without effect: one connection to each node carries everything here',
    ]);
  });

  it('FT-RED-4 spec 7.1 REDIS_PASSWORD beats the file unless it is empty; ours stands between', () => {
    const file = { username: 'u', password: 'file' };
    assert.deepEqual(
      [settings(file)?.password, settings(file)?.username, settings(file, { REDIS_PASSWORD: 'env' })?.password],
      ['file', 'u', 'env'],
    );
    assert.equal(settings(file, { REDIS_PASSWORD: '' })?.password, 'file');
    const own = settingsOf({ records, redis: { ...redis, ...file }, fleetchart: { redisPassword: 'own' } });
    assert.equal(own.dispatchers.redis?.password, 'own');
  });

  it('FT-RED-6 spec 7.2 the tls section turns TLS on; the switch expects the name of the first address', () => {
    assert.equal(settings({})?.tls, undefined);
    assert.deepEqual(settings({ tls: {} })?.tls, { caFile: '', certFile: '', keyFile: '', serverName: undefined });
    const tls = { ca_file: 'a', server_cert: 'c', server_key: 'k' };
    assert.deepEqual(settings({ addrs: ['h:1', 'i:1'], tls, override_tls_server_name: true })?.tls, {
      caFile: 'a',
      certFile: 'c',
      keyFile: 'k',
      serverName: 'h',
    });
    assert.deepEqual(said({ ...redis, tls: { server_cert: 'c' } }), [
      '/redis/tls/server_key: missing; server_cert is of no use without it',
    ]);
  });

  it('FT-RED-4 FT-ACK-5 may be a reliable source', () => {
    const sources = settingsOf({ records, redis, reliable_ack_sources: { V: 'redis' } }).reliableAckSources;
    assert.deepEqual([...sources], [['V', 'redis']]);
  });
});
