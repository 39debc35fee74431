import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { curveKeyPair } from 'zeromq';
import { eventually, startIngestHub } from '../fakes/ingest-hub.js';
import { freePort } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { speed } from '../fakes/vehicle.js';
import { withoutPythonZmq, ZmqSubscriber } from '../fakes/zmq-subscriber.js';

describe('ingest with a ZeroMQ subscriber of Debian', { skip: withoutPythonZmq() }, () => {
  it('spec 5.4 FT-ACK-2 publishes over CURVE with the files of the reference, and acks what was passed on', async (t) => {
    const folder = temporaryFolder(t);
    const [server, client, stranger] = [curveKeyPair(), curveKeyPair(), curveKeyPair()];
    const serverKeyFile = join(folder, 'server.json');
    const allowedKeysFile = join(folder, 'allowed.json');
    writeFileSync(serverKeyFile, JSON.stringify({ secret: server.secretKey, public: server.publicKey }), {
      mode: 0o600,
    });
    writeFileSync(allowedKeysFile, JSON.stringify([client.publicKey]));
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const hub = await startIngestHub(t, {
      records: { V: ['zmq'] },
      reliable_ack_sources: { V: 'zmq' },
      namespace: 'tesla',
      zmq: {
        addr: address,
        server_key_json_path: serverKeyFile,
        allowed_public_keys_json_path: allowedKeysFile,
        verbose: true,
      },
      fleetchart: { zmq: { nobodyListens: 'wait' } },
    });
    const curveOf = ({ publicKey, secretKey }: typeof client) => ({
      server: server.publicKey,
      public: publicKey,
      secret: secretKey,
    });
    const outsider = await ZmqSubscriber.start(t, { address, curve: curveOf(stranger) });
    await hub.logged('zmq_client_denied', { client: stranger.publicKey });
    const car = await hub.vehicle('CAR');
    car.send({ txid: 'CAR-1', payload: speed('CAR', 1) });
    await car.roundTrip();
    assert.deepEqual(car.acked, [], 'nobody has it yet');

    const subscriber = await ZmqSubscriber.start(t, { address, curve: curveOf(client) });
    for (let number = 2; number <= 100; number++) car.send({ txid: `CAR-${number}`, payload: speed('CAR', number) });
    await car.until(() => car.acked.length === 100, 'all acks');
    await eventually(() => subscriber.messages.length === 100, 'all messages');
    assert.ok(subscriber.messages.every(({ topic }) => topic === 'tesla_V'));
    assert.ok(subscriber.messages.every(({ body }, index) => body.equals(Buffer.from(speed('CAR', index + 1)))));
    assert.deepEqual(outsider.messages, []);
    assert.equal(await hub.metric('reliable_ack', { record_type: 'V', dispatcher: 'zmq' }), 100);
    assert.equal(await hub.metric('zmq_publish_total', { record_type: 'V' }), 100);
    const bytes = subscriber.messages.reduce((sum, { topic, body }) => sum + topic.length + body.length, 0);
    assert.equal(await hub.metric('zmq_publish_total_bytes', { record_type: 'V' }), bytes);
    const line = await hub.logged('zmq_socket_event', { event_type: 'handshake' });
    assert.equal(line.level, 'debug');
    assert.ok(!JSON.stringify(hub.log).includes(server.secretKey));
  });

  it('spec 5.4 publishes after a restart what nobody was there for', async (t) => {
    const folder = temporaryFolder(t);
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const config = {
      records: { V: ['zmq'] },
      zmq: { addr: address },
      fleetchart: { zmq: { nobodyListens: 'wait', joinMs: 0 } },
    };
    const before = await startIngestHub(t, config, { folder });
    const car = await before.vehicle('CAR');
    for (let number = 1; number <= 30; number++) car.send({ txid: `CAR-${number}`, payload: speed('CAR', number) });
    await car.until(() => car.acked.length === 30, 'the acks of what is on disk');
    await before.stop(100);
    const subscriber = await ZmqSubscriber.start(t, { address });
    await startIngestHub(t, config, { folder });
    await eventually(() => subscriber.messages.length === 30, 'all messages');
    assert.ok(subscriber.messages.every(({ body }, index) => body.equals(Buffer.from(speed('CAR', index + 1)))));
  });
});
