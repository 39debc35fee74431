import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import { ManualClock } from '../../../src/runtime/index.js';
import { HttpReceiver } from '../../fakes/http-receiver.js';
import {
  eventually,
  type IngestHub,
  type IngestHubOptions,
  type LogLine,
  obstructFiles,
  startIngestHub,
  VIN,
} from '../../fakes/ingest-hub.js';
import { RawClient } from '../../fakes/raw-client.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { Vehicle } from '../../fakes/vehicle.js';
import { builtOther } from '../../protocols/fleet-telemetry/built-frames.js';

const REFERENCE = { fleetchart: { logLines: 'reference' } };

const start = (t: TestContext, config: object = {}, options: IngestHubOptions = {}): Promise<IngestHub> =>
  startIngestHub(t, { ...REFERENCE, ...config }, options);

/** Those fields of a line that are named. */
const only = (line: LogLine, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, line[name]]));

const count = ({ log }: IngestHub, message: string): number => log.filter(({ msg }) => msg === message).length;

describe('8.3 the lines of the reference, under their names', () => {
  it('8.3 a start and a stop', async (t) => {
    const hub = await start(t);
    const { level, ca_file_path } = await hub.logged('custom_ca_file_appened');
    assert.equal(level, 'info');
    assert.match(String(ca_file_path), /ca\.crt$/);
    await hub.logged('starting_server');
    await hub.stop();
    await hub.logged('attempting_to_close', { dispatcher: 'file' });
    await hub.logged('stopped_server');
  });

  it('8.3 a connection: its request, who it is, and what came over it', async (t) => {
    const hub = await start(t);
    const headers = {
      'X-TXID': '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      'X-Network-Interface': 'lte',
      'User-Agent': 'car',
      'X-Forwarded-For': '192.0.2.1',
    };
    const car = await hub.vehicle(VIN, { headers, path: '/a?b=c' });
    await car.ask();
    const started = await hub.logged('request_start');
    const { uuid, remote_ip } = started;
    assert.deepEqual(only(started, ['level', 'method', 'urlPath']), { level: 'info', method: 'GET', urlPath: '/a' });
    assert.match(String(remote_ip), /^127\.0\.0\.1:\d+$/);
    const connected = await hub.logged('socket_connected');
    assert.deepEqual(
      only(connected, ['level', 'network_interface', 'txid', 'method', 'path', 'user_agent', 'X-Forwarded-For']),
      {
        level: 'info',
        network_interface: 'lte',
        txid: headers['X-TXID'],
        method: 'GET',
        path: '/a',
        user_agent: 'car',
        'X-Forwarded-For': '192.0.2.1',
      },
    );
    car.socket.close();
    const ended = await hub.logged('socket_disconnected');
    assert.equal(typeof ended['V'], 'string');
    assert.equal(ended['total'], ended['V']);
    assert.equal(typeof ended['duration_sec'], 'number');
    const done = await hub.logged('request_end', { uuid, urlPath: '/a', remote_ip });
    assert.equal(typeof done['duration_ms'], 'number');
    await hub.logged('writer_done', { level: 'debug' });
    await hub.logged('return_stop_chan', { level: 'debug' });
    const { socket_id, payload } = await hub.logged('dispatching_message', { level: 'debug' });
    assert.ok(socket_id);
    assert.equal(payload, undefined, 'where a vehicle is stands in no line');
    await hub.logged('message_respond', { level: 'debug', response_type: 'ack', device_id: VIN, record_type: 'V' });
  });

  it('8.3 other requests have a start and an end, one a minute of an address and answer', async (t) => {
    const hub = await start(t);
    for (let request = 0; request < 3; request++) {
      const client = await RawClient.open(await hub.access());
      client.write('GET /status HTTP/1.1\r\nHost: x\r\n\r\n');
      await client.readsAll();
    }
    await hub.logged('request_end', { urlPath: '/status' });
    assert.deepEqual([count(hub, 'request_start'), count(hub, 'request_end')], [1, 1]);
  });

  it('8.3 FT-AUTH-2 a foreign sender: unexpected_sender_id, then unexpected_record, once a minute with the count', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await start(t, {}, { clock });
    const car = await hub.vehicle();
    const foreign = { topic: 'other', senderId: 'vehicle_device.OTHER' };
    for (const txid of ['t1', 't2', 't3']) await car.ask({ ...foreign, txid });
    const fields = { level: 'error', txid: 't1', record_type: 'other' };
    const sender = await hub.logged('unexpected_sender_id', fields);
    const expected = `vehicle_device.${VIN}`;
    assert.deepEqual([sender['sender_id'], sender['expected_sender_id']], ['vehicle_device.OTHER', expected]);
    await hub.logged('unexpected_record', {
      ...fields,
      device_id: VIN,
      error: `message SenderID: vehicle_device.OTHER do not match vehicleID: ${expected}`,
    });
    await hub.logged('message_respond', { response_type: 'error', txid: 't1' });
    assert.equal(count(hub, 'unexpected_record'), 1);
    await clock.advance(61_000);
    await (await hub.vehicle()).ask({ ...foreign, txid: 't4' });
    await hub.logged('unexpected_record', { txid: 't4', repeated: 2 });
    assert.ok(hub.log.every(({ msg }) => msg !== 'input refused'));
  });

  it('8.3 messages too long and of an unknown type', async (t) => {
    const hub = await start(t);
    const car = await hub.vehicle();
    car.sendBytes(Buffer.alloc(1_000_001));
    car.sendBytes(builtOther(Buffer.from('T'), Buffer.from('V'), 5));
    await car.ask();
    await hub.logged('unexpected_record', {
      txid: '',
      record_type: '',
      error: "can't process message, size above 1mb",
    });
    await hub.logged('unknown_message_type_error', {
      level: 'error',
      msg_txid: 'T',
      txid: 'T',
      msg_type: '\u0005',
      record_type: '',
      error: 'Unknown message Type for T - 5',
    });
  });

  it('8.3 FT-RL-1 rate_limit_exceeded while messages are dropped, and with their number when it is over', async (t) => {
    const clock = new ManualClock(Date.now());
    const rate_limit = { enabled: true, message_limit: 1, message_interval_time: 10 };
    const hub = await start(t, { rate_limit }, { clock });
    const car = await hub.vehicle();
    await car.ask();
    for (let message = 0; message < 3; message++) car.send();
    await car.roundTrip();
    await hub.logged('rate_limit_exceeded', { level: 'error', messages_rate_limited: 1, duration_sec: 0 });
    assert.equal(count(hub, 'rate_limit_exceeded'), 1);
    await clock.advance(10_000);
    await car.ask({ txid: 'again' });
    await hub.logged('rate_limit_exceeded', { txid: 'again', messages_rate_limited: 3, duration_sec: 10 });
  });

  it('8.3 FT-WS-9 extract_sender_id_err in the words of the reference', async (t) => {
    const stranger = await createAuthority({ commonName: 'Some Issuing CA' });
    const hub = await start(t, {}, { files: { 'ca.crt': stranger.certificatePem } });
    const credentials = await issueDeviceCertificate(stranger, { commonName: 'STRANGER' });
    const { ca: serverCa, port } = await hub.access();
    const car = await Vehicle.open({ port, vin: 'STRANGER', credentials, serverCa });
    await car.closed;
    await hub.logged('extract_sender_id_err', {
      level: 'error',
      error: 'create_identity issuer: Some Issuing CA, common_name: STRANGER, err: unauthorized certificate',
    });
    assert.equal(count(hub, 'socket_connected'), 0);
  });

  it('8.3 FT-TLS-3 handshakes that fail are info lines, unless the environment suppresses them', async (t) => {
    const line = /^http: TLS handshake error from 127\.0\.0\.1:\d+: tls: client didn't provide a certificate$/;
    for (const [environment, told] of [
      [{}, 1],
      [{ SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING: 'true' }, 0],
    ] as const) {
      const hub = await start(t, {}, { environment });
      const client = await RawClient.open({ port: hub.port, ca: (await hub.access()).ca });
      await client.closed;
      assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'no_certificate' }), 1);
      const found = hub.log.filter(({ msg, level }) => line.test(msg) && level === 'info');
      assert.equal(found.length, told);
    }
  });

  it('8.3 a dispatcher that fails is a line NAME_err', async (t) => {
    const folder = temporaryFolder(t);
    const clear = obstructFiles(folder);
    const hub = await start(t, {}, { folder });
    await hub.logged('file_err', { level: 'error', dispatcher: 'file' });
    assert.equal(count(hub, 'dispatcher_failed'), 0);
    clear();
  });

  it('8.4 a dispatcher and an upgrade that fail are notices of Airbrake', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => ({ status: 201 });
    const folder = temporaryFolder(t);
    const clear = obstructFiles(folder);
    const airbrake = { host: `http://127.0.0.1:${receiver.port}`, project_id: 7, project_key: 'old', environment: 'e' };
    const environment = { AIRBRAKE_PROJECT_KEY: 'k3y' };
    const hub = await start(t, { airbrake }, { folder, environment });
    await hub.logged('airbrake_configured', { source: 'environment_variable' });
    const client = await RawClient.open(await hub.access());
    client.write('GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: curl\r\n\r\n');
    await client.readsAll();
    await eventually(() => receiver.taken.length >= 2, 'two notices');
    const notices = receiver.taken.map(({ body }) => JSON.parse(String(body)));
    const failed = notices.find(({ errors }) => errors[0].type === 'dispatcher');
    assert.deepEqual(failed.errors[0], { type: 'dispatcher', message: 'file_err', backtrace: [] });
    assert.deepEqual([failed.params.log_type, failed.params.dispatcher], ['error', 'file']);
    assert.ok(failed.params.error);
    const upgrade = notices.find(({ errors }) => errors[0].type === 'upgrade');
    assert.deepEqual([upgrade.context.httpMethod, upgrade.context.userAgent], ['GET', 'curl']);
    for (const { path, headers } of receiver.taken) {
      assert.deepEqual([path, headers.authorization], ['/api/v3/projects/7/notices', 'Bearer k3y']);
    }
    clear();
  });

  it('REF-2 a vehicle that connects over and over has ten connections a minute told, with their number in the next', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await start(t, {}, { clock });
    const connect = async () => {
      const car = await hub.vehicle();
      car.socket.terminate();
      await car.closed;
    };
    for (let connection = 0; connection < 12; connection++) await connect();
    assert.deepEqual([count(hub, 'request_start'), count(hub, 'socket_connected')], [10, 10]);
    await clock.advance(61_000);
    await connect();
    await hub.logged('socket_connected', { repeated: 2 });
  });
});
