import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { telemetryFormats } from '../../../src/actors/telemetry/record-formats.js';
import { checkServerConfig } from '../../../src/hub-config.js';
import { encodeVehicleData } from '../../../src/protocols/fleet-telemetry/index.js';
import type { ServerConfig } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import type { ZmqSection } from '../../../src/protocols/fleet-telemetry/zmq-settings.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { mistakesOf, settingsOf, warningsOf } from '../../protocols/fleet-telemetry/server-configs.js';

const records = { V: ['zmq'] };
const zmq = { addr: 'tcp://127.0.0.1:5284' };
const said = (section?: ZmqSection) =>
  mistakesOf({ records, ...(section ? { zmq: section } : {}) }).map(({ pointer, message }) => `${pointer}: ${message}`);
const warned = (config: ServerConfig) =>
  warningsOf({ records, zmq, ...config }).map(({ pointer, message }) => `${pointer}: ${message}`);

describe('spec 5.4: what goes to destinations with topics', () => {
  const payload = encodeVehicleData({ data: [], createdAtMs: 0, vin: '5YJ0000000000000A' });
  const record = { type: 'V', vehicle: '5YJ0000000000000A', at: 0, receivedAt: 0, metadata: {}, payload };

  it('spec 5.4 the topic is namespace, underscore, type; without a namespace it begins with the underscore', () => {
    const message = telemetryFormats(settingsOf({ records, zmq, namespace: 'tesla' })).topic(record);
    assert.ok(message.ok);
    assert.equal(message.value.topic, 'tesla_V');
    assert.equal(message.value.body, payload);
    const plain = telemetryFormats(settingsOf({ records, zmq })).topic(record);
    assert.equal(plain.ok && plain.value.topic, '_V');
  });

  it('spec 5.4 the body is the JSON of the record under transmit_decoded_records', () => {
    const json = telemetryFormats(settingsOf({ records, zmq, transmit_decoded_records: true })).topic(record);
    assert.ok(json.ok);
    assert.equal((JSON.parse(Buffer.from(json.value.body).toString()) as { vin: string }).vin, record.vehicle);
  });
});

describe('spec 5.4: the zmq section', () => {
  it('spec 7.2 has to be there, with an address that can be bound', () => {
    assert.deepEqual(said(), ['/zmq: expected ZMQ to be configured']);
    assert.deepEqual(said({}), ['/zmq/addr: missing; expected where to bind the socket']);
    for (const addr of [
      '5284',
      'tcp://*',
      'tcp://*:0',
      'tcp://*:70000',
      'udp://*:1',
      'inproc://x',
      'ipc://',
      'tcp://:1',
    ]) {
      assert.deepEqual(said({ addr }), ['/zmq/addr: expected tcp://INTERFACE:PORT or ipc://PATH'], addr);
    }
    for (const addr of [
      'tcp://*:5284',
      'tcp://eth0:1',
      'tcp://[::1]:65535',
      'tcp://127.0.0.1:*',
      'ipc:///run/z',
      'ipc://z',
    ]) {
      assert.deepEqual(said({ addr }), [], addr);
    }
  });

  it('spec 5.4 every key arrives, and ours have defaults', () => {
    const section = { ...zmq, server_key_json_path: 's', allowed_public_keys_json_path: 'a', verbose: true };
    assert.deepEqual(settingsOf({ records, zmq: section }).dispatchers.zmq, {
      address: zmq.addr,
      serverKeyFile: 's',
      allowedKeysFile: 'a',
      verbose: true,
      highWaterMark: 1_000,
      slowSubscriber: 'wait',
      nobodyListens: 'drop',
      joinMs: 1_000,
    });
    const own = { highWaterMark: 7, slowSubscriber: 'drop', nobodyListens: 'wait', joinMs: 0 } as const;
    const settings = settingsOf({ records, zmq, fleetchart: { zmq: own } }).dispatchers.zmq;
    assert.deepEqual(settings, { address: zmq.addr, serverKeyFile: '', allowedKeysFile: '', verbose: false, ...own });
  });

  it('spec 5.4 a file with the secret key that others can read is noted, as other files with secrets', (t) => {
    const folder = temporaryFolder(t);
    const mode = (bits: number): string[] => {
      const server_key_json_path = join(folder, `key-${bits}`);
      writeFileSync(server_key_json_path, '{}');
      chmodSync(server_key_json_path, bits);
      const file = join(folder, 'server_config.json');
      writeFileSync(file, JSON.stringify({ records, zmq: { ...zmq, server_key_json_path } }));
      const { warnings } = checkServerConfig({ file, environment: {}, sets: [], assignments: [] });
      return warnings.filter(({ code }) => code === 'CONFIG_SECRET_EXPOSED').map(({ pointer }) => pointer);
    };
    assert.deepEqual([mode(0o644), mode(0o600)], [['/zmq/server_key_json_path'], []]);
  });

  it('spec 5.4 a list of clients without a key of the server is refused: it would protect nothing', () => {
    assert.deepEqual(said({ ...zmq, allowed_public_keys_json_path: 'a' }), [
      '/zmq/allowed_public_keys_json_path: of no use without server_key_json_path: everybody could subscribe',
    ]);
  });

  it('spec 5.4 a key of the server without a list lets nobody in, as in the reference, with a warning', () => {
    assert.deepEqual(warned({ zmq: { ...zmq, server_key_json_path: 's' } }), [
      '/zmq/allowed_public_keys_json_path: no client is allowed: with server_key_json_path only those whose keys are listed get in',
    ]);
  });

  it('spec 5.4 warns of an address that others reach without CURVE', () => {
    for (const addr of ['tcp://*:5284', 'tcp://0.0.0.0:1', 'tcp://eth0:1']) {
      assert.deepEqual(warned({ zmq: { addr } }), [
        '/zmq/addr: whoever reaches this address can subscribe, and records go unencrypted',
      ]);
    }
    for (const addr of ['tcp://127.0.0.1:1', 'tcp://localhost:1', 'tcp://[::1]:1', 'ipc:///run/z']) {
      assert.deepEqual(warned({ zmq: { addr } }), []);
    }
  });

  it('FT-ACK-2 FT-ACK-5 may be a reliable source, as in the reference, with a warning', () => {
    const sources = settingsOf({ records, zmq, reliable_ack_sources: { V: 'zmq' } }).reliableAckSources;
    assert.deepEqual([...sources], [['V', 'zmq']]);
    assert.deepEqual(warned({ reliable_ack_sources: { V: 'zmq' } }), [
      '/reliable_ack_sources/V: zmq confirms what it passed to the subscribers that were there, if any: nobody knows what arrived',
    ]);
  });

  it('spec 7.2 is not opened where no record uses it', () => {
    const found = warningsOf({ zmq }).map(({ pointer, message }) => `${pointer}: ${message}`);
    assert.deepEqual(found, ['/zmq: no record uses it: not opened']);
  });
});
